#pragma once
// Generates JPEGs of the kinds that occur in streams, with libjpeg-turbo.

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
    int marker = 0; ///< libjpeg's constant: JPEG_COM, JPEG_APP0 + n
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
    unsigned seed = 1; ///< different seeds produce different pictures
};

/// A picture of random noise, so that its data contains stuffed bytes (FF 00).
[[nodiscard]] Bytes make_jpeg(const SampleOptions& options);

/// `jpeg` without its Huffman tables, as many cameras send frames.
[[nodiscard]] Bytes without_huffman_tables(const Bytes& jpeg);

struct DecodedPicture {
    unsigned width = 0;
    unsigned height = 0;
    std::vector<std::uint8_t> rgb; ///< packed, 3 bytes per pixel
};

/// None when libjpeg-turbo reports an error or a warning.
[[nodiscard]] std::optional<DecodedPicture> decode_jpeg(ConstByteSpan jpeg);

[[nodiscard]] Bytes bytes_of(std::initializer_list<int> values);
void append(Bytes& to, ConstByteSpan bytes);
[[nodiscard]] Bytes joined(std::initializer_list<ConstByteSpan> parts);

} // namespace ringcast::test
