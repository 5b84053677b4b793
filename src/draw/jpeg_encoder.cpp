#include "draw/jpeg_encoder.hpp"

namespace ringcast::draw {

namespace {

constexpr std::size_t soi_bytes = 2;
constexpr std::size_t segment_header_bytes = 4;

encode::Plane plane_of(const Picture& picture, Channel channel, int lines) noexcept {
    const auto first = picture.row(channel, 0);
    const auto all = std::span(first.data(), first.size() * static_cast<std::size_t>(lines));
    return {std::as_bytes(all), first.size()};
}

encode::RawPicture raw_picture_of(const Picture& picture) noexcept {
    encode::RawPicture raw;
    raw.format = encode::PixelFormat::yuv420;
    raw.width = picture.width();
    raw.height = picture.height();
    raw.planes = {plane_of(picture, Channel::luma, picture.padded_height()),
                  plane_of(picture, Channel::blue, picture.padded_height() / 2),
                  plane_of(picture, Channel::red, picture.padded_height() / 2)};
    return raw;
}

} // namespace

std::optional<std::size_t> JpegEncoder::encode(const Picture& picture, int quality,
                                               const std::optional<jpeg::Stamp>& stamp,
                                               ByteSpan into) noexcept {
    encode::EncodeSettings settings;
    settings.quality = quality;
    // Reserves a segment for the stamp, which is written when its checksum is known.
    settings.comment_bytes = stamp.has_value() ? jpeg::stamp_bytes - segment_header_bytes : 0;
    const std::optional<std::size_t> bytes =
        encoder_.encode(raw_picture_of(picture), settings, into);
    if (bytes.has_value() && stamp.has_value()) {
        jpeg::Stamp finished = *stamp;
        finished.crc = jpeg::stamp_checksum(into.first(*bytes));
        jpeg::write_stamp(into.subspan(soi_bytes), finished);
    }
    return bytes;
}

} // namespace ringcast::draw
