// [access], viewers of streams, and the tables of [http] listen.

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "config/describe.hpp"
#include "config/load.hpp"

using namespace ringcast;
using namespace ringcast::config;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::string pattern = "[streams.a]\nsource = \"pattern\"\n";
const std::string users = "[access]\nusers_file = \"/etc/ringcast/users\"\n";

Config accepted(const std::string& text) {
    const LoadResult result = parse(text, "test.toml");
    INFO((result ? std::string() : result.error().text()));
    REQUIRE(result.has_value());
    return *result;
}

std::string rejection(const std::string& text) {
    const LoadResult result = parse(text, "test.toml");
    REQUIRE_FALSE(result.has_value());
    INFO(result.error().text());
    CHECK(result.error().list.size() == 1);
    return result.error().text();
}

std::string listening(const std::string& entry) {
    return "[http]\nlisten = [" + entry + "]\n" + pattern;
}

} // namespace

TEST_CASE("a server without [access] asks for no password") {
    const Config config = accepted(pattern);
    CHECK_FALSE(config.access.restricted());
    CHECK(config.access.link_key_file.empty());
    CHECK(config.streams[0].viewers == StreamViewers{});
}

TEST_CASE("the files, proxies and administrators of [access] are stored") {
    const Config config = accepted(users +
                                   "tokens_file = \"/etc/ringcast/tokens\"\n"
                                   "trusted_proxies = [\"::1\", \"10.0.0.0/8\", \"unix\"]\n"
                                   "admins = [\"anna\"]\n" +
                                   pattern + "viewers = [\"anna\", \"tablet\"]\n");
    CHECK(config.access.restricted());
    CHECK(config.access.users_file == "/etc/ringcast/users");
    CHECK(config.access.tokens_file == "/etc/ringcast/tokens");
    CHECK(config.access.trusted_proxies == std::vector<std::string>{"::1", "10.0.0.0/8", "unix"});
    CHECK(config.access.admins == std::vector<std::string>{"anna"});
    CHECK(config.streams[0].viewers ==
          StreamViewers{StreamViewers::Kind::named, {"anna", "tablet"}});
    CHECK_THAT(describe(config), ContainsSubstring("It may be watched by anna, tablet."));
    CHECK_THAT(describe(config), ContainsSubstring("it asks for a password"));
}

TEST_CASE("the key of links is beside the users file, or else beside the tokens file") {
    CHECK(accepted(users + pattern).access.link_key_file == "/etc/ringcast/link.key");
    CHECK(accepted("[access]\ntokens_file = \"/t/tokens\"\n" + pattern).access.link_key_file ==
          "/t/link.key");
    CHECK(accepted(users + "link_key_file = \"/run/key\"\n" + pattern).access.link_key_file ==
          "/run/key");
}

TEST_CASE("a stream can be public") {
    const std::string text = pattern + "viewers = \"public\"\n";
    CHECK(accepted(users + text).streams[0].viewers.kind == StreamViewers::Kind::everybody);
    CHECK(accepted(text).streams[0].viewers.kind == StreamViewers::Kind::everybody);
}

TEST_CASE("proxies can be trusted without passwords") {
    const Config config = accepted("[access]\ntrusted_proxies = [\"unix\"]\n" + pattern);
    CHECK_FALSE(config.access.restricted());
}

TEST_CASE("a configuration that only looks as if it asked for passwords is refused") {
    CHECK_THAT(rejection("[access]\n" + pattern), ContainsSubstring("everybody could watch"));
    CHECK_THAT(rejection("[access]\nadmins = [\"anna\"]\n" + pattern),
               ContainsSubstring("test.toml:2:10: access.admins: has no effect without"));
    CHECK_THAT(rejection("[access]\nlink_key_file = \"/k\"\n" + pattern),
               ContainsSubstring("has no effect without"));
    CHECK_THAT(rejection(pattern + "viewers = [\"anna\"]\n"),
               ContainsSubstring("streams.a.viewers: names viewers, but [access] has neither"));
}

