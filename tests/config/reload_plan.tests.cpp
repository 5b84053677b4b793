#include "config/reload_plan.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "config/load.hpp"

using namespace ringcast::config;
using Kind = Action::Kind;

namespace {

const std::string cam = "[streams.cam]\nsource = \"pattern\"\n";
const std::string door = "[streams.door]\nsource = \"pattern\"\n";
const std::string passwords = "[access]\nusers_file = \"/etc/users\"\n";

std::vector<Action> plan(const std::string& running, const std::string& wanted) {
    return plan_reload(parse(running, "running").value(), parse(wanted, "wanted").value());
}

using Actions = std::vector<Action>;

} // namespace

TEST_CASE("an equal configuration needs no action, however it is written") {
    CHECK(plan(cam, cam).empty());
    CHECK(plan(cam, "# a comment\n[viewers]\nmax = 4096\n" + cam).empty());
    CHECK(plan("[streams.cam]\nsource = \"exec\"\ncommand = [\"a\"]\n",
               "[streams.cam]\ncommand = [\"a\"]\nsource = \"exec\"\ntimeout = \"10s\"\n")
              .empty());
}

TEST_CASE("only the streams that differ are touched") {
    CHECK(plan(cam, cam + door) == Actions{{Kind::add_stream, "door"}});
    CHECK(plan(cam + door, cam) == Actions{{Kind::remove_stream, "door"}});
    CHECK(plan(cam + door, cam + door + "fps = 5\n") == Actions{{Kind::replace_stream, "door"}});
    CHECK(plan(cam + door, cam + "[streams.door]\nsource = \"file\"\npath = \"x.jpg\"\n") ==
          Actions{{Kind::replace_stream, "door"}});
}

TEST_CASE("a stream whose pictures are turned in another way is replaced") {
    CHECK(plan(cam, cam + "mirror = true\n") == Actions{{Kind::replace_stream, "cam"}});
    CHECK(plan(cam + "rotate = \"90\"\n", cam + "rotate = \"270\"\n") ==
          Actions{{Kind::replace_stream, "cam"}});
    CHECK(plan(cam, cam + "overlay = { text = \"a\" }\n") ==
          Actions{{Kind::replace_stream, "cam"}});
}

TEST_CASE("other renditions change the stream in place, unless it is replaced anyway") {
    const std::string wall = "renditions = { wall = { size = \"480x270\" } }\n";
    CHECK(plan(cam, cam + wall) == Actions{{Kind::change_renditions, "cam"}});
    CHECK(plan(cam + wall, cam) == Actions{{Kind::change_renditions, "cam"}});
    CHECK(plan(cam, cam + wall + "fps = 5\n") == Actions{{Kind::replace_stream, "cam"}});
    CHECK(plan(cam + wall, cam + wall).empty());
    CHECK(plan(cam, cam + "adapt = false\n") == Actions{{Kind::change_renditions, "cam"}});
    CHECK(plan(cam, cam + "adapt = \"auto\"\n").empty());
}

TEST_CASE("each option of a source makes it another source") {
    const auto [before, after] = GENERATE(table<std::string, std::string>({
        {"source = \"pattern\"", "source = \"pattern\"\nsize = \"640x480\""},
        {"source = \"pattern\"", "source = \"pattern\"\nquality = 50"},
        {"source = \"exec\"\ncommand = [\"a\"]", "source = \"exec\"\ncommand = [\"a\", \"b\"]"},
        {"source = \"exec\"\ncommand = [\"a\"]",
         "source = \"exec\"\ncommand = [\"a\"]\ntimeout = \"20s\""},
        {"source = \"file\"\npath = \"a.jpg\"", "source = \"file\"\npath = \"a.jpg\"\nfps = 2"},
        {"source = \"libcamera\"", "source = \"libcamera\"\ncontrols = { Brightness = 0.1 }"},
        {"source = \"libcamera\"", "source = \"libcamera\"\non_demand = true"},
        {"source = \"http\"\nurl = \"http://a/s\"", "source = \"http\"\nurl = \"http://b/s\""},
    }));
    const std::string head = "[streams.cam]\n";
    CHECK(plan(head + before + "\n", head + after + "\n") ==
          Actions{{Kind::replace_stream, "cam"}});
}

TEST_CASE("another size of memory concerns every stream that stays") {
    CHECK(
        plan(cam + door, "[memory]\nslots = 16\n" + cam + "[streams.gate]\nsource = \"stdin\"\n") ==
        Actions{{Kind::replace_stream, "cam"},
                {Kind::add_stream, "gate"},
                {Kind::remove_stream, "door"}});
}

TEST_CASE("a default stream that is removed is no longer the default by then") {
    CHECK(plan(cam, door) == Actions{{Kind::add_stream, "door"},
                                     {Kind::set_default_stream, "door"},
                                     {Kind::remove_stream, "cam"}});
}

TEST_CASE("the default changes without touching the streams") {
    CHECK(plan(cam + door, cam + door + "default = true\n") ==
          Actions{{Kind::set_default_stream, "door"}});
    CHECK(plan(cam + door, door + cam) == Actions{{Kind::set_default_stream, "door"}});
}

