#include "app/access_command_line.hpp"

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace ringcast::app {
namespace {

using Catch::Matchers::ContainsSubstring;
using namespace std::chrono_literals;

tl::expected<AccessCommand, EarlyExit> parsed(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "ringcast");
    CHECK(is_access_command(arguments));
    return parse_access_command(arguments);
}

template <typename Command>
Command accepted(const std::vector<const char*>& arguments) {
    auto result = parsed(arguments);
    INFO((result ? std::string() : result.error().standard_error));
    REQUIRE(result.has_value());
    return std::get<Command>(*result);
}

std::string refused(const std::vector<const char*>& arguments) {
    const auto result = parsed(arguments);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ExitCode::usage_error);
    CHECK(result.error().standard_output.empty());
    return result.error().standard_error;
}

} // namespace

TEST_CASE("only the first argument is a command about access") {
    CHECK_FALSE(is_access_command(std::vector<const char*>{"passwd"}));
    CHECK_FALSE(is_access_command(std::vector<const char*>{"ringcast", "pattern", "passwd"}));
    CHECK_FALSE(is_access_command(std::vector<const char*>{"ringcast", "./passwd"}));
    CHECK(is_access_word("link"));
    CHECK_FALSE(is_access_word("links"));
}

TEST_CASE("passwd takes a name, and options in any order") {
    const auto plain = accepted<PasswdCommand>({"passwd", "anna"});
    CHECK(plain.name == "anna");
    CHECK(plain.choice.file.empty());
    CHECK(plain.choice.config.empty());
    CHECK_FALSE(plain.remove);
    const auto full =
        accepted<PasswdCommand>({"passwd", "--file", "a", "--delete", "b@c.d", "--config=e=f"});
    CHECK(full.name == "b@c.d");
    CHECK(full.choice.file == "a");
    CHECK(full.choice.config == "e=f");
    CHECK(full.remove);
}

TEST_CASE("passwd takes no password as an argument, and does not repeat one") {
    for (const auto& arguments :
         {std::vector<const char*>{"passwd", "anna", "secret"},
          {"passwd", "anna:secret"},
          {"passwd", "anna", "--password=secret"},
          {"passwd", "anna", "--delete=secret"},
          {"token", "anna", "secret"},
          {"token", "anna:secret"},
          {"link", "door", "secret", "--for", "1h"},
          {"link", "door", "--for", "1h", "--base", "http://a:secret@b/"}}) {
        CHECK(refused(arguments).find("secret") == std::string::npos);
    }
    CHECK_THAT(refused({"passwd", "anna", "secret"}), ContainsSubstring("asks for the password"));
}

TEST_CASE("a missing or invalid name is explained") {
    CHECK(refused({"passwd"}) == "ringcast: passwd needs a name, as in ringcast passwd anna\n"
                                 "Try `ringcast passwd --help`.\n");
    CHECK_THAT(refused({"token"}), ContainsSubstring("token needs a name") &&
                                       ContainsSubstring("Try `ringcast token --help`."));
    CHECK_THAT(refused({"passwd", "a b"}), ContainsSubstring("letters, digits, -, _, . and @"));
    CHECK_THAT(refused({"passwd", ""}), ContainsSubstring("invalid name"));
}

TEST_CASE("mistakes in options are all reported") {
    const std::string text =
        refused({"passwd", "--fille", "x", "--delete=1", "anna", "--config", "--delete"});
    CHECK_THAT(text,
               ContainsSubstring("unknown option --fille; did you mean --file?\n") &&
                   ContainsSubstring("--delete takes no value\n") &&
                   ContainsSubstring("--config needs a file, as in --config ringcast.toml\n") &&
                   ContainsSubstring("takes one name"));
    CHECK_THAT(refused({"passwd", "anna", "--file"}), ContainsSubstring("--file needs a file"));
    CHECK_THAT(refused({"passwd", "anna", "--file="}), ContainsSubstring("--file needs a file"));
    CHECK_THAT(refused({"passwd", "anna", "--file", "a", "--file", "b"}),
               ContainsSubstring("--file is given 2 times"));
    CHECK_THAT(refused({"passwd", "anna", "--replace"}), ContainsSubstring("unknown option"));
}

