#include "access/link.hpp"

#include <random>

#include <catch2/catch_test_macros.hpp>

#include "access/base64url.hpp"
#include "access/digest.hpp"
#include "base/bytes.hpp"

using namespace ringcast;
using namespace ringcast::access;
using namespace std::chrono_literals;

namespace {

constexpr WallTime now = WallTime(1'800'000'000s);

LinkKey key_of(unsigned first) {
    LinkKey key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = static_cast<std::byte>(first + i);
    }
    return key;
}

const LinkKey key = key_of(0);

LinkExpiry after(std::chrono::seconds delay) {
    return std::chrono::floor<std::chrono::seconds>(now) + delay;
}

bool is_invalid(std::string_view text, const LinkKey& with = key) {
    return std::holds_alternative<LinkInvalid>(verify_link(with, text, now));
}

bool is_valid(std::string_view text, const Link& expected) {
    const LinkCheck check = verify_link(key, text, now);
    return std::holds_alternative<Link>(check) && std::get<Link>(check) == expected;
}

/// The text of bytes that sign_link() may never sign.
std::string signed_text(std::string_view content) {
    std::string bytes(content);
    const Digest signature = hmac_sha256(key, as_bytes(content));
    bytes.append(as_text(signature));
    return base64url_encode(as_bytes(bytes));
}

std::string bytes_of(std::string_view text) {
    return std::string(as_text(base64url_decode(text).value()));
}

Link random_link(std::mt19937& random) {
    constexpr std::string_view characters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    Link link;
    link.stream = std::string(1 + random() % 63, 'a');
    for (std::size_t i = 0; i < link.stream.size(); ++i) {
        link.stream[i] = characters[random() % (i == 0 ? 62 : 64)];
    }
    link.expiry = after(std::chrono::seconds(1 + random()));
    link.kind = random() % 2 == 0 ? LinkKind::stream_and_snapshot : LinkKind::snapshot_only;
    link.millifps =
        link.kind == LinkKind::snapshot_only ? 0 : static_cast<std::uint32_t>(random() % 1'000'001);
    return link;
}

} // namespace

TEST_CASE("a signed link is recognised, whatever it contains") {
    std::mt19937 random(1); // NOLINT(bugprone-random-generator-seed): the same links in each run
    for (int i = 0; i < 1000; ++i) {
        const Link link = random_link(random);
        const std::string text = sign_link(key, link);
        CHECK(is_valid(text, link));
        CHECK(text == sign_link(key, link));
        CHECK(text.size() <= 146);
        CHECK(std::ranges::all_of(text, is_base64url));
    }
}

TEST_CASE("the bytes of a link are as documented") {
    const std::string bytes = bytes_of(
        sign_link(key, {"door", LinkExpiry(0x0102030405s), LinkKind::stream_and_snapshot, 5000}));
    const std::string content("\x01\x00\x00\x00\x00\x01\x02\x03\x04\x05\x00\x00\x13\x88"
                              "door",
                              18);
    CHECK(bytes.substr(0, 18) == content);
    CHECK(bytes.substr(18) == as_text(hmac_sha256(key, as_bytes(content))));
}

TEST_CASE("a link is valid until the second of its expiry begins") {
    const auto expired = [](const LinkExpiry& expiry, WallTime at) {
        return std::holds_alternative<LinkExpired>(
            verify_link(key, sign_link(key, {"door", expiry, {}, 0}), at));
    };
    CHECK_FALSE(expired(after(1s), now));
    CHECK_FALSE(expired(after(1s), now + 999'999'999ns));
    CHECK(expired(after(1s), now + 1s));
    CHECK(expired(after(0s), now));
    CHECK(expired(LinkExpiry{}, now));
    CHECK_FALSE(expired(LinkExpiry::max(), now));
}

TEST_CASE("a link with any changed bit is invalid, expired or not") {
    for (const std::chrono::seconds delay : {60s, -60s}) {
        for (const std::string_view stream : {"a", "do", "cat", "door"}) { // each length modulo 3
            const std::string text =
                sign_link(key, {std::string(stream), after(delay), LinkKind::snapshot_only, 0});
            for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
                std::string changed = text;
                changed[bit / 8] =
                    static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ 1U << bit % 8);
                CHECK(is_invalid(changed));
            }
        }
    }
}

TEST_CASE("a link that is shortened, lengthened or padded is invalid") {
    const std::string text = sign_link(key, {"door", after(60s), {}, 0});
    for (std::size_t size = 0; size < text.size(); ++size) {
        CHECK(is_invalid(text.substr(0, size)));
        CHECK(is_invalid(text.substr(text.size() - size)));
    }
    for (const std::string_view more : {"A", "AA", "AAAA", "=", "==", "\n", " ", "%3D"}) {
        CHECK(is_invalid(std::string(text).append(more)));
        CHECK(is_invalid(std::string(more).append(text)));
    }
    CHECK(is_invalid(std::string(link_characters_max + 1, 'A')));
}

TEST_CASE("a link of another key is invalid") {
    const std::string text = sign_link(key, {"door", after(60s), {}, 0});
    CHECK(is_invalid(text, key_of(1)));
    for (std::size_t i = 0; i < key.size(); ++i) {
        LinkKey changed = key;
        changed[i] ^= std::byte{0x80};
        CHECK(is_invalid(text, changed));
    }
}

TEST_CASE("bytes that are never signed are invalid even with a signature") {
    const Link link{"door", after(60s), LinkKind::stream_and_snapshot, 0};
    const std::string bytes = bytes_of(sign_link(key, link));
    const std::string content = bytes.substr(0, bytes.size() - digest_bytes);
    REQUIRE(is_valid(signed_text(content), link));

    const auto with = [&content](std::size_t at, unsigned value) {
        std::string changed = content;
        changed[at] = static_cast<char>(value);
        return signed_text(changed);
    };
    for (unsigned value = 0; value <= 0xFF; ++value) {
        CHECK(is_invalid(with(0, value)) == (value != 1)); // version
        CHECK(is_invalid(with(1, value)) == (value > 1));  // kind
    }
    CHECK(is_invalid(with(2, 0x80))); // an expiry before 1970
    CHECK(is_invalid(with(10, 1)));   // more than 1000 frames/s
    CHECK(is_invalid(with(14, '-'))); // an invalid name
    CHECK(is_invalid(with(15, '\0')));
    CHECK(is_invalid(signed_text(content.substr(0, 14)))); // no name
    CHECK(is_invalid(signed_text(content.substr(0, 13))));
    CHECK(is_invalid(signed_text("")));
    CHECK(is_invalid(signed_text(content + std::string(60, 'a')))); // a name of 64 bytes

    std::string snapshot_with_rate = content;
    snapshot_with_rate[1] = 1;
    snapshot_with_rate[13] = 1;
    CHECK(is_invalid(signed_text(snapshot_with_rate)));
}
