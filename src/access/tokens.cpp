#include "access/tokens.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "access/base64url.hpp"
#include "access/entries.hpp"
#include "access/names.hpp"
#include "base/bytes.hpp"

namespace ringcast::access {

namespace {

constexpr std::string_view token_line_form = "NAME:SHA-256 or NAME:SHA-256:STREAM,STREAM";
constexpr std::size_t token_streams_max = 64; // as many as a configuration has
constexpr std::size_t token_bytes = 32;
static_assert(base64url_characters(token_bytes) == token_characters);

std::optional<unsigned> hexadecimal_value(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A') + 10;
    }
    return std::nullopt;
}

std::optional<Digest> parse_digest(std::string_view text) noexcept {
    if (text.size() != 2 * digest_bytes) {
        return std::nullopt;
    }
    Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
        const auto high = hexadecimal_value(text[2 * i]);
        const auto low = hexadecimal_value(text[2 * i + 1]);
        if (!high || !low) {
            return std::nullopt;
        }
        digest[i] = static_cast<std::byte>(*high << 4U | *low);
    }
    return digest;
}

/// Empty if one of the names is not valid, if two are equal, or if they are too many.
std::vector<std::string> parse_stream_list(std::string_view list) {
    std::vector<std::string> streams;
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view name = list.substr(0, comma);
        if (!is_stream_name(name) || streams.size() == token_streams_max ||
            std::ranges::find(streams, name) != streams.end()) {
            return {};
        }
        streams.emplace_back(name);
        if (comma == std::string_view::npos) {
            return streams;
        }
        list.remove_prefix(comma + 1);
    }
}

/// The error has no position.
Result<Token> parse_entry(const Entry& entry) {
    const std::size_t colon = entry.value.find(':');
    const std::string_view digest_text = entry.value.substr(0, colon);
    const auto digest = parse_digest(digest_text);
    if (!digest && digest_text.size() == token_characters &&
        std::ranges::all_of(digest_text, is_base64url)) {
        return fail("this looks like the token itself, expected its digest: run "
                    "printf %s TOKEN | sha256sum");
    }
    if (!digest) {
        return fail(fmt::format("expected {}, with {} hexadecimal digits: run "
                                "printf %s TOKEN | sha256sum",
                                token_line_form, 2 * digest_bytes));
    }
    if (*digest == sha256({})) {
        return fail("this is the digest of an empty text: run printf %s TOKEN | sha256sum");
    }
    Token token{std::string(entry.name), *digest, {}};
    if (colon != std::string_view::npos) {
        token.streams = parse_stream_list(entry.value.substr(colon + 1));
        if (token.streams.empty()) {
            return fail(
                fmt::format("invalid list of streams, expected 1 to {} different names with "
                            "commas between them; for all streams, remove the second colon",
                            token_streams_max));
        }
    }
    return token;
}

} // namespace

Result<std::vector<Token>> parse_tokens(std::string_view text, std::string_view file) {
    const auto entries = read_entries(text, file, token_line_form);
    if (!entries) {
        return tl::unexpected<Error>(entries.error());
    }
    std::vector<Token> tokens;
    tokens.reserve(entries->size());
    std::map<Digest, std::size_t> lines_by_digest;
    for (const Entry& entry : *entries) {
        auto token = parse_entry(entry);
        if (!token) {
            return fail(fmt::format("{}:{}: {}", file, entry.line, token.error().message));
        }
        const auto [first, is_new] = lines_by_digest.try_emplace(token->digest, entry.line);
        if (!is_new) {
            return fail(fmt::format("{}:{}: line {} has the same digest: make another token", file,
                                    entry.line, first->second));
        }
        tokens.push_back(std::move(*token));
    }
    return tokens;
}

Result<std::string> make_token() {
    std::array<std::byte, token_bytes> bytes{};
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                   static_cast<int>(bytes.size())) != 1) {
        return fail("libcrypto made no random numbers: check the system's openssl.cnf");
    }
    std::string token = base64url_encode(bytes);
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return token;
}

std::string token_digest(std::string_view token) {
    return hexadecimal(sha256(as_bytes(token)));
}

const Token* find_token(std::span<const Token> tokens, std::string_view token) noexcept {
    if (token.empty() || token.size() > token_characters_max) {
        return nullptr;
    }
    const Digest digest = sha256(as_bytes(token));
    const Token* found = nullptr;
    for (const Token& candidate : tokens) {
        // All are compared, so that the time does not tell which one it was.
        if (equal_in_constant_time(candidate.digest, digest)) {
            found = &candidate;
        }
    }
    return found;
}

} // namespace ringcast::access
