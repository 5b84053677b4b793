#include "app/client_command_line.hpp"

#include <string>
#include <variant>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace ringcast;
using namespace ringcast::app;
using Catch::Matchers::ContainsSubstring;

namespace {

tl::expected<ClientCommand, EarlyExit> parsed(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "ringcast");
    REQUIRE(is_client_command(arguments));
    return parse_client_command(arguments);
}

template <typename Command>
Command accepted(const std::vector<const char*>& arguments) {
    auto result = parsed(arguments);
    INFO((result ? std::string() : result.error().standard_error));
    REQUIRE(result.has_value());
    return std::get<Command>(*std::move(result));
}

/// Standard error of a usage error.
std::string refused(const std::vector<const char*>& arguments) {
    const auto result = parsed(arguments);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ExitCode::usage_error);
    CHECK(result.error().standard_output.empty());
    return result.error().standard_error;
}

} // namespace

TEST_CASE("commands that ask a running server are recognised by their first argument only") {
    CHECK_FALSE(is_client_command(std::vector<const char*>{"ringcast"}));
    CHECK_FALSE(is_client_command(std::vector<const char*>{"ringcast", "doctor", "health"}));
}

TEST_CASE("health takes a stream, a configuration and addresses in any order") {
    const auto nothing = accepted<HealthCommand>({"health"});
    CHECK(nothing.stream.empty());
    CHECK(nothing.server.config.empty());
    CHECK(nothing.server.listen.empty());
    for (const auto& arguments :
         {std::vector<const char*>{"health", "door", "--config", "a.toml", "--listen", ":1",
                                   "--listen", "unix:/x", "--listen", ":1"},
          {"health", "--config=a.toml", "--listen=:1", "--listen", "unix:/x", "door"}}) {
        const auto command = accepted<HealthCommand>(arguments);
        CHECK(command.stream == "door");
        CHECK(command.server.config == "a.toml");
        CHECK(command.server.listen == std::vector<config::ListenAddress>{
                                           config::ListenTcp{"", 1}, config::ListenUnix{"/x"}});
    }
}

TEST_CASE("all mistakes in the arguments of health are reported") {
    const std::string errors =
        refused({"health", "door", "yard", "--listen", "x", "--confg", "--config"});
    CHECK_THAT(errors, ContainsSubstring("health takes at most one stream"));
    CHECK_THAT(errors, ContainsSubstring("--listen: found \"x\""));
    CHECK_THAT(errors, ContainsSubstring("unknown option --confg; did you mean --config?"));
    CHECK_THAT(errors, ContainsSubstring("--config needs a file"));
    CHECK_THAT(errors, ContainsSubstring("Try `ringcast health --help`."));
    CHECK_THAT(refused({"health", "a&b"}), ContainsSubstring("expected the name of a stream"));
}

TEST_CASE("--help of health has its options and exit codes") {
    const auto result = parsed({"health", "door", "--help"});
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ExitCode::ok);
    for (const char* word : {"--config", "--listen", "Exit codes"}) {
        CHECK_THAT(result.error().standard_output, ContainsSubstring(word));
    }
}

TEST_CASE("top takes a URL, or a configuration and addresses") {
    CHECK_FALSE(accepted<TopCommand>({"top"}).url.has_value());
    const auto command = accepted<TopCommand>({"top", "http://anna:secret@192.0.2.10:8080/"});
    REQUIRE(command.url.has_value());
    CHECK(command.url->shown == "http://192.0.2.10:8080/");
    CHECK(command.url->password == "secret");
    CHECK(accepted<TopCommand>({"top", "--config", "a.toml"}).server.config == "a.toml");
}

TEST_CASE("the mistakes in the arguments of top are reported without what may be a password") {
    CHECK_THAT(refused({"top", "http://a/", "--listen", ":1"}),
               ContainsSubstring("URL excludes --config and --listen"));
    CHECK_THAT(refused({"top", "http://a/", "http://b/"}), ContainsSubstring("at most one URL"));
    const std::string errors = refused({"top", "anna:secret@192.0.2.10"});
    CHECK_THAT(errors, ContainsSubstring("as in http://192.0.2.10:8080/"));
    CHECK_THAT(errors, !ContainsSubstring("secret"));
    CHECK_THAT(errors, ContainsSubstring("Try `ringcast top --help`."));
}
