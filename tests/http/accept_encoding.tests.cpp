#include "http/accept_encoding.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {

TEST_CASE("a client that lists gzip, or anything, gets compressed bodies") {
    for (const char* const value : {"gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.8", "x-gzip",
                                    "*", "deflate, gzip ; q=0.001", "identity, *;q=0.1"}) {
        CAPTURE(value);
        CHECK(accepts_gzip(value));
    }
}

TEST_CASE("a client that does not list gzip, or with a weight of zero, gets plain bodies") {
    for (const char* const value : {"", "identity", "br", "gzip;q=0", "gzip; Q=0.000, br", "*;q=0",
                                    "gzip;q=0, *", "gzipped", "deflate, ,"}) {
        CAPTURE(value);
        CHECK_FALSE(accepts_gzip(value));
    }
}

} // namespace ringcast::http
