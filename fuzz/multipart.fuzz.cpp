// Bodies made by the fuzzer are written as parts, in the same way as by the frame arena, and read
// back by a parser that shares no code with the writer: the result must be the same bodies, in both
// variants.
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "http/multipart.hpp"
#include "http/response.hpp"

namespace {

using namespace ringcast;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

struct Picture {
    std::string body;
    std::uint64_t captured_us = 0;
    bool placeholder = false;
};

std::uint64_t take_number(std::string_view& bytes, std::size_t count) {
    std::uint64_t number = 0;
    for (; count > 0 && !bytes.empty(); --count) {
        number = number << 8U | static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
    }
    return number;
}

// The largest WallTime, which counts nanoseconds, is in the year 2262.
constexpr std::uint64_t captured_us_end = 9'223'372'036'000'000;

// Input: per picture two bytes of length, one of flags, seven of time, then the body.
std::vector<Picture> make_pictures(std::string_view bytes) {
    std::vector<Picture> pictures;
    while (!bytes.empty()) {
        Picture picture;
        const std::uint64_t length = take_number(bytes, 2);
        picture.placeholder = (take_number(bytes, 1) & 1U) != 0;
        picture.captured_us = take_number(bytes, 7) % captured_us_end;
        picture.body = bytes.substr(0, length);
        bytes.remove_prefix(picture.body.size());
        pictures.push_back(std::move(picture));
    }
    return pictures;
}

// A boundary from the input's hash, so that bodies practically never contain it.
http::Boundary make_boundary(std::string_view bytes) {
    return {std::hash<std::string_view>{}(bytes), bytes.size()};
}

std::string write_stream(const std::vector<Picture>& pictures, const http::Boundary& boundary,
                         http::Variant variant) {
    std::string wire = http::stream_head(boundary, variant, {});
    for (const Picture& picture : pictures) {
        constexpr std::size_t headroom = http::part_header_bytes_max;
        std::vector<std::byte> slot(headroom + picture.body.size() + http::PartTail::advance_bytes);
        const ByteSpan all(slot);
        if (!picture.body.empty()) {
            std::memcpy(&slot[headroom], picture.body.data(), picture.body.size());
        }
        const http::PartInfo info{picture.body.size(),
                                  WallTime(std::chrono::microseconds(picture.captured_us)),
                                  picture.placeholder, picture.body};
        const std::size_t header_bytes = http::write_part_header(all.first(headroom), info);
        http::write_part_tail(all.subspan(headroom + picture.body.size()), boundary);
        if (variant == http::Variant::standard) {
            wire +=
                as_text(all.subspan(headroom - header_bytes, header_bytes + picture.body.size() +
                                                                 http::PartTail::standard_bytes));
        } else {
            wire += as_text(all.subspan(headroom));
        }
    }
    return wire;
}

// --- an independent parser ---

struct Headers {
    std::string text; ///< with CR LF before the first and after the last header

    [[nodiscard]] std::string value(const std::string& name) const {
        const std::size_t at = text.find("\r\n" + name + ": ");
        if (at == std::string::npos) {
            return {};
        }
        const std::size_t begin = at + name.size() + 4;
        return text.substr(begin, text.find("\r\n", begin) - begin);
    }
};

Headers take_headers(std::string_view& wire) {
    const std::size_t end = wire.find("\r\n\r\n");
    require(end != std::string_view::npos);
    Headers headers{"\r\n" + std::string(wire.substr(0, end + 2))};
    wire.remove_prefix(end + 4);
    return headers;
}

void take(std::string_view& wire, std::string_view expected) {
    require(wire.starts_with(expected));
    wire.remove_prefix(expected.size());
}

void check_timestamp(const Headers& headers, std::uint64_t captured_us) {
    const std::string text = headers.value("X-Timestamp");
    const std::size_t point = text.find('.');
    require(point != std::string::npos && text.size() - point == 7);
    const std::string digits = text.substr(0, point) + text.substr(point + 1);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    require(error == std::errc{} && end == digits.data() + digits.size());
    require(value == captured_us);
}

// The fuzzer's bodies are reasons too: any bytes.
void check_reason(std::string_view reason, const Picture& picture) {
    require(reason.empty() == (!picture.placeholder || picture.body.empty()));
    require(reason.size() <= picture.body.size());
    for (std::size_t i = 0; i < reason.size(); ++i) {
        const auto byte = static_cast<unsigned char>(picture.body[i]);
        const bool shown = byte >= 0x20 && byte < 0x7F;
        require(reason[i] == (shown ? picture.body[i] : '?'));
    }
}

void check_standard(std::string_view wire, const std::string& delimiter,
                    const std::vector<Picture>& pictures) {
    for (const Picture& picture : pictures) {
        const Headers headers = take_headers(wire);
        require(headers.value("Content-Type") == "image/jpeg");
        require(headers.value("Content-Length") == std::to_string(picture.body.size()));
        require(headers.value("X-Ringcast-Signal") == (picture.placeholder ? "none" : ""));
        check_reason(headers.value("X-Ringcast-Reason"), picture);
        check_timestamp(headers, picture.captured_us);
        take(wire, picture.body);
        take(wire, "\r\n" + delimiter + "\r\n");
    }
    require(wire.empty());
}

void check_advance(std::string_view wire, const std::string& delimiter,
                   const std::vector<Picture>& pictures) {
    for (const Picture& picture : pictures) {
        require(take_headers(wire).text == "\r\nContent-Type: image/jpeg\r\n");
        const std::string end = "\r\n" + delimiter + "\r\n";
        const std::size_t bytes = wire.find(end);
        require(wire.substr(0, bytes) == picture.body);
        wire.remove_prefix(bytes + end.size());
    }
    // The headers of the next part, whose picture has not been written.
    take_headers(wire);
    require(wire.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::vector<Picture> pictures = make_pictures(bytes);
    const http::Boundary boundary = make_boundary(bytes);
    for (const http::Variant variant : {http::Variant::standard, http::Variant::advance}) {
        const std::string text = write_stream(pictures, boundary, variant);
        std::string_view wire = text;
        const std::string type = take_headers(wire).value("Content-Type");
        const std::string prefix = "multipart/x-mixed-replace; boundary=";
        require(type.starts_with(prefix));
        const std::string delimiter = "--" + type.substr(prefix.size());
        take(wire, delimiter + "\r\n");
        if (variant == http::Variant::standard) {
            check_standard(wire, delimiter, pictures);
        } else {
            check_advance(wire, delimiter, pictures);
        }
    }
    return 0;
}
