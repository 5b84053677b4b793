#pragma once
// JPEGs of the scene in raw_samples.hpp, of every kind that libjpeg writes, and what a straightforward
// implementation makes of their planes.

#include <cmath>
#include <cstdlib>

#include <jpeglib.h>

#include "encode/picture_transform.hpp"
#include "encode/raw_samples.hpp"
#include "jpeg/samples.hpp"

namespace ringcast::test {

struct SceneJpeg {
    int width = 64;
    int height = 48;
    int across = 2; ///< columns that one sample of Cb and Cr covers; 0 for a grey picture
    int down = 2;   ///< lines
    bool progressive = false;
    bool arithmetic = false;
    unsigned restart_interval = 0;
    int quality = 95;
    J_COLOR_SPACE colours = JCS_YCbCr; ///< in the JPEG
    bool each_frequency_alone = false; ///< a progressive picture of 64 scans
};

[[nodiscard]] inline Bytes make_scene_jpeg(const SceneJpeg& options) {
    jpeg_compress_struct encoder{};
    jpeg_error_mgr errors{};
    encoder.err = jpeg_std_error(&errors); // exits on errors, which fails the test
    jpeg_create_compress(&encoder);
    unsigned char* memory = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&encoder, &memory, &size);
    const bool grey = options.across == 0;
    const bool four = options.colours == JCS_CMYK || options.colours == JCS_YCCK;
    const std::size_t components = four ? 4 : grey ? 1 : 3;
    encoder.image_width = static_cast<JDIMENSION>(options.width);
    encoder.image_height = static_cast<JDIMENSION>(options.height);
    encoder.input_components = static_cast<int>(components);
    encoder.in_color_space = four ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&encoder);
    if (!grey) {
        jpeg_set_colorspace(&encoder, options.colours);
        encoder.comp_info[0].h_samp_factor = options.across;
        encoder.comp_info[0].v_samp_factor = options.down;
    }
    jpeg_set_quality(&encoder, options.quality, TRUE);
    if (options.progressive) {
        jpeg_simple_progression(&encoder);
    }
    std::vector<jpeg_scan_info> scans;
    if (options.each_frequency_alone) {
        scans.push_back({1, {0, 0, 0, 0}, 0, 0, 0, 0});
        for (int i = 1; i < DCTSIZE2; ++i) {
            scans.push_back({1, {0, 0, 0, 0}, i, i, 0, 0});
        }
        encoder.scan_info = scans.data();
        encoder.num_scans = static_cast<int>(scans.size());
    }
    encoder.arith_code = options.arithmetic ? TRUE : FALSE;
    encoder.restart_interval = options.restart_interval;
    jpeg_start_compress(&encoder, TRUE);
    std::vector<JSAMPLE> row(static_cast<std::size_t>(options.width) * components);
    for (int y = 0; y < options.height; ++y) {
        for (int x = 0; x < options.width; ++x) {
            const Pixel pixel = scene(x, y);
            const std::array<double, 4> values = {pixel.red, pixel.green, pixel.blue, 200};
            for (std::size_t i = 0; i < components; ++i) {
                row[static_cast<std::size_t>(x) * components + i] =
                    static_cast<JSAMPLE>(std::lround(values[i]));
            }
        }
        JSAMPROW rows = row.data();
        jpeg_write_scanlines(&encoder, &rows, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    const auto* begin = reinterpret_cast<const std::byte*>(memory);
    Bytes jpeg(begin, begin + size);
    std::free(memory); // NOLINT(cppcoreguidelines-no-malloc): libjpeg allocated it.
    return jpeg;
}

/// Each sample of the result is the average of the area that it covers in `from`, whose last sample is
/// repeated beyond its edges. A side of a sample covers `across` and `down` samples of `from`.
[[nodiscard]] inline Samples area_average(const Samples& from, int width, int height, double across,
                                          double down) {
    Samples made{width, height, {}};
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            double sum = 0;
            for (int line = static_cast<int>(y * down); line < (y + 1) * down; ++line) {
                const double part =
                    std::min((y + 1) * down, line + 1.0) - std::max(y * down, 1.0 * line);
                for (int column = static_cast<int>(x * across); column < (x + 1) * across;
                     ++column) {
                    const double piece = std::min((x + 1) * across, column + 1.0) -
                                         std::max(x * across, 1.0 * column);
                    sum +=
                        part * piece *
                        from.at(std::min(column, from.width - 1), std::min(line, from.height - 1));
                }
            }
            made.values.push_back(
                static_cast<std::uint8_t>(std::clamp(std::lround(sum / across / down), 0L, 255L)));
        }
    }
    return made;
}

/// Rotated clockwise and then mirrored, sample by sample.
[[nodiscard]] inline Samples turned(const Samples& from, encode::Rotation rotate, bool mirror) {
    using encode::Rotation;
    const bool sideways = rotate == Rotation::by_90 || rotate == Rotation::by_270;
    Samples made{sideways ? from.height : from.width, sideways ? from.width : from.height, {}};
    for (int y = 0; y < made.height; ++y) {
        for (int column = 0; column < made.width; ++column) {
            const int x = mirror ? made.width - 1 - column : column;
            const int right = from.width - 1;
            const int bottom = from.height - 1;
            switch (rotate) {
            case Rotation::none:
                made.values.push_back(from.at(x, y));
                break;
            case Rotation::by_90:
                made.values.push_back(from.at(y, bottom - x));
                break;
            case Rotation::by_180:
                made.values.push_back(from.at(right - x, bottom - y));
                break;
            case Rotation::by_270:
                made.values.push_back(from.at(right - y, x));
                break;
            }
        }
    }
    return made;
}

} // namespace ringcast::test
