#include "input/data_format.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ringcast::input {

namespace {

using namespace std::string_view_literals;

struct Signature {
    std::size_t offset;
    std::string_view bytes;
    std::string_view format;
};

// In the order of the checks: a container's type stands behind its RIFF header.
constexpr std::array signatures{
    Signature{0, "\x89PNG"sv, "PNG"},
    Signature{0, "GIF8"sv, "GIF"},
    Signature{8, "WEBP"sv, "WebP"},
    Signature{8, "AVI "sv, "AVI"},
    Signature{4, "ftyp"sv, "MP4"},
    Signature{4, "moov"sv, "MP4"},
    Signature{4, "mdat"sv, "MP4"},
    Signature{0, "\x1A\x45\xDF\xA3"sv, "Matroska or WebM"},
    Signature{0, "FLV\x01"sv, "FLV"},
    Signature{0, "\0\0\x01\xBA"sv, "MPEG-PS"},
    Signature{0, "YUV4MPEG2"sv, "raw video (YUV4MPEG2)"},
    Signature{0, "\x1F\x8B\x08"sv, "gzip"},
};

/// H.264 or H.265 as a byte stream (Annex B of each): a start code, then the header of a parameter
/// set or of an access unit delimiter, with which encoders begin.
std::string_view annex_b_format(std::string_view text) noexcept {
    const std::size_t header = text.starts_with("\0\0\0\x01"sv) ? 4
                               : text.starts_with("\0\0\x01"sv) ? 3
                                                                : text.size();
    if (header >= text.size()) {
        return {};
    }
    const auto byte = static_cast<std::uint8_t>(text[header]);
    const unsigned h264_type = byte & 0x1FU;         // 7: sequence parameter set, 9: delimiter
    const unsigned h265_type = (byte >> 1U) & 0x3FU; // 32 to 35: parameter sets, delimiter
    if ((byte & 0x80U) != 0) {
        return {};
    }
    if (h264_type == 7 || h264_type == 9) {
        return "H.264";
    }
    return h265_type >= 32 && h265_type <= 35 ? "H.265" : std::string_view();
}

bool is_mpeg_ts(std::string_view text) noexcept {
    constexpr std::size_t packet_bytes = 188;
    constexpr char sync = 0x47;
    return text.size() > packet_bytes && text[0] == sync && text[packet_bytes] == sync;
}

bool is_text(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\r' || c == '\t';
    });
}

} // namespace

std::string_view data_format(ConstByteSpan beginning) noexcept {
    const std::string_view text = as_text(beginning);
    for (const Signature& signature : signatures) {
        if (text.size() >= signature.offset &&
            text.substr(signature.offset).starts_with(signature.bytes)) {
            return signature.format;
        }
    }
    if (is_mpeg_ts(text)) {
        return "MPEG-TS";
    }
    if (const std::string_view format = annex_b_format(text); !format.empty()) {
        return format;
    }
    return is_text(text) ? "text" : std::string_view();
}

} // namespace ringcast::input
