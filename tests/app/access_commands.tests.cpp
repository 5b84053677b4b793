#include "app/access_commands.hpp"

#include <array>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/link.hpp"
#include "access/password_hash.hpp"
#include "access/tokens.hpp"
#include "access/users_file.hpp"
#include "app/link_key.hpp"
#include "base/unique_fd.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::app {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using namespace std::chrono_literals;

constexpr std::string_view streams = "[streams.door]\nsource = \"pattern\"\n"
                                     "[streams.yard]\nsource = \"pattern\"\n";
constexpr WallTime test_now = WallTime(1'700'000'000s + 1ms);
const std::string bcrypt_hash = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

/// A machine whose usual configuration and folder are in a temporary folder.
class Machine {
public:
    [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ifstream file(path(name), std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
    void write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
        folder_.write(name, content);
        REQUIRE(::chmod(path(name).c_str(), mode) == 0);
    }
    [[nodiscard]] mode_t mode(const std::string& name) const {
        struct stat status{};
        REQUIRE(::stat(path(name).c_str(), &status) == 0);
        return status.st_mode & 07777U;
    }
    /// The usual configuration.
    void configure(const std::string& access, const std::string& http = "") const {
        write("ringcast.toml", http + access + std::string(streams), 0644);
    }
    /// With both files in [access].
    void restrict() const {
        configure("[access]\nusers_file = \"" + path("u") + "\"\ntokens_file = \"" + path("t") +
                  "\"\n");
    }

    /// `arguments` without the program's name. `input` is what standard input has.
    [[nodiscard]] EarlyExit run(std::vector<const char*> arguments,
                                const std::string& input = "secret\n") const {
        arguments.insert(arguments.begin(), "ringcast");
        const auto parsed = parse_access_command(arguments);
        INFO((parsed ? std::string() : parsed.error().standard_error));
        REQUIRE(parsed.has_value());
        folder_.write("input", input);
        const UniqueFd standard_input(::open(path("input").c_str(), O_RDONLY | O_CLOEXEC));
        const AccessPaths paths{path("ringcast.toml"), path("usual")};
        EarlyExit exit;
        if (const auto* passwd = std::get_if<PasswdCommand>(&*parsed)) {
            exit = set_password(*passwd, {standard_input.get(), -1}, paths);
        } else if (const auto* token = std::get_if<TokenCommand>(&*parsed)) {
            exit = change_token(*token, paths);
        } else {
            exit = make_link(std::get<LinkCommand>(*parsed), paths, {"pi", {}, {}}, test_now);
        }
        CHECK(exit.standard_error.find("secret") == std::string::npos);
        CHECK(exit.standard_error.find('$') == std::string::npos);
        if (exit.code != ExitCode::ok) {
            CHECK(exit.standard_output.empty());
        }
        return exit;
    }
    /// Standard error of a command that succeeds.
    std::string done(const std::vector<const char*>& arguments,
                     const std::string& input = "secret\n") const {
        const EarlyExit exit = run(arguments, input);
        CAPTURE(exit.standard_error);
        REQUIRE(exit.code == ExitCode::ok);
        return exit.standard_error;
    }
    /// Standard error of a command that fails.
    [[nodiscard]] std::string error(const std::vector<const char*>& arguments,
                                    ExitCode code = ExitCode::runtime_failure) const {
        const EarlyExit exit = run(arguments);
        CAPTURE(exit.standard_error);
        REQUIRE(exit.code == code);
        return exit.standard_error;
    }

private:
    test::TemporaryFolder folder_;
};

/// The hash of the only user in a file.
std::string only_hash(const std::string& text) {
    const auto users = access::parse_users(text, "users");
    REQUIRE(users.has_value());
    REQUIRE(users->size() == 1);
    return users->front().hash;
}

/// The link in an address, checked.
access::Link link_in(const Machine& machine, const std::string& url, WallTime now) {
    const auto key = load_link_key(machine.path("link.key"));
    REQUIRE(key.has_value());
    REQUIRE(key->has_value());
    const std::string text = url.substr(url.find("?token=") + 7);
    const auto check = access::verify_link(**key, text.substr(0, text.size() - 1), now);
    REQUIRE(std::holds_alternative<access::Link>(check));
    return std::get<access::Link>(check);
}

} // namespace

TEST_CASE("passwd works on a machine where nothing is set up") {
    const Machine machine;
    const std::string text = machine.done({"passwd", "anna"});
    const std::string file = machine.path("usual/users");
    CHECK(text ==
          "ringcast: anna has a new password in " + file + "\n" +
              "Only the user that runs this command can read " + file +
              ". If ringcast runs as another user, let a group of that user read it:\n  sudo chgrp "
              "GROUP " +
              file + " && sudo chmod 640 " + file + "\n" +
              "To use it, add to the configuration, and restart ringcast:\n  [access]\n  "
              "users_file = \"" +
              file + "\"\n");
    CHECK(machine.mode("usual/users") == 0600);
    CHECK(machine.mode("usual") == 0755);
    CHECK(access::verify_password("secret", only_hash(machine.read("usual/users"))));
}

TEST_CASE("passwd says how to use the file that the configuration does not name yet") {
    const Machine machine;
    machine.configure("");
    CHECK_THAT(machine.done({"passwd", "anna"}),
               EndsWith("To use it, add to " + machine.path("ringcast.toml") +
                        ", and restart ringcast:\n  [access]\n  users_file = \"" +
                        machine.path("usual/users") + "\"\n"));
    machine.configure("[access]\ntokens_file = \"" + machine.path("t") + "\"\n");
    CHECK_THAT(machine.done({"passwd", "anna"}),
               EndsWith("add under [access] in " + machine.path("ringcast.toml") +
                        ", and restart ringcast:\n  users_file = \"" + machine.path("usual/users") +
                        "\"\n"));
}

TEST_CASE("passwd changes the file of the configuration, and nothing else in it") {
    const Machine machine;
    machine.restrict();
    machine.write(
        "u", "# family\nbob:" + bcrypt_hash + "\n\nanna:" + bcrypt_hash + "\ncarl:" + bcrypt_hash,
        0640);
    CHECK(machine.done({"passwd", "anna"}) ==
          "ringcast: anna has a new password in " + machine.path("u") +
              "\nA running ringcast reads it again after: sudo systemctl reload ringcast (or "
              "SIGHUP)\n");
    const std::string text = machine.read("u");
    CHECK_THAT(text, StartsWith("# family\nbob:" + bcrypt_hash + "\n\nanna:$y$") &&
                         EndsWith("\ncarl:" + bcrypt_hash));
    CHECK(machine.mode("u") == 0640);
    CHECK(access::verify_password("secret", access::parse_users(text, "u")->at(1).hash));
    CHECK(machine.done({"passwd", "dora"}).find("chgrp") == std::string::npos);
    CHECK(access::parse_users(machine.read("u"), "u")->size() == 4);
}

TEST_CASE("passwd --file needs no configuration, and one that is named says how to use the file") {
    const Machine machine;
    const std::string file = machine.path("mine");
    machine.write("ringcast.toml", "this is no configuration");
    CHECK_THAT(machine.done({"passwd", "anna", "--file", file.c_str()}),
               ContainsSubstring("add to the configuration") && ContainsSubstring("chgrp"));
    CHECK_THAT(machine.done({"passwd", "bob", "--file", file.c_str()}), EndsWith("(or SIGHUP)\n"));
    machine.restrict();
    const std::string config = machine.path("ringcast.toml");
    CHECK_THAT(machine.done({"passwd", "bob", "--file", file.c_str(), "--config", config.c_str()}),
               EndsWith("under [access] in " + config +
                        ", and restart ringcast:\n  users_file = \"" + file + "\"\n"));
    CHECK(access::parse_users(machine.read("mine"), "mine")->size() == 2);
}

TEST_CASE("passwd refuses an empty password and changes nothing") {
    const Machine machine;
    machine.restrict();
    CHECK_THAT(machine.run({"passwd", "anna"}, "\n").standard_error,
               ContainsSubstring("an empty password"));
    CHECK(::access(machine.path("u").c_str(), F_OK) != 0);
}

TEST_CASE("passwd corrects one of several lines that a server refuses, and names the next one") {
    const Machine machine;
    machine.restrict();
    machine.write("u", "anna:$apr1$x\nbob:$apr1$y\n");
    CHECK_THAT(machine.done({"passwd", "anna"}),
               ContainsSubstring("refuses this file until another line is corrected:\n  " +
                                 machine.path("u") + ":2: "));
    CHECK_THAT(machine.done({"passwd", "bob"}), !ContainsSubstring("refuses"));
}

TEST_CASE("a file with the greatest number of users takes no further one") {
    const Machine machine;
    machine.restrict();
    std::string text;
    for (int i = 0; i < 1000; ++i) {
        text += std::to_string(i) + ":" + "$5$a$" + std::string(43, '.') + "\n";
    }
    machine.write("u", text);
    CHECK_THAT(machine.error({"passwd", "anna"}), ContainsSubstring("at most 1000"));
    CHECK(machine.read("u") == text);
}

TEST_CASE("passwd --delete removes a user, but not the last one") {
    const Machine machine;
    machine.restrict();
    machine.write("u", "anna:" + bcrypt_hash + "\n# c\nbob:" + bcrypt_hash + "\n");
    CHECK(machine.error({"passwd", "carl", "--delete"}) ==
          "ringcast: " + machine.path("u") + " has no user carl\n");
    CHECK_THAT(machine.done({"passwd", "anna", "--delete"}),
               StartsWith("ringcast: removed anna from ") && EndsWith("(or SIGHUP)\n"));
    CHECK(machine.read("u") == "# c\nbob:" + bcrypt_hash + "\n");
    CHECK_THAT(machine.error({"passwd", "bob", "--delete"}),
               ContainsSubstring("bob is the last user") &&
                   ContainsSubstring("or remove users_file from the configuration"));
    CHECK(machine.read("u") == "# c\nbob:" + bcrypt_hash + "\n");
    machine.write("u", "");
    CHECK_THAT(machine.error({"passwd", "bob", "--delete"}), ContainsSubstring("has no user bob"));
}

TEST_CASE("a folder that can't be written to is reported before the password is asked for") {
    const Machine machine;
    const std::string file = machine.path("none/users");
    CHECK(machine.run({"passwd", "anna", "--file", file.c_str()}, "").standard_error ==
          "ringcast: " + machine.path("none/") +
              " can't be written to: No such file or directory: create it, or name another file by "
              "--file\n");
}

TEST_CASE("the usual folder is made also for a configuration that names a file in it already") {
    const Machine machine;
    machine.configure("[access]\nusers_file = \"" + machine.path("usual/users") + "\"\n");
    CHECK_THAT(machine.done({"passwd", "anna"}), StartsWith("ringcast: anna has a new password"));
    CHECK(machine.mode("usual") == 0755U);
}

TEST_CASE("a configuration with mistakes is reported") {
    const Machine machine;
    machine.write("ringcast.toml", "[acess]\n");
    for (const auto& arguments : {std::vector<const char*>{"passwd", "anna"},
                                  {"token", "tablet"},
                                  {"link", "door", "--for", "1h"}}) {
        CHECK_THAT(machine.error(arguments, ExitCode::usage_error),
                   ContainsSubstring("ringcast.toml:1:"));
    }
    CHECK_THAT(machine.error({"passwd", "anna", "--config", "/nowhere/c"}, ExitCode::usage_error),
               ContainsSubstring("/nowhere/c: can't be opened"));
}

TEST_CASE("link needs a configuration") {
    const Machine machine;
    CHECK(machine.error({"link", "door", "--for", "1h"}, ExitCode::usage_error) ==
          "ringcast: there is no " + machine.path("ringcast.toml") +
              ": name the configuration of the server by --config FILE\n");
}

TEST_CASE("token prints a token of which the file has the digest") {
    const Machine machine;
    machine.restrict();
    machine.write("u", "anna:" + bcrypt_hash + "\n", 0640);
    const EarlyExit exit = machine.run({"token", "tablet", "--stream", "door", "--stream", "yard"});
    REQUIRE(exit.code == ExitCode::ok);
    REQUIRE(exit.standard_output.size() == access::token_characters + 1);
    const std::string token = exit.standard_output.substr(0, access::token_characters);
    CHECK(exit.standard_error.find(token) == std::string::npos);
    CHECK_THAT(exit.standard_error, ContainsSubstring("?token=TOKEN") &&
                                        ContainsSubstring("Authorization: Bearer TOKEN") &&
                                        EndsWith("(or SIGHUP)\n"));
    CHECK(machine.read("t") == "tablet:" + access::token_digest(token) + ":door,yard\n");
    CHECK(machine.mode("t") == 0640); // as the users file
}

TEST_CASE("a token is replaced only on request, and keeps its streams") {
    const Machine machine;
    machine.restrict();
    machine.done({"token", "tablet", "--stream", "door"});
    const std::string first = machine.read("t");
    CHECK_THAT(machine.error({"token", "tablet"}), ContainsSubstring("has a token tablet already"));
    CHECK(machine.read("t") == first);
    machine.done({"token", "tablet", "--replace"});
    CHECK(machine.read("t") != first);
    CHECK_THAT(machine.read("t"), EndsWith(":door\n"));
    machine.done({"token", "tablet", "--replace", "--stream", "yard"});
    CHECK_THAT(machine.read("t"), EndsWith(":yard\n"));
    machine.done({"token", "wall", "--replace"});
    CHECK(access::parse_tokens(machine.read("t"), "t")->size() == 2);
    machine.done({"token", "tablet", "--delete"});
    CHECK_THAT(machine.error({"token", "wall", "--delete"}),
               ContainsSubstring("wall is the last token"));
}

TEST_CASE("a token of which it is unknown to what it admits is not replaced") {
    const Machine machine;
    machine.restrict();
    machine.write("t", "tablet:nonsense:door\n");
    CHECK_THAT(machine.error({"token", "tablet", "--replace"}), ContainsSubstring("t:1: "));
    machine.done({"token", "tablet", "--replace", "--stream", "door"});
}

TEST_CASE("the streams of a token and of a link exist in the configuration") {
    const Machine machine;
    machine.restrict();
    const std::string config = machine.path("ringcast.toml");
    CHECK(machine.error({"token", "tablet", "--stream", "dor"}, ExitCode::usage_error) ==
          "ringcast: --stream: " + config + " has no stream \"dor\"; did you mean door?\n");
    CHECK(machine.error({"link", "garden", "--for", "1h"}, ExitCode::usage_error) ==
          "ringcast: " + config + " has no stream \"garden\"; its streams: door, yard\n");
    CHECK(::access(machine.path("link.key").c_str(), F_OK) != 0);
    const std::string file = machine.path("mine");
    machine.done({"token", "tablet", "--stream", "garden", "--file", file.c_str()});
}

TEST_CASE("link prints an address that is valid until it expires") {
    const Machine machine;
    machine.restrict();
    machine.write("u", "anna:" + bcrypt_hash + "\n", 0640);
    const EarlyExit exit = machine.run({"link", "door", "--for", "24h", "--fps", "2.5"});
    REQUIRE(exit.code == ExitCode::ok);
    CHECK_THAT(exit.standard_output, StartsWith("http://127.0.0.1:8080/door/stream?token="));
    CHECK(exit.standard_output.find('\n') == exit.standard_output.size() - 1);
    CHECK_THAT(exit.standard_error,
               StartsWith("ringcast: whoever has this link can watch until 20") &&
                   ContainsSubstring(machine.path("link.key") + " is a new key") &&
                   EndsWith("(or SIGHUP)\n"));
    CHECK(machine.mode("link.key") == 0640);
    // Rounded up to a whole second.
    const access::Link expected{"door", access::LinkExpiry(1'700'000'001s + 24h),
                                access::LinkKind::stream_and_snapshot, 2500};
    CHECK(link_in(machine, exit.standard_output, test_now) == expected);
}

TEST_CASE("a link can be for single pictures, at another address, with the same key") {
    const Machine machine;
    machine.restrict();
    machine.done({"link", "door", "--for", "1h"});
    const std::string key = machine.read("link.key");
    const EarlyExit exit = machine.run(
        {"link", "yard", "--for", "1h", "--snapshot-only", "--base", "https://cam.example.org/a"});
    REQUIRE(exit.code == ExitCode::ok);
    CHECK_THAT(exit.standard_output, StartsWith("https://cam.example.org/a/yard/snapshot?token="));
    CHECK(exit.standard_error.find("key") == std::string::npos);
    CHECK(machine.read("link.key") == key);
    CHECK(link_in(machine, exit.standard_output, test_now).kind == access::LinkKind::snapshot_only);
}

TEST_CASE("the address in a link has the path at which the server is published") {
    const Machine machine;
    const std::string access = "[access]\nusers_file = \"" + machine.path("u") + "\"\n";
    machine.configure(access, "[http]\nlisten = [\":81\"]\nbase_path = \"/cam\"\n");
    CHECK_THAT(machine.run({"link", "door", "--for", "1h"}).standard_output,
               StartsWith("http://pi.local:81/cam/door/stream?token="));
    machine.configure(access, "[http]\nlisten = [\"unix:/run/r\"]\n");
    CHECK_THAT(machine.error({"link", "door", "--for", "1h"}, ExitCode::usage_error),
               ContainsSubstring("--base https://"));
}

TEST_CASE("a server without passwords has no links") {
    const Machine machine;
    machine.configure("");
    for (const auto& arguments :
         {std::vector<const char*>{"link", "door", "--for", "1h"}, {"link", "--revoke-all"}}) {
        CHECK_THAT(machine.error(arguments, ExitCode::usage_error),
                   ContainsSubstring("can watch without a link"));
    }
}

TEST_CASE("revoking all links makes a new key") {
    const Machine machine;
    machine.restrict();
    machine.done({"link", "door", "--for", "1h"});
    const std::string key = machine.read("link.key");
    CHECK_THAT(machine.done({"link", "--revoke-all"}),
               ContainsSubstring("all links made before are invalid") && EndsWith("(or SIGHUP)\n"));
    CHECK(machine.read("link.key") != key);
}

} // namespace ringcast::app
