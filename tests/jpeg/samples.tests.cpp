#include "jpeg/samples.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>

#include <jpeglib.h>
#include <turbojpeg.h>

namespace ringcast::test {

Bytes make_jpeg(const SampleOptions& options) {
    jpeg_compress_struct encoder{};
    jpeg_error_mgr errors{};
    encoder.err = jpeg_std_error(&errors); // exits on errors, which fails the test
    jpeg_create_compress(&encoder);
    unsigned char* memory = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&encoder, &memory, &size);

    const int components = options.colour == Colour::grey ? 1 : 3;
    encoder.image_width = options.width;
    encoder.image_height = options.height;
    encoder.input_components = components;
    encoder.in_color_space = components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&encoder);
    jpeg_set_quality(&encoder, options.quality, TRUE);
    if (options.colour == Colour::yuv444) {
        encoder.comp_info[0].h_samp_factor = 1;
        encoder.comp_info[0].v_samp_factor = 1;
    }
    if (options.progressive) {
        jpeg_simple_progression(&encoder);
    }
    encoder.restart_interval = options.restart_interval;
    jpeg_start_compress(&encoder, TRUE);
    for (const Segment& segment : options.segments) {
        jpeg_write_marker(&encoder, segment.marker,
                          reinterpret_cast<const JOCTET*>(segment.content.data()),
                          static_cast<unsigned>(segment.content.size()));
    }
    std::mt19937 random(options.seed);
    std::vector<JSAMPLE> row(std::size_t{options.width} * static_cast<std::size_t>(components));
    while (encoder.next_scanline < encoder.image_height) {
        std::ranges::generate(row, [&random] { return static_cast<JSAMPLE>(random() & 0xFFU); });
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

std::optional<DecodedPicture> decode_jpeg(ConstByteSpan jpeg) {
    const tjhandle decoder = tjInitDecompress();
    const auto* data = reinterpret_cast<const unsigned char*>(jpeg.data());
    int width = 0;
    int height = 0;
    int subsampling = 0;
    int colourspace = 0;
    std::optional<DecodedPicture> picture;
    if (tjDecompressHeader3(decoder, data, jpeg.size(), &width, &height, &subsampling,
                            &colourspace) == 0) {
        picture.emplace();
        picture->width = static_cast<unsigned>(width);
        picture->height = static_cast<unsigned>(height);
        picture->rgb.resize(std::size_t{3} * picture->width * picture->height);
        if (tjDecompress2(decoder, data, jpeg.size(), picture->rgb.data(), width, 0, height,
                          TJPF_RGB, 0) != 0) {
            picture.reset();
        }
    }
    tjDestroy(decoder);
    return picture;
}

Bytes without_huffman_tables(const Bytes& jpeg) {
    Bytes stripped(jpeg.begin(), jpeg.begin() + 2);
    std::size_t at = 2;
    while (jpeg[at + 1] != std::byte{0xDA}) {
        const std::size_t bytes = 2 + (std::to_integer<std::size_t>(jpeg[at + 2]) << 8U) +
                                  std::to_integer<std::size_t>(jpeg[at + 3]);
        if (jpeg[at + 1] != std::byte{0xC4}) {
            append(stripped, ConstByteSpan(jpeg).subspan(at, bytes));
        }
        at += bytes;
    }
    append(stripped, ConstByteSpan(jpeg).subspan(at));
    return stripped;
}

Bytes bytes_of(std::initializer_list<int> values) {
    Bytes bytes;
    for (const int value : values) {
        bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
}

void append(Bytes& to, ConstByteSpan bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

Bytes joined(std::initializer_list<ConstByteSpan> parts) {
    Bytes all;
    for (const ConstByteSpan part : parts) {
        append(all, part);
    }
    return all;
}

} // namespace ringcast::test
