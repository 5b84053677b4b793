#include "upstream/failure_text.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::upstream {
namespace {

/// Viewers see these texts: short, of printable ASCII, without an address, and in one line.
void check_text(const std::string& text) {
    CAPTURE(text);
    CHECK(!text.empty());
    CHECK(text.size() < 120);
    CHECK(std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; }));
    CHECK(text.find("://") == std::string::npos);
}

} // namespace

TEST_CASE("every error and every status has a text for viewers") {
    for (int error = 1; error < 134; ++error) {
        CAPTURE(error);
        check_text(connect_failure(error));
        check_text(connection_failure(error));
    }
    for (int status = 200; status < 1000; ++status) {
        check_text(status_failure(status));
        CHECK(status_failure(status).find(std::to_string(status)) != std::string::npos);
    }
}

TEST_CASE("the texts say what to do, or what happened") {
    CHECK(connect_failure(ECONNREFUSED) ==
          "the upstream server refuses connections (is it running?)");
    CHECK(connect_failure(ENOENT).find("does not exist") != std::string::npos);
    CHECK(connect_failure(ETIMEDOUT) == "the upstream server does not answer");
    CHECK(connect_failure(ENETUNREACH) == connect_failure(EHOSTUNREACH));
    CHECK(connect_failure(ENOMEM) ==
          "connecting to the upstream server failed: Cannot allocate memory");
    CHECK(connection_failure(ECONNRESET) == "the upstream server broke the connection");
    CHECK(status_failure(404) == "the upstream server has nothing at this address (404)");
    CHECK(status_failure(500) == "the upstream server has an error (500)");
    CHECK(status_failure(418) == "the upstream server answers with status 418");
}

TEST_CASE("types that may contain JPEG frames") {
    for (const char* type : {"", "multipart/x-mixed-replace", "multipart/mixed", "image/jpeg",
                             "video/x-motion-jpeg", "application/octet-stream"}) {
        CAPTURE(type);
        CHECK(may_contain_frames(type));
    }
    for (const char* type :
         {"text/html", "image/png", "video/mp4", "multipart", "application/json", "image/jpegs"}) {
        CAPTURE(type);
        CHECK(!may_contain_frames(type));
    }
}

} // namespace ringcast::upstream
