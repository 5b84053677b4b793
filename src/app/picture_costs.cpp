#include "app/picture_costs.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "app/noisy_pattern.hpp"
#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "encode/jpeg_transformer.hpp"
#include "encode/raw_encoder.hpp"
#include "jpeg/frame_scanner.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

constexpr int source_pictures = 2;
constexpr std::size_t samples_min = 3;

using Jpegs = std::vector<std::vector<std::byte>>;

Jpegs some_jpegs(config::PictureSize size) {
    Jpegs jpegs;
    encode::RawEncoder encoder;
    for (const OwnedPicture& made :
         noisy_pattern(size, encode::PixelFormat::yuv420, source_pictures)) {
        std::vector<std::byte> jpeg(std::size_t{size.width} * size.height * 2);
        const auto bytes = encoder.encode(made.picture, {}, jpeg);
        RINGCAST_ASSERT(bytes.has_value());
        jpeg.resize(*bytes);
        jpegs.push_back(std::move(jpeg));
    }
    return jpegs;
}

Duration median_time(const Jpegs& jpegs, const encode::PictureTransform& transform,
                     Duration duration) {
    encode::JpegTransformer transformer(jpeg::PictureLimit::pixels_max);
    std::vector<std::byte> into(2 * jpegs.front().size());
    const auto make = [&](std::size_t index) {
        const auto made = transformer.transform(jpegs[index % jpegs.size()], transform, into);
        RINGCAST_ASSERT(made.has_value());
    };
    make(0);
    std::vector<Duration> times;
    const Instant end = os::monotonic_now() + duration;
    for (Instant before = os::monotonic_now(); before < end || times.size() < samples_min;) {
        make(times.size());
        const Instant after = os::monotonic_now();
        times.push_back(after - before);
        before = after;
    }
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
}

} // namespace

PictureCosts measure_picture_costs(Duration duration) {
    PictureCosts costs; // of the default size
    const Jpegs jpegs = some_jpegs(costs.size);
    for (const auto& jpeg : jpegs) {
        costs.jpeg_bytes += jpeg.size() / jpegs.size();
    }
    encode::PictureTransform transform;
    transform.quality = encode::default_quality;
    transform.target = encode::TargetSize::half();
    costs.half = median_time(jpegs, transform, duration);
    transform.target = encode::TargetSize::quarter();
    costs.quarter = median_time(jpegs, transform, duration);
    transform = {};
    transform.rotate = Rotation::by_90;
    costs.turned = median_time(jpegs, transform, duration);
    return costs;
}

} // namespace ringcast::app
