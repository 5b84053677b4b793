// The reader of other servers' answers must find the same head and the same error however the bytes
// are split, and stay within its limits. Whatever a server sends, the boundary that is read from it
// is bounded, and the answer to its challenges is one header line.
//
// Input: the bytes of the connection, up to the body of the first answer. Pieces are as long as the
// input's own bytes say. Everything behind the first line is also used as the value of a header.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/field_syntax.hpp"
#include "http/header_value.hpp"
#include "http/response_head.hpp"
#include "upstream/authorization.hpp"

namespace {

using namespace ringcast;
using Outcome = upstream::Authorization::Outcome;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

bool has_control_characters(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return c != '\t' && http::is_control_character(c); });
}

void check_content_type(std::string_view value) {
    const std::string type = http::media_type(value);
    require(type.find(';') == std::string::npos);
    const std::optional<std::string> boundary = http::parameter(value, "boundary");
    require(!boundary || (!boundary->empty() && boundary->size() <= http::parameter_bytes_max));
}

std::string fixed_cnonce() {
    return "0123456789abcdef";
}

void check_challenges(std::span<const std::string_view> challenges) {
    upstream::Authorization authorization("us\"er", "pass:word", fixed_cnonce);
    for (int attempt = 0; attempt < 3; ++attempt) {
        const bool accepted = authorization.take(challenges) == Outcome::accepted;
        const std::string header = authorization.header("GET", "/stream?a=\"b\"");
        require(accepted != header.empty());
        require(!has_control_characters(header));
        require(header.empty() || header.starts_with("Basic dXMiZXI6cGFzczp3b3Jk") ||
                header.starts_with("Digest username=\"us\\\"er\", realm=\""));
        // Realm, nonce and opaque, each character of which may be escaped, and the rest.
        require(header.size() <= 6 * upstream::Challenge::parameter_bytes_max + 500);
    }
}

/// All fields of a head as one text, for comparison.
std::string describe(const http::ResponseHead& head) {
    std::string text = std::to_string(head.status);
    text.append(head.keep_alive ? " keep-alive " : " close ");
    text.append(std::to_string(static_cast<int>(head.body_end))).append(" ");
    text.append(std::to_string(head.content_length)).append(" ");
    text.append(head.retry_after_seconds ? std::to_string(*head.retry_after_seconds) : "none");
    for (const std::string_view part : {head.content_type, head.location, head.server, head.via,
                                        head.timestamp, head.signal, head.reason}) {
        text.append("\n").append(part);
    }
    for (const std::string_view challenge : head.challenges) {
        text.append("\n").append(challenge);
    }
    return text;
}

void check_head(const http::ResponseHead& head) {
    require(head.status >= 200 && head.status <= 999);
    require(head.content_length == 0 || head.body_end == http::BodyEnd::length);
    require(!head.keep_alive || head.body_end != http::BodyEnd::close);
    require(head.challenges.size() <= http::ResponseHeadReader::challenge_count_max);
    for (const std::string_view part : {head.content_type, head.location, head.server, head.via,
                                        head.timestamp, head.signal, head.reason}) {
        require(part.size() < http::ResponseHeadReader::head_bytes_max);
        require(part == http::trimmed(part) && !has_control_characters(part));
    }
    check_content_type(head.content_type);
    check_challenges(head.challenges);
}

/// The first head and the number of bytes in front of its body, or the error. `piece_bytes` returns
/// the length of the next piece.
template <typename PieceBytes>
std::string outcome(std::string_view bytes, PieceBytes piece_bytes) {
    http::ResponseHeadReader reader;
    std::size_t passed = 0;
    while (reader.state() == http::ParseState::need_more && passed < bytes.size()) {
        const ByteSpan space = reader.free_space();
        require(!space.empty());
        const std::size_t count = std::min({bytes.size() - passed, space.size(), piece_bytes()});
        std::memcpy(space.data(), bytes.data() + passed, count);
        passed += count;
        reader.consume(count);
    }
    switch (reader.state()) {
    case http::ParseState::need_more:
        return "more";
    case http::ParseState::error:
        require(!reader.error().empty());
        return "error: " + std::string(reader.error());
    case http::ParseState::complete:
        break;
    }
    check_head(reader.head());
    const std::size_t head_bytes = passed - reader.rest().size();
    require(head_bytes <= http::ResponseHeadReader::head_bytes_max);
    require(as_text(reader.rest()) == bytes.substr(head_bytes, reader.rest().size()));
    return describe(reader.head()) + "\n" + std::to_string(head_bytes);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string expected =
        outcome(bytes, [] { return http::ResponseHeadReader::head_bytes_max; });
    require(outcome(bytes, [] { return std::size_t{1}; }) == expected);
    std::size_t next = 0;
    const auto own_bytes = [&] { return std::size_t{1} + data[next++ % size] % 64U; };
    require(outcome(bytes, own_bytes) == expected);

    const std::string_view value = bytes.substr(std::min(bytes.find('\n'), bytes.size()));
    check_content_type(value);
    const std::array<std::string_view, 2> challenges = {value, bytes};
    check_challenges(challenges);
    return 0;
}
