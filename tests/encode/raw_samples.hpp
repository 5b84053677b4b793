#pragma once
// Raw pictures of a synthetic scene whose exact colours are known, and the planes of a JPEG as
// decoded by libjpeg-turbo.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <turbojpeg.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::test {

/// Memory followed by an inaccessible page, so that an access beyond its end crashes the test.
class GuardedBytes {
public:
    explicit GuardedBytes(std::size_t bytes) : bytes_(bytes) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        mapped_ = (bytes + page - 1) / page * page + page;
        void* const memory =
            mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        RINGCAST_ASSERT(memory != MAP_FAILED);
        memory_ = static_cast<std::byte*>(memory);
        RINGCAST_ASSERT(mprotect(memory_ + (mapped_ - page), page, PROT_NONE) == 0);
        begin_ = memory_ + (mapped_ - page - bytes);
    }
    GuardedBytes(GuardedBytes&& other) noexcept
        : memory_(std::exchange(other.memory_, nullptr)), mapped_(other.mapped_),
          begin_(other.begin_), bytes_(other.bytes_) {}
    GuardedBytes& operator=(GuardedBytes&&) = delete;
    GuardedBytes(const GuardedBytes&) = delete;
    GuardedBytes& operator=(const GuardedBytes&) = delete;
    ~GuardedBytes() {
        if (memory_ != nullptr) {
            munmap(memory_, mapped_);
        }
    }
    [[nodiscard]] ByteSpan span() const { return {begin_, bytes_}; }

private:
    std::byte* memory_ = nullptr;
    std::size_t mapped_ = 0;
    std::byte* begin_ = nullptr;
    std::size_t bytes_ = 0;
};

struct Pixel {
    double red = 0;
    double green = 0;
    double blue = 0;
};

/// A smooth scene with a gradient in every direction; each value is from 28 to 228.
[[nodiscard]] inline Pixel scene(int x, int y) {
    return {128 + 100 * std::sin(0.09 * x + 0.04 * y),
            128 + 100 * std::sin(0.06 * y - 0.03 * x + 1),
            128 + 100 * std::cos(0.05 * x + 0.07 * y)};
}

/// Y, Cb, Cr of a pixel.
[[nodiscard]] inline std::array<double, 3> yuv_of(const Pixel& pixel, encode::ColourRange range,
                                                  encode::ColourMatrix matrix) {
    const double of_red = matrix == encode::ColourMatrix::bt601 ? 0.299 : 0.2126;
    const double of_blue = matrix == encode::ColourMatrix::bt601 ? 0.114 : 0.0722;
    const double luma =
        of_red * pixel.red + (1 - of_red - of_blue) * pixel.green + of_blue * pixel.blue;
    const double blue = (pixel.blue - luma) / (2 * (1 - of_blue));
    const double red = (pixel.red - luma) / (2 * (1 - of_red));
    if (range == encode::ColourRange::full) {
        return {luma, 128 + blue, 128 + red};
    }
    return {16 + luma * 219 / 255, 128 + blue * 224 / 255, 128 + red * 224 / 255};
}

/// One component's samples, packed.
struct Samples {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> values;

    [[nodiscard]] std::uint8_t at(int x, int y) const {
        return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                      static_cast<std::size_t>(x)];
    }
};

/// The scene's component (0 to 2), averaged over the pixels that a sample covers.
[[nodiscard]] inline Samples scene_samples(int width, int height, std::size_t component,
                                           const encode::ComponentLayout& layout,
                                           encode::ColourRange range, encode::ColourMatrix matrix) {
    Samples samples{encode::sample_count(width, layout.column_shift),
                    encode::sample_count(height, layout.line_shift),
                    {}};
    for (int y = 0; y < samples.height; ++y) {
        for (int x = 0; x < samples.width; ++x) {
            double sum = 0;
            int count = 0;
            for (int line = y << layout.line_shift;
                 line < std::min((y + 1) << layout.line_shift, height); ++line) {
                for (int column = x << layout.column_shift;
                     column < std::min((x + 1) << layout.column_shift, width); ++column) {
                    sum += yuv_of(scene(column, line), range, matrix)[component];
                    ++count;
                }
            }
            samples.values.push_back(
                static_cast<std::uint8_t>(std::clamp(std::lround(sum / count), 0L, 255L)));
        }
    }
    return samples;
}

/// A picture with its memory. An inaccessible page follows the last line of every plane.
struct OwnedPicture {
    encode::RawPicture picture;
    std::vector<GuardedBytes> memory;
};

struct PictureKind {
    encode::PixelFormat format = encode::PixelFormat::yuv420;
    int width = 0;
    int height = 0;
    std::size_t stride_extra = 0; ///< unused bytes behind each line
    encode::ColourRange range = encode::ColourRange::full;
    encode::ColourMatrix matrix = encode::ColourMatrix::bt601;
};