TEST_CASE("listeners are compared by address") {
    const auto listen = [](const std::string& list) {
        return "[http]\nlisten = [" + list + "]\n" + cam;
    };
    CHECK(plan(listen("\":80\""), listen("\":80\", \"unix:/run/a\"")) ==
          Actions{{Kind::open_listener, "unix:/run/a"}});
    CHECK(plan(listen("\":80\", \":81\""), listen("\":81\"")) ==
          Actions{{Kind::close_listener, ":80"}});
    CHECK(plan(listen("\"127.0.0.1:80\""), listen("\":80\"")) ==
          Actions{{Kind::close_listener, "127.0.0.1:80"}, {Kind::open_listener, ":80"}});
    CHECK(plan(listen("\":80\""), listen("{ address = \":80\", proxy_protocol = true }")) ==
          Actions{{Kind::change_listener, ":80"}});
    CHECK(
        plan(listen("\"unix:/run/a\""), listen("{ address = \"unix:/run/a\", mode = \"0600\" }")) ==
        Actions{{Kind::change_listener, "unix:/run/a"}});
    CHECK(plan(listen("\":80\", \":81\""), listen("\":81\", \":80\"")).empty());
}

TEST_CASE("settings change in place, each under its key") {
    const auto [key, text] = GENERATE(table<std::string, std::string>({
        {"http.cors_origins", "[http]\ncors_origins = [\"*\"]\n"},
        {"http.hosts", "[http]\nhosts = [\"cam.example.org\"]\n"},
        {"http.base_path", "[http]\nbase_path = \"/cam\"\n"},
        {"access.trusted_proxies", "[access]\ntrusted_proxies = [\"192.0.2.1\"]\n"},
        {"viewers.max", "[viewers]\nmax = 10\n"},
        {"viewers.max_per_address", "[viewers]\nmax_per_address = 3\n"},
        {"viewers.stall_timeout", "[viewers]\nstall_timeout = \"20s\"\n"},
        {"viewers.send", "[viewers]\nsend = \"copy\"\n"},
        {"log.level", "[log]\nlevel = \"debug\"\n"},
    }));
    CHECK(plan(cam, text + cam) == Actions{{Kind::change_setting, key}});
    CHECK(plan(text + cam, cam) == Actions{{Kind::change_setting, key}});
}

TEST_CASE("the files of users and tokens are read again whether the configuration changed or not") {
    CHECK(plan(passwords + cam, passwords + cam) == Actions{{Kind::reread_access, {}}});
    CHECK(plan(passwords + cam, "[access]\ntokens_file = \"/etc/tokens\"\n" + cam) ==
          Actions{{Kind::reread_access, {}}});
    CHECK(plan(passwords + cam, passwords + "admins = [\"ada\"]\n" + cam) ==
          Actions{{Kind::reread_access, {}}});
}

TEST_CASE("passwords are switched on and off") {
    CHECK(plan(cam, passwords + cam) == Actions{{Kind::switch_access_on, {}}});
    CHECK(plan(passwords + cam, cam) == Actions{{Kind::switch_access_off, {}}});
}

TEST_CASE("other viewers of a stream leave its source alone") {
    CHECK(plan(passwords + cam, passwords + cam + "viewers = [\"ada\"]\n") ==
          Actions{{Kind::reread_access, {}}, {Kind::change_viewers, "cam"}});
}

TEST_CASE("new rules are in force before anything new can be reached") {
    const std::vector<Action> actions =
        plan("[http]\nlisten = [\":80\"]\n" + cam,
             "[http]\nlisten = [\":81\"]\n" + passwords + cam + door);
    CHECK(actions == Actions{{Kind::switch_access_on, {}},
                             {Kind::close_listener, ":80"},
                             {Kind::add_stream, "door"},
                             {Kind::open_listener, ":81"}});
}

TEST_CASE("cameras, programs and standard input are used by one stream at a time") {
    CHECK(is_exclusive(LibcameraConfig{}));
    CHECK(is_exclusive(ExecConfig{}));
    CHECK(is_exclusive(StdinConfig{}));
    CHECK_FALSE(is_exclusive(PatternConfig{}));
    CHECK_FALSE(is_exclusive(FileConfig{}));
    CHECK_FALSE(is_exclusive(UpstreamConfig{}));
}

TEST_CASE("the engine and the format of the log can't be changed in a process that runs") {
    using Keys = std::vector<std::string_view>;
    const auto keys = [](const std::string& running, const std::string& wanted) {
        return keys_for_restart(parse(running + cam, "running").value(),
                                parse(wanted + cam, "wanted").value());
    };
    CHECK(keys("", "[log]\nlevel = \"debug\"\n").empty());
    CHECK(keys("", "[log]\nformat = \"json\"\n") == Keys{"log.format"});
    CHECK(keys("[server]\nengine = \"epoll\"\n", "") == Keys{"server.engine"});
}

TEST_CASE("each action is one line for the log") {
    CHECK(action_text({Kind::add_stream, "door"}) == "stream door: added");
    CHECK(action_text({Kind::change_setting, "viewers.max"}) == "viewers.max: changed");
    CHECK(action_text({Kind::open_listener, ":80"}) == ":80: opened");
}
