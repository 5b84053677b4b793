#pragma once
// JPEGs of every kind that streams hold, made by libjpeg-turbo.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "base/bytes.hpp"

namespace ringcast::test {

using Bytes = std::vector<std::byte>;

enum class Colour : std::uint8_t { grey, yuv444, yuv420 };

struct Segment {
    int marker = 0; ///< as libjpeg has it: JPEG_COM, JPEG_APP0 + n
    Bytes content;
};

struct SampleOptions {
    unsigned width = 32;
    unsigned height = 24;
    int quality = 75;
    Colour colour = Colour::yuv420;
    bool progressive = false;
    unsigned restart_interval = 0; ///< MCUs
    std::vector<Segment> segments{};
    unsigned seed = 1; ///< pictures of different seeds differ
};

/// A noisy picture, so that its data holds stuffed bytes.
[[nodiscard]] Bytes make_jpeg(const SampleOptions& options);

/// `jpeg` as many cameras send it: without its Huffman tables.
[[nodiscard]] Bytes without_huffman_tables(const Bytes& jpeg);

struct DecodedPicture {
    unsigned width = 0;
    unsigned height = 0;
    std::vector<std::uint8_t> rgb; ///< packed, 3 bytes per pixel
};

/// None when libjpeg-turbo refuses it or so much as warns.
[[nodiscard]] std::optional<DecodedPicture> decode_jpeg(ConstByteSpan jpeg);

[[nodiscard]] Bytes bytes_of(std::initializer_list<int> values);
void append(Bytes& to, ConstByteSpan bytes);
[[nodiscard]] Bytes joined(std::initializer_list<ConstByteSpan> parts);

} // namespace ringcast::test