TEST_CASE("each command has a help text") {
    for (const char* command : {"passwd", "token", "link"}) {
        for (const char* option : {"--help", "-h"}) {
            const auto result = parsed({command, "--nonsense", option});
            REQUIRE_FALSE(result.has_value());
            CHECK(result.error().code == ExitCode::ok);
            CHECK(result.error().standard_error.empty());
            CHECK_THAT(result.error().standard_output,
                       ContainsSubstring(std::string("Usage: ringcast ") + command) &&
                           ContainsSubstring("Examples"));
        }
    }
}

TEST_CASE("token takes streams once each") {
    const auto command = accepted<TokenCommand>(
        {"token", "tablet", "--stream", "door", "--stream=yard", "--stream", "door", "--replace"});
    CHECK(command.name == "tablet");
    CHECK(command.streams == std::vector<std::string>{"door", "yard"});
    CHECK(command.replace);
    CHECK_FALSE(command.remove);
    CHECK(accepted<TokenCommand>({"token", "tablet", "--delete"}).remove);
    CHECK_THAT(refused({"token", "tablet", "--stream", "a,b"}),
               ContainsSubstring("--stream: found"));
    for (const char* option : {"--replace", "--stream=door"}) {
        CHECK_THAT(refused({"token", "tablet", "--delete", option}),
                   ContainsSubstring("--delete excludes"));
    }
}

TEST_CASE("link takes a stream and a duration") {
    const auto plain = accepted<LinkCommand>({"link", "door", "--for", "24h"});
    CHECK(plain.stream == "door");
    CHECK(plain.duration == Duration(24h));
    CHECK(plain.kind == access::LinkKind::stream_and_snapshot);
    CHECK(plain.millifps == 0);
    CHECK(plain.base.empty());
    CHECK_FALSE(plain.revoke_all);
    const auto full =
        accepted<LinkCommand>({"link", "--for", "365d", "--fps", "0.0015", "door", "--base",
                               "https://cam.example.org/a", "--config", "c"});
    CHECK(full.duration == Duration(365 * 24h));
    CHECK(full.millifps == 2);
    CHECK(full.base == "https://cam.example.org/a/");
    CHECK(full.config == "c");
    CHECK(accepted<LinkCommand>({"link", "door", "--for", "1s", "--snapshot-only"}).kind ==
          access::LinkKind::snapshot_only);
    CHECK(accepted<LinkCommand>({"link", "door", "--for", "1s", "--fps", "1000"}).millifps ==
          access::link_millifps_max);
}

TEST_CASE("properties of links that are impossible are explained") {
    CHECK_THAT(refused({"link"}), ContainsSubstring("link needs a stream") &&
                                      ContainsSubstring("link needs a duration"));
    for (const char* duration : {"366d", "999ms", "0s", "24", "1w", "-1h"}) {
        CHECK_THAT(refused({"link", "door", "--for", duration}),
                   ContainsSubstring("expected a duration from 1s to 365d, as in 24h or 7d"));
    }
    for (const char* fps : {"0", "-5", "0.0005", "1000.1", "five"}) {
        CHECK_THAT(refused({"link", "door", "--for", "1h", "--fps", fps}),
                   ContainsSubstring("expected a number from 0.001 to 1000"));
    }
    CHECK_THAT(refused({"link", "door", "--for", "1h", "--fps", "5", "--snapshot-only"}),
               ContainsSubstring("exclude each other"));
    for (const char* base : {"cam.example.org", "ftp://a/", "https://", "https:///a", "http://a?b",
                             "http://a#b", "http://a b", "http://me@a/", "http", "http://a\n"}) {
        CHECK_THAT(refused({"link", "door", "--for", "1h", "--base", base}),
                   ContainsSubstring("--base needs an address"));
    }
}

TEST_CASE("revoking links concerns all of them") {
    const auto command = accepted<LinkCommand>({"link", "--revoke-all", "--config", "c"});
    CHECK(command.revoke_all);
    CHECK(command.config == "c");
    for (const auto& arguments : {std::vector<const char*>{"link", "door", "--revoke-all"},
                                  {"link", "--revoke-all", "--for", "1h"},
                                  {"link", "--revoke-all", "--snapshot-only"}}) {
        CHECK_THAT(refused(arguments), ContainsSubstring("takes only --config"));
    }
}

} // namespace ringcast::app
