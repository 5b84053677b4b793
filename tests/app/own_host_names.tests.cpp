#include "app/own_host_names.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using ringcast::app::host_names;
using Names = std::vector<std::string>;

TEST_CASE("the names of a machine are its host name and what its files say of it") {
    CHECK(host_names("pi",
                     "127.0.0.1\tlocalhost\n"
                     "# 10.0.0.9 pi comment\n"
                     "127.0.1.1 pi.example.org pi # its own\n"
                     "192.0.2.7 other.example.org other\n",
                     "domain ignored.example\n"
                     "nameserver 192.0.2.1\n"
                     "search home.example fritz.box\n") ==
          Names{"pi", "pi.example.org", "pi.home.example", "pi.fritz.box"});
}

TEST_CASE("a host name with its domain gets no other one") {
    CHECK(host_names("pi.example.org", "", "search home.example\n") == Names{"pi.example.org"});
}

TEST_CASE("a machine without a name, and files that are missing or odd, do no harm") {
    CHECK(host_names("", "127.0.0.1 a\n", "search b\n").empty());
    CHECK(host_names("(none)", "", "").empty());
    CHECK(host_names("pi", "\n\n  \n127.0.0.1\n#\n127.0.0.1 # pi\n", "search\nsearch # x\n") ==
          Names{"pi"});
    CHECK(host_names("pi", "::1 PI Pi.Example", "domain example.org") ==
          Names{"pi", "PI", "Pi.Example", "pi.example.org"});
}
