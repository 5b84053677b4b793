#include "access/tokens.hpp"

#include <catch2/catch_test_macros.hpp>

#include "access/base64url.hpp"

using namespace ringcast::access;

namespace {

// SHA-256 of "abc" (FIPS 180).
constexpr std::string_view abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::string line(std::string_view name, std::string_view value) {
    return std::string(name).append(":").append(value).append("\n");
}

std::string error_of(std::string_view text) {
    const auto tokens = parse_tokens(text, "tokens");
    REQUIRE_FALSE(tokens.has_value());
    return tokens.error().message;
}

std::string streams(int count) {
    std::string list = "s0";
    for (int i = 1; i < count; ++i) {
        list.append(",s").append(std::to_string(i));
    }
    return list;
}

} // namespace

TEST_CASE("a new token has 43 characters that a URL may contain, and is not repeated") {
    const auto first = make_token();
    const auto second = make_token();
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(first->size() == token_characters);
    CHECK(base64url_decode(*first).value().size() == 32);
    CHECK(*first != *second);
}

TEST_CASE("a token is found by its digest") {
    const std::string alice = make_token().value();
    const std::string bob = make_token().value();
    const auto tokens =
        parse_tokens("# programs\n" + line("alice", token_digest(alice)) +
                         line("bob", token_digest(bob).append(":door,garden")) + line("carol", abc),
                     "tokens");
    REQUIRE(tokens.has_value());
    REQUIRE(tokens->size() == 3);
    CHECK(find_token(*tokens, alice) == &(*tokens)[0]);
    CHECK(find_token(*tokens, bob) == &(*tokens)[1]);
    CHECK(find_token(*tokens, "abc") == &(*tokens)[2]);
    CHECK((*tokens)[0].streams.empty());
    CHECK((*tokens)[1].name == "bob");
    CHECK((*tokens)[1].streams == std::vector<std::string>{"door", "garden"});
    for (std::size_t i = 0; i < alice.size(); ++i) {
        std::string changed = alice;
        changed[i] = changed[i] == 'a' ? 'b' : 'a';
        CHECK(find_token(*tokens, changed) == nullptr);
    }
    CHECK(find_token(*tokens, token_digest(alice)) == nullptr);
    CHECK(find_token(*tokens, "") == nullptr);
    CHECK(find_token({}, alice) == nullptr);
}

TEST_CASE("a token of more than 256 characters is not found") {
    const std::string longest(256, 'a');
    const std::string too_long(257, 'a');
    const auto tokens = parse_tokens(
        line("a", token_digest(longest)) + line("b", token_digest(too_long)), "tokens");
    REQUIRE(tokens.has_value());
    CHECK(find_token(*tokens, longest) == tokens->data());
    CHECK(find_token(*tokens, too_long) == nullptr);
}

TEST_CASE("digests are read in upper case and lower case") {
    const auto tokens = parse_tokens(
        line("a", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"), "tokens");
    REQUIRE(tokens.has_value());
    CHECK(find_token(*tokens, "abc") == tokens->data());
}

TEST_CASE("an error in a tokens file names the line and what to do") {
    constexpr std::string_view form = "NAME:SHA-256 or NAME:SHA-256:STREAM,STREAM";
    constexpr std::string_view run = "run printf %s TOKEN | sha256sum";
    CHECK(error_of("") ==
          std::string("tokens: an empty file would lock everybody out: add a line ").append(form));
    CHECK(error_of("\nalice\n") == std::string("tokens:2: expected ").append(form));
    for (const std::string_view value : {"hunter2", "zz", ":door", "sha256:abc"}) {
        CHECK(error_of(line("alice", value)) == std::string("tokens:1: expected ")
                                                    .append(form)
                                                    .append(", with 64 hexadecimal digits: ")
                                                    .append(run));
    }
    CHECK(error_of(line("alice", make_token().value())) ==
          std::string("tokens:1: this looks like the token itself, expected its digest: ")
              .append(run));
    CHECK(error_of(line("alice", token_digest(""))) ==
          std::string("tokens:1: this is the digest of an empty text: ").append(run));
    CHECK(error_of(line("alice", abc) + line("bob", abc)) ==
          "tokens:2: line 1 has the same digest: make another token");
    CHECK(error_of(line("alice", abc) + line("alice", token_digest("x"))) ==
          "tokens:2: line 1 has the same name: remove one of the two");
}

TEST_CASE("the streams of a token are 1 to 64 different names") {
    const auto with = [](std::string_view list) {
        return line("alice", std::string(abc).append(":").append(list));
    };
    CHECK(parse_tokens(with(streams(64)), "tokens").value().front().streams.size() == 64);
    for (const std::string& list :
         {std::string(), std::string(","), std::string("door,"), std::string(",door"),
          std::string("door,door"), std::string("-door"), std::string("door, garden"),
          std::string("door:garden"), std::string("a/b"), std::string(64, 'a'), streams(65)}) {
        CHECK(error_of(with(list)) ==
              "tokens:1: invalid list of streams, expected 1 to 64 different names with commas "
              "between them; for all streams, remove the second colon");
    }
}

TEST_CASE("messages about tokens contain nothing of the line") {
    const std::string token = make_token().value();
    for (const std::string& text :
         {line("alice", token), line(token, "alice"), line("alice", token + "x"),
          line("alice", std::string(abc).append(":").append(token).append(",")),
          line(token, abc) + line(token, token_digest("x")), token}) {
        CHECK(error_of(text).find(token) == std::string::npos);
    }
}
