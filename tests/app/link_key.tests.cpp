#include "app/link_key.hpp"

#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sys/stat.h>

#include "support/source_fixture.hpp"

namespace ringcast::app {
namespace {

using Catch::Matchers::ContainsSubstring;

class KeyBench {
public:
    KeyBench() {
        access.users_file = folder.path("users");
        access.tokens_file = folder.path("tokens");
        access.link_key_file = folder.path("link.key");
    }
    void write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
        folder.write(name, content);
        REQUIRE(::chmod(folder.path(name).c_str(), mode) == 0);
    }
    [[nodiscard]] access::LinkKey key() const {
        const auto key = load_link_key(access.link_key_file);
        INFO((key ? std::string() : key.error().message));
        REQUIRE(key.has_value());
        REQUIRE(key->has_value());
        return **key;
    }
    [[nodiscard]] mode_t mode() const {
        struct stat status{};
        REQUIRE(::stat(access.link_key_file.c_str(), &status) == 0);
        return status.st_mode & 07777U;
    }

    test::TemporaryFolder folder;
    config::AccessConfig access;
};

} // namespace

TEST_CASE("a key of links is made once") {
    const KeyBench bench;
    CHECK(load_link_key(bench.access.link_key_file).value() == std::nullopt);
    const auto first = load_or_create_link_key(bench.access);
    REQUIRE(first.has_value());
    CHECK(first->created);
    CHECK(first->key == bench.key());
    CHECK(first->key != access::LinkKey{});
    const auto second = load_or_create_link_key(bench.access);
    REQUIRE(second.has_value());
    CHECK_FALSE(second->created);
    CHECK(second->key == first->key);
}

TEST_CASE("each key of links is another one") {
    const KeyBench bench;
    REQUIRE(replace_link_key(bench.access).has_value());
    const access::LinkKey first = bench.key();
    REQUIRE(replace_link_key(bench.access).has_value());
    CHECK(bench.key() != first);
}

TEST_CASE("who may read the users or the tokens may read a new key of links") {
    const KeyBench bench;
    REQUIRE(load_or_create_link_key(bench.access).has_value());
    CHECK(bench.mode() == 0600);
    bench.folder.remove("link.key");
    bench.write("tokens", "", 0640);
    REQUIRE(load_or_create_link_key(bench.access).has_value());
    CHECK(bench.mode() == 0640);
    bench.folder.remove("link.key");
    bench.write("users", "", 0600);
    REQUIRE(replace_link_key(bench.access).has_value());
    CHECK(bench.mode() == 0600);
}

TEST_CASE("a key of links is 43 characters, with or without the end of the line") {
    const KeyBench bench;
    const std::string text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    for (const char* end : {"", "\n", "\r\n"}) {
        bench.write("link.key", text + end);
        CHECK(bench.key()[31] == std::byte{31});
    }
    for (const std::string& damaged : std::vector<std::string>{
             "", "\n", text.substr(1), text + "A", text + "=", text + "\n" + text + "\n"}) {
        bench.write("link.key", damaged);
        const auto key = load_link_key(bench.access.link_key_file);
        REQUIRE_FALSE(key.has_value());
        CHECK_THAT(key.error().message, ContainsSubstring("ringcast link --revoke-all"));
        CHECK(key.error().message.find("AAEC") == std::string::npos);
        CHECK_FALSE(load_or_create_link_key(bench.access).has_value());
    }
    REQUIRE(replace_link_key(bench.access).has_value());
    CHECK(bench.key() != access::LinkKey{});
}

TEST_CASE("a key of links that everybody can read is refused") {
    const KeyBench bench;
    bench.write("link.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", 0644);
    CHECK_THAT(load_link_key(bench.access.link_key_file).error().message,
               ContainsSubstring("chmod 600"));
}

TEST_CASE("commands that make the key of links at once get the same key") {
    const KeyBench bench;
    std::vector<access::LinkKey> keys(4);
    std::vector<std::thread> threads;
    for (access::LinkKey& key : keys) {
        threads.emplace_back(
            [&] { key = load_or_create_link_key(bench.access).value_or(CreatedLinkKey{}).key; });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const access::LinkKey& key : keys) {
        CHECK(key == bench.key());
    }
}

} // namespace ringcast::app
