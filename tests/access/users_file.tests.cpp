#include "access/users_file.hpp"

#include <catch2/catch_test_macros.hpp>

using ringcast::access::parse_users;
using ringcast::access::User;

namespace {

constexpr std::string_view bcrypt = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
constexpr std::string_view sha256 = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";

std::string line(std::string_view name, std::string_view hash) {
    return std::string(name).append(":").append(hash).append("\n");
}

std::string error_of(std::string_view text) {
    const auto users = parse_users(text, "users");
    REQUIRE_FALSE(users.has_value());
    return users.error().message;
}

std::string many_users(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        // The shortest hash that is accepted, so that the file stays within its limit.
        text += line(std::to_string(i), std::string("$5$a$").append(43, 'a'));
    }
    return text;
}

} // namespace

TEST_CASE("a users file has one user a line, comments and empty lines") {
    const auto users =
        parse_users("# the house\n\n" + line("alice", bcrypt) + "  \t\n" +
                        line("bob.b-2_@example.org", sha256) + "#" + line("carol", bcrypt),
                    "users");
    REQUIRE(users.has_value());
    CHECK(*users == std::vector<User>{{"alice", std::string(bcrypt)},
                                      {"bob.b-2_@example.org", std::string(sha256)}});
}

TEST_CASE("lines of an editor of Windows are read, and a last line without an end") {
    const auto users = parse_users(std::string("\xEF\xBB\xBF"
                                               "alice:")
                                       .append(bcrypt)
                                       .append("\r\n  bob:")
                                       .append(sha256),
                                   "users");
    REQUIRE(users.has_value());
    CHECK(*users ==
          std::vector<User>{{"alice", std::string(bcrypt)}, {"bob", std::string(sha256)}});
}

TEST_CASE("a users file without users is an error") {
    for (const std::string_view text : {"", "\n\n", "# alice:secret\n", "\xEF\xBB\xBF"}) {
        CHECK(error_of(text) ==
              "users: an empty file would lock everybody out: add a line NAME:HASH");
    }
}

TEST_CASE("an error in a users file names the line and what to do") {
    const std::string alice = line("alice", bcrypt);
    CHECK(error_of(alice + "\nbob\n") == "users:3: expected NAME:HASH");
    CHECK(error_of(alice + "bob:\n") == "users:2: expected NAME:HASH");
    CHECK(error_of(alice + line("bob", "$apr1$salt$0123456789")) ==
          "users:2: MD5 (apr1) hashes are not accepted, expected yescrypt, bcrypt, SHA-512 or "
          "SHA-256: run htpasswd -B users bob, or ringcast passwd bob");
    CHECK(error_of(alice + line("bob", sha256) + alice) ==
          "users:3: line 1 has the same name: remove one of the two");
}

TEST_CASE("the name of a user has 1 to 64 letters, digits, -, _, . and @") {
    CHECK(parse_users(line(std::string(64, 'a'), bcrypt), "users").has_value());
    for (const std::string& name :
         {std::string(), std::string(65, 'a'), std::string("a b"), std::string("caf\xC3\xA9"),
          std::string("a\0b", 3), std::string("a/b"), std::string("\x1B[1m")}) {
        CHECK(error_of(line(name, bcrypt)) ==
              "users:1: invalid name, expected 1 to 64 letters, digits, -, _, . and @ before the "
              "colon");
    }
}

TEST_CASE("messages contain no part of a hash or of a password in its place") {
    for (const std::string_view secret :
         {"hunter2hunter2", "$apr1$hunter2$hunter2", "$2y$99$hunter2", "hunter2:rest",
          "$y$j9T$hunter2", "$6$rounds=10$hunter2$"}) {
        CHECK(error_of(line("alice", secret)).find("hunter2") == std::string::npos);
        CHECK(error_of(line(secret, "alice")).find("hunter2$") == std::string::npos);
    }
}

TEST_CASE("a users file has at most 1000 users and 64 KiB") {
    CHECK(parse_users(many_users(1000), "users").value().size() == 1000);
    CHECK(error_of(many_users(1001)) == "users:1001: expected at most 1000 names");
    const std::string alice = line("alice", bcrypt);
    const std::string comment(64UL * 1024 - alice.size(), '#');
    CHECK(parse_users(alice + comment, "users").has_value());
    CHECK(error_of(alice + comment + "#") ==
          "users: the file is larger than 64 KiB, expected lines NAME:HASH");
}
