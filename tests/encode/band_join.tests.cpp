#include "encode/band_join.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "encode/raw_encoder.hpp"
#include "encode/raw_samples.hpp"
#include "jpeg/inspect.hpp"
#include "jpeg/markers.hpp"
#include "jpeg/samples.hpp"

namespace ringcast::encode {

namespace {

using ringcast::test::Bytes;
using test::make_picture;
using test::OwnedPicture;

/// Bands encoded by RawEncoder, each in memory of its own.
struct Bands {
    Bytes first;
    std::vector<Bytes> later;

    [[nodiscard]] std::vector<ConstByteSpan> spans() const { return {later.begin(), later.end()}; }
    [[nodiscard]] std::size_t total() const {
        std::size_t bytes = first.size();
        for (const Bytes& band : later) {
            bytes += band.size();
        }
        return bytes;
    }
};

Bands encode_bands(const RawPicture& picture, const BandPlan& plan) {
    Bands bands;
    RawEncoder encoder;
    Bytes memory(1024UL * 1024UL);
    for (int i = 0; i < plan.count; ++i) {
        const EncodeSettings settings{80, i == 0 ? plan.restart_interval : 0, 0};
        const auto bytes = encoder.encode(band_of(picture, plan, i), settings, memory);
        REQUIRE(bytes.has_value());
        const Bytes band(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(*bytes));
        if (i == 0) {
            bands.first = band;
        } else {
            bands.later.push_back(band);
        }
    }
    return bands;
}

/// The codes of the restart markers in the scan data, in order.
std::vector<int> restarts_of(ConstByteSpan jpeg) {
    std::vector<int> codes;
    for (std::size_t i = 0; i + 1 < jpeg.size(); ++i) {
        if (jpeg::byte_at(jpeg, i) == jpeg::marker_prefix &&
            jpeg::is_restart(jpeg::byte_at(jpeg, i + 1))) {
            codes.push_back(jpeg::byte_at(jpeg, i + 1) - jpeg::marker::rst0);
        }
    }
    return codes;
}

} // namespace

TEST_CASE("bands are whole rows of MCUs, as even as possible, and cover the picture") {
    for (const PixelFormat format : {PixelFormat::nv12, PixelFormat::yuyv, PixelFormat::grey}) {
        const McuSize mcu = mcu_size(format);
        for (int workers = 1; workers <= 9; ++workers) {
            for (int height = 1; height <= 300; ++height) {
                const BandPlan plan = plan_bands(format, 100, height, workers);
                const int last = height - (plan.count - 1) * plan.lines;
                const bool good =
                    plan.count >= 1 && plan.count <= workers && last > 0 && last <= plan.lines &&
                    (plan.count == 1 ||
                     (plan.lines % mcu.height == 0 &&
                      plan.restart_interval ==
                          static_cast<unsigned>(plan.lines / mcu.height *
                                                ((100 + mcu.width - 1) / mcu.width))));
                if (!good) {
                    FAIL(workers << " workers, height " << height);
                }
            }
        }
    }
    CHECK(plan_bands(PixelFormat::nv12, 1920, 1080, 2).lines == 544);
    CHECK(plan_bands(PixelFormat::nv12, 1920, 1080, 4).count == 4);
    CHECK(plan_bands(PixelFormat::nv12, 1920, 1080, 1).restart_interval == 0);
    CHECK(plan_bands(PixelFormat::nv12, 1920, 16, 4).count == 1);
}

TEST_CASE("no bands are planned that have more MCUs than the largest restart interval") {
    // 512 by 512 MCUs: a half has 131072 of them, a quarter 65536, a fifth fits into 16 bits.
    CHECK(plan_bands(PixelFormat::nv12, 8192, 8192, 2).count == 1);
    CHECK(plan_bands(PixelFormat::nv12, 8192, 8192, 4).count == 1);
    CHECK(plan_bands(PixelFormat::nv12, 8192, 8192, 5).count == 5);
    CHECK(plan_bands(PixelFormat::nv12, 3840, 2160, 2).restart_interval == 240 * 68);
}

TEST_CASE("joined bands are one JPEG with restart markers between them, in cyclic order") {
    const OwnedPicture made = make_picture({PixelFormat::grey, 40, 157}); // 20 rows of MCUs
    const BandPlan plan = plan_bands(PixelFormat::grey, 40, 157, 20);
    REQUIRE(plan.count == 20);
    const Bands bands = encode_bands(made.picture, plan);
    Bytes memory(bands.first);
    memory.resize(bands.total());
    const auto joined = join_bands(memory, bands.first.size(), bands.spans(), 157);
    REQUIRE(joined.has_value());
    const ConstByteSpan jpeg = ConstByteSpan(memory).first(joined->bytes);
    CHECK(restarts_of(jpeg) ==
          std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2});
    const auto info = jpeg::inspect(jpeg);
    REQUIRE(info.has_value());
    CHECK(info->width == 40);
    CHECK(info->height == 157);
    CHECK(info->bytes == joined->bytes);
    const auto decoded = ringcast::test::decode_jpeg(jpeg);
    CHECK(decoded.has_value());
}

TEST_CASE("joining copies the scan data of the later bands, without their headers") {
    const OwnedPicture made = make_picture({PixelFormat::nv12, 64, 64});
    const Bands bands = encode_bands(made.picture, plan_bands(PixelFormat::nv12, 64, 64, 2));
    REQUIRE(bands.later.size() == 1);
    Bytes memory(bands.first);
    memory.resize(bands.total());
    const auto joined = join_bands(memory, bands.first.size(), bands.spans(), 64);
    REQUIRE(joined.has_value());
    // Two more bytes for the restart marker; EOI is counted on both sides.
    CHECK(joined->bytes == bands.first.size() + 2 + joined->bytes_moved);
    const std::size_t header = jpeg::inspect(bands.later[0])->scan_offset + 14; // three components
    CHECK(joined->bytes_moved == bands.later[0].size() - header - 2);
}

TEST_CASE("bands that do not fit are reported, and nothing behind the span is written") {
    const OwnedPicture made = make_picture({PixelFormat::yuyv, 48, 48});
    const Bands bands = encode_bands(made.picture, plan_bands(PixelFormat::yuyv, 48, 48, 3));
    REQUIRE(bands.later.size() == 2);
    Bytes whole(bands.first);
    whole.resize(bands.total());
    const auto joined = join_bands(whole, bands.first.size(), bands.spans(), 48);
    REQUIRE(joined.has_value());
    for (std::size_t room = bands.first.size(); room <= joined->bytes; ++room) {
        Bytes memory(bands.first);
        memory.resize(bands.total(), std::byte{0xA5});
        const auto again =
            join_bands(ByteSpan(memory).first(room), bands.first.size(), bands.spans(), 48);
        REQUIRE(again.has_value() == (room == joined->bytes));
        for (std::size_t i = room; i < memory.size(); ++i) {
            REQUIRE(memory[i] == std::byte{0xA5});
        }
    }
}

} // namespace ringcast::encode
