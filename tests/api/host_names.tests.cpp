#include "api/host_names.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>

using ringcast::api::HostNames;

TEST_CASE("a server answers to names that the DNS of a stranger can't give it") {
    const HostNames none{{}};
    for (const std::string host :
         {"127.0.0.1", "127.0.0.1:8080", "192.168.1.5", "[::1]", "[2001:db8::5]:8080", "localhost",
          "LOCALHOST:8080", "localhost.", "printer", "printer:8080", "printer-pi.local",
          "Printer.Local:80", "printer.local.", "cam.lan", "cam.home.arpa", "cam.fritz.internal",
          "app.localhost", "127.1"}) {
        CAPTURE(host);
        CHECK(none.contain(host));
    }
}

TEST_CASE("a request without a host is answered: no browser sends one") {
    CHECK(HostNames{{}}.contain(""));
}

TEST_CASE("other names are answered if they are configured") {
    const HostNames some{{"cam.example.org", "Pi.fritz.box"}};
    for (const std::string host :
         {"cam.example.org", "CAM.example.org:443", "cam.example.org.", "pi.fritz.box"}) {
        CAPTURE(host);
        CHECK(some.contain(host));
        CHECK(!HostNames{{}}.contain(host));
    }
    for (const std::string host :
         {"evil.example.org", "xcam.example.org", "cam.example.org.evil.net", "127.0.0.1.evil.net",
          "1.2.3.4.nip.io", "local", "com.", "evillocal.net", "notlan.xlan",
          "localhost.evil.net"}) {
        CAPTURE(host);
        CHECK(some.contain(host) == (host == "local")); // one label
    }
}