TEST_CASE("invalid values of [access] are refused with the expected ones") {
    CHECK_THAT(rejection("[access]\nusers_file = \"users\"\n" + pattern),
               ContainsSubstring("expected the absolute path"));
    CHECK_THAT(rejection(users + "trusted_proxies = [\"10.0.0.0/40\"]\n" + pattern),
               ContainsSubstring("access.trusted_proxies[0]"));
    CHECK_THAT(rejection(users + "trusted_proxies = [\"proxy.local\"]\n" + pattern),
               ContainsSubstring("access.trusted_proxies[0]"));
    CHECK_THAT(rejection(users + "admins = [\"\"]\n" + pattern),
               ContainsSubstring("access.admins[0]"));
    CHECK_THAT(rejection(users + pattern + "viewers = []\n"),
               ContainsSubstring("streams.a.viewers: found an empty list"));
    CHECK_THAT(rejection(users + pattern + "viewers = \"anna\"\n"),
               ContainsSubstring("found \"anna\", expected a list of names"));
    CHECK_THAT(rejection(users + pattern + "viewers = [\"public\"]\n"),
               ContainsSubstring("or \"public\""));
}

TEST_CASE("a listening address can be a table with the socket file's properties") {
    const Config config =
        accepted(listening("\":80\", { address = \"unix:/run/r.sock\", mode = \"0666\", "
                           "group = \"www-data\", proxy_protocol = true, access = \"public\" }"));
    REQUIRE(config.http.listen.size() == 2);
    CHECK(config.http.listen[0] == ListenConfig{ListenTcp{"", 80}});
    CHECK(config.http.listen[1] == ListenConfig{.address = ListenUnix{"/run/r.sock"},
                                                .mode = 0666,
                                                .group = "www-data",
                                                .proxy_protocol = true,
                                                .open = true});
    CHECK_THAT(describe(config), ContainsSubstring("must begin with a PROXY header"));
    CHECK(accepted(listening("{ address = \":80\", access = \"default\" }")).http.listen[0] ==
          ListenConfig{ListenTcp{"", 80}});
}

TEST_CASE("a listening address's table is checked") {
    const auto [entry, expected] = GENERATE(table<std::string, std::string>(
        {{"{ mode = \"0660\" }", "http.listen[0].address: is missing"},
         {"{ address = \":x\" }", "http.listen[0].address: found \":x\""},
         {"{ address = 80 }", "http.listen[0].address: found 80"},
         {"80", "http.listen[0]: found 80"},
         {"{ address = \":80\", mode = \"0660\" }", "applies to the file of a UNIX socket only"},
         {"{ address = \":80\", group = \"a\" }", "applies to the file of a UNIX socket only"},
         {"{ address = \"unix:/s\", mode = \"0888\" }", "expected octal permissions"},
         {"{ address = \"unix:/s\", mode = \"4755\" }", "expected octal permissions"},
         {"{ address = \"unix:/s\", mode = 660 }", "expected octal permissions"},
         {"{ address = \"unix:/s\", group = \"\" }", "expected the name of a group"},
         {"{ address = \":80\", proxy_protocol = \"yes\" }", "expected true or false"},
         {"{ address = \":80\", access = \"open\" }", R"(expected "default" or "public")"},
         {"{ address = \":80\", proxy = true }", "unknown key, expected one of address"},
         {"\":80\", { address = \":80\" }", "a second time"}}));
    CAPTURE(entry);
    CHECK_THAT(rejection(listening(entry)), ContainsSubstring(expected));
}

TEST_CASE("the path of a server behind a proxy begins with a slash, and ends without one") {
    const auto base_path = [](const std::string& path) {
        return "[http]\nbase_path = \"" + path + "\"\n" + pattern;
    };
    CHECK(accepted(base_path("/cam/")).http.base_path == "/cam");
    for (const char* const path : {"cam", "/", "/a//b", "/../a", "/a b", "http://host/cam"}) {
        CAPTURE(path);
        CHECK_THAT(rejection(base_path(path)), ContainsSubstring("expected a path"));
    }
}
