// Any text is either a valid file of users or tokens, or results in a message with a position; any
// text is either a valid link, which has no other text, or rejected.
//
// Input: one letter for the parser, and its text. u: users file; t: tokens file; l: link; s: content
// of a link, which is signed first, so that the bytes behind a valid signature are reached as well; a:
// value of an Authorization header.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "access/base64url.hpp"
#include "access/credentials.hpp"
#include "access/digest.hpp"
#include "access/entries.hpp"
#include "access/gate.hpp"
#include "access/link.hpp"
#include "access/names.hpp"
#include "access/password_hash.hpp"
#include "access/tokens.hpp"
#include "access/users_file.hpp"
#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/printable.hpp"

using namespace ringcast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr access::LinkKey key{std::byte{1}, std::byte{2}, std::byte{3}};
constexpr WallTime now = WallTime(std::chrono::seconds(1'800'000'000));

void check_error(const Error& error) {
    RINGCAST_ASSERT(error.message.starts_with("file:"));
    RINGCAST_ASSERT(error.message.size() <= 300);
    RINGCAST_ASSERT(printable_text(error.message) == error.message);
}

void check_users(std::string_view text) {
    const auto users = access::parse_users(text, "file");
    if (!users) {
        check_error(users.error());
        return;
    }
    RINGCAST_ASSERT(!users->empty());
    RINGCAST_ASSERT(users->size() <= access::access_entries_max);
    std::string again;
    for (const access::User& user : *users) {
        RINGCAST_ASSERT(access::is_user_name(user.name));
        RINGCAST_ASSERT(access::hash_problem(user.hash).empty());
        again.append(user.name).append(":").append(user.hash).append("\n");
    }
    // A last line without an end may have been the one that just fits.
    again.pop_back();
    RINGCAST_ASSERT(access::parse_users(again, "file").value() == *users);
}

void check_tokens(std::string_view text) {
    const auto tokens = access::parse_tokens(text, "file");
    if (!tokens) {
        check_error(tokens.error());
        return;
    }
    RINGCAST_ASSERT(!tokens->empty());
    RINGCAST_ASSERT(tokens->size() <= access::access_entries_max);
    std::string again;
    for (const access::Token& token : *tokens) {
        RINGCAST_ASSERT(access::is_user_name(token.name));
        RINGCAST_ASSERT(std::ranges::all_of(token.streams, access::is_stream_name));
        again.append(token.name).append(":").append(access::hexadecimal(token.digest));
        for (const std::string& stream : token.streams) {
            again.append(&stream == &token.streams.front() ? ":" : ",").append(stream);
        }
        again.append("\n");
    }
    again.pop_back();
    RINGCAST_ASSERT(access::parse_tokens(again, "file").value() == *tokens);
}

void check_link(std::string_view text) {
    if (const auto bytes = access::base64url_decode(text)) {
        RINGCAST_ASSERT(access::base64url_encode(*bytes) == text);
    }
    const access::LinkCheck check = access::verify_link(key, text, now);
    if (const auto* link = std::get_if<access::Link>(&check)) {
        RINGCAST_ASSERT(access::sign_link(key, *link) == text);
        RINGCAST_ASSERT(access::is_stream_name(link->stream));
        RINGCAST_ASSERT(link->expiry > std::chrono::floor<std::chrono::seconds>(now));
    }
}

void check_signed(std::string_view content) {
    std::string bytes(content);
    const access::Digest signature = access::hmac_sha256(key, as_bytes(content));
    bytes.append(as_text(signature));
    check_link(access::base64url_encode(as_bytes(bytes)));
}

/// Whatever a header contains, a user name has no colon, and a gate without users lets nobody in.
void check_authorization(std::string_view text) {
    access::Credentials credentials = access::read_credentials(text, std::nullopt);
    if (const auto* password = std::get_if<access::UserPassword>(&credentials)) {
        RINGCAST_ASSERT(password->user().find(':') == std::string_view::npos);
    }
    const bool none = std::holds_alternative<access::NoCredentials>(credentials);
    RINGCAST_ASSERT(none == text.empty());
    access::Gate gate(access::Rules(), access::Digest{});
    const access::Decision decision =
        gate.decide(std::move(credentials), {.address = 1, .now = Instant{}, .wall_now = now});
    RINGCAST_ASSERT(std::holds_alternative<access::Refusal>(decision) != none);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (input.empty()) {
        return 0;
    }
    const std::string_view text = input.substr(1);
    switch (input.front()) {
    case 'u':
        check_users(text);
        break;
    case 't':
        check_tokens(text);
        break;
    case 'l':
        check_link(text);
        break;
    case 's':
        check_signed(text);
        break;
    case 'a':
        check_authorization(text);
        break;
    default:
        break;
    }
    return 0;
}