inline void write_pixels(const PictureKind& kind, ByteSpan plane, std::size_t stride) {
    const std::size_t pixel_bytes = encode::layout_of(kind.format).planes[0].group_bytes;
    const bool red_first =
        kind.format == encode::PixelFormat::rgb || kind.format == encode::PixelFormat::rgbx;
    for (int y = 0; y < kind.height; ++y) {
        for (int x = 0; x < kind.width; ++x) {
            const Pixel pixel = scene(x, y);
            const std::array<double, 3> values = {red_first ? pixel.red : pixel.blue, pixel.green,
                                                  red_first ? pixel.blue : pixel.red};
            for (std::size_t i = 0; i < values.size(); ++i) {
                plane[static_cast<std::size_t>(y) * stride +
                      static_cast<std::size_t>(x) * pixel_bytes + i] =
                    static_cast<std::byte>(std::lround(values[i]));
            }
        }
    }
}

[[nodiscard]] inline OwnedPicture make_picture(const PictureKind& kind) {
    OwnedPicture made;
    made.picture = {kind.format, kind.width, kind.height, kind.range, kind.matrix, {}};
    const encode::PixelLayout& layout = encode::layout_of(kind.format);
    for (std::size_t i = 0; i < layout.plane_count; ++i) {
        const encode::PlaneLayout& plane = layout.planes[i];
        const auto line_bytes =
            static_cast<std::size_t>(plane.group_bytes) *
            static_cast<std::size_t>(encode::sample_count(kind.width, plane.column_shift));
        const std::size_t stride = line_bytes + kind.stride_extra;
        const auto lines =
            static_cast<std::size_t>(encode::sample_count(kind.height, plane.line_shift));
        made.memory.emplace_back((lines - 1) * stride + line_bytes);
        // Bytes without a sample differ from the scene as much as possible.
        std::ranges::fill(made.memory.back().span(), std::byte{0xFF});
        made.picture.planes[i] = {made.memory.back().span(), stride};
    }
    if (layout.component_count == 0) {
        write_pixels(kind, made.memory[0].span(), made.picture.planes[0].stride);
        return made;
    }
    for (std::size_t i = 0; i < layout.component_count; ++i) {
        const encode::ComponentLayout& component = layout.components[i];
        const Samples samples =
            scene_samples(kind.width, kind.height, i, component, kind.range, kind.matrix);
        const ByteSpan plane = made.memory[component.plane].span();
        const std::size_t stride = made.picture.planes[component.plane].stride;
        for (int y = 0; y < samples.height; ++y) {
            for (int x = 0; x < samples.width; ++x) {
                plane[static_cast<std::size_t>(y) * stride + component.offset +
                      static_cast<std::size_t>(x) * component.step] = std::byte{samples.at(x, y)};
            }
        }
    }
    return made;
}

/// The planes of a JPEG at their resolution in it; none when libjpeg-turbo reports an error or a
/// warning.
[[nodiscard]] inline std::optional<std::vector<Samples>> decode_planes(ConstByteSpan jpeg) {
    const tjhandle decoder = tjInitDecompress();
    const auto* data = reinterpret_cast<const unsigned char*>(jpeg.data());
    int width = 0;
    int height = 0;
    int subsampling = 0;
    int colours = 0;
    std::optional<std::vector<Samples>> planes;
    if (tjDecompressHeader3(decoder, data, jpeg.size(), &width, &height, &subsampling, &colours) ==
        0) {
        planes.emplace();
        std::array<unsigned char*, 3> pointers{};
        std::array<int, 3> strides{};
        std::vector<std::vector<std::uint8_t>> padded(subsampling == TJSAMP_GRAY ? 1 : 3);
        for (std::size_t i = 0; i < padded.size(); ++i) {
            const int index = static_cast<int>(i);
            strides[i] = tjPlaneWidth(index, width, subsampling);
            padded[i].resize(static_cast<std::size_t>(strides[i]) *
                             static_cast<std::size_t>(tjPlaneHeight(index, height, subsampling)));
            pointers[i] = padded[i].data();
        }
        const bool decoded = tjDecompressToYUVPlanes(decoder, data, jpeg.size(), pointers.data(),
                                                     width, strides.data(), height, 0) == 0;
        for (std::size_t i = 0; decoded && i < padded.size(); ++i) {
            const bool half_width = subsampling == TJSAMP_420 || subsampling == TJSAMP_422;
            const bool half_height = subsampling == TJSAMP_420 || subsampling == TJSAMP_440;
            Samples plane{encode::sample_count(width, i > 0 && half_width ? 1 : 0),
                          encode::sample_count(height, i > 0 && half_height ? 1 : 0),
                          {}};
            for (int y = 0; y < plane.height; ++y) {
                const auto line = padded[i].begin() + y * strides[i];
                plane.values.insert(plane.values.end(), line, line + plane.width);
            }
            planes->push_back(std::move(plane));
        }
        if (!decoded) {
            planes.reset();
        }
    }
    tjDestroy(decoder);
    return planes;
}

/// Peak signal-to-noise ratio, decibels. Both have the same length.
[[nodiscard]] inline double psnr(std::span<const std::uint8_t> one,
                                 std::span<const std::uint8_t> other) {
    RINGCAST_ASSERT(one.size() == other.size());
    double squares = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
        const double error = double{1} * one[i] - other[i];
        squares += error * error;
    }
    const double mean = squares / static_cast<double>(one.size());
    return 10 * std::log10(255.0 * 255.0 / std::max(mean, 1e-9));
}

} // namespace ringcast::test
