#include "app/startup_message.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace ringcast;
using namespace ringcast::app;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

namespace {

const HostInfo pi{
    "printer-pi.lan", {"192.168.1.5", "10.0.0.1", "127.0.0.1"}, {"2001:db8::5", "::1"}};

std::string message(const std::vector<config::ListenConfig>& listening,
                    const std::vector<const char*>& arguments = {"ringcast", "pattern"},
                    bool restricted = false) {
    return startup_message(listening, restricted, arguments, pi);
}

} // namespace

TEST_CASE("on loopback the message says that only this machine can watch, and how to change that") {
    CHECK(message({{config::ListenTcp{"127.0.0.1", 8080}}}) ==
          "ringcast: watch at\n"
          "  http://127.0.0.1:8080/\n"
          "Only this machine can watch. To open it to your network (without a password; to ask for "
          "one: ringcast passwd --help):\n"
          "  ringcast pattern --listen :8080\n");
}

TEST_CASE("where passwords are asked for, the message says so instead") {
    CHECK(message({{config::ListenTcp{"0.0.0.0", 80}}}, {"ringcast"}, true)
              .ends_with("Viewers need a password, a token or a link.\n"));
    CHECK_THAT(
        message({{config::ListenTcp{"127.0.0.1", 80}}}, {"ringcast"}, true),
        ContainsSubstring("Viewers need a password, a token or a link.\nOnly this machine can "
                          "watch. To open it to your network:\n"));
}

TEST_CASE("an address that is open although passwords are asked for is marked") {
    config::ListenConfig open{config::ListenTcp{"127.0.0.1", 81}};
    open.open = true;
    config::ListenConfig socket{config::ListenUnix{"/run/r"}};
    socket.open = true;
    const std::vector<config::ListenConfig> listening{
        {config::ListenTcp{"127.0.0.1", 80}}, open, socket};
    CHECK_THAT(message(listening, {"ringcast"}, true),
               ContainsSubstring("watch at\n"
                                 "  http://127.0.0.1:80/\n"
                                 "  http://127.0.0.1:81/ (without a password)\n"
                                 "  the UNIX socket /run/r (without a password)\n"
                                 "Viewers need a password, a token or a link.\n"));
    CHECK_THAT(message(listening), !ContainsSubstring("(without a password)\n"));
}

TEST_CASE("an address that browsers can't use, because a PROXY header is expected, is marked") {
    config::ListenConfig for_proxy{config::ListenTcp{"127.0.0.1", 81}};
    for_proxy.proxy_protocol = true;
    const std::vector<config::ListenConfig> listening{{config::ListenTcp{"127.0.0.1", 80}},
                                                      for_proxy};
    const std::string text = message(listening);
    CHECK_THAT(text, ContainsSubstring("  http://127.0.0.1:80/\n"
                                       "  http://127.0.0.1:81/ (only for a proxy that sends the "
                                       "PROXY protocol)\n"));
    CHECK_THAT(text, EndsWith("--listen :80\n"));
}

TEST_CASE(
    "the command line in the message keeps every argument but the addresses, quoted for a shell") {
    const std::vector<config::ListenConfig> loopback{{config::ListenTcp{"127.0.0.1", 81}}};
    CHECK_THAT(
        message(loopback, {"./build/ringcast", "--listen", "127.0.0.1:81", "-", "--fps", "5"}),
        EndsWith("\n  ./build/ringcast - --fps 5 --listen :81\n"));
    CHECK_THAT(message(loopback, {"ringcast", "--listen=127.0.0.1:81", "my film's.mjpeg", ""}),
               EndsWith("\n  ringcast 'my film'\\''s.mjpeg' '' --listen :81\n"));
    CHECK_THAT(message({{config::ListenUnix{"/run/r"}}}, {"ringcast", "conf.toml"}),
               EndsWith("\n  ringcast conf.toml --listen :8080\n"));
    CHECK_THAT(message(loopback, {"ringcast", "--listen", "--listen", "pattern"}),
               EndsWith("\n  ringcast pattern --listen :81\n"));
}

TEST_CASE("the command line in the message does not repeat a password") {
    const std::vector<config::ListenConfig> loopback{{config::ListenTcp{"127.0.0.1", 81}}};
    CHECK_THAT(message(loopback, {"ringcast", "http://me:s@cret@10.0.0.2/a@b?c=d"}),
               EndsWith("\n  ringcast 'http://USER:PASSWORD@10.0.0.2/a@b?c=d' --listen :81\n"));
    CHECK_THAT(message(loopback, {"ringcast", "http://10.0.0.2/a@b"}),
               EndsWith("\n  ringcast http://10.0.0.2/a@b --listen :81\n"));
}

TEST_CASE("for a wildcard every URL is listed, the .local name first") {
    CHECK(message({{config::ListenTcp{"0.0.0.0", 80}}, {config::ListenTcp{"::", 80}}}) ==
          "ringcast: watch at\n"
          "  http://printer-pi.local:80/\n"
          "  http://192.168.1.5:80/\n"
          "  http://10.0.0.1:80/\n"
          "  http://127.0.0.1:80/\n"
          "  http://[2001:db8::5]:80/\n"
          "  http://[::1]:80/\n"
          "Anyone who can reach these addresses can watch. To ask for a password: ringcast passwd "
          "--help\n");
    CHECK_THAT(message({{config::ListenTcp{"0.0.0.0", 80}}}), !ContainsSubstring("["));
    CHECK_THAT(message({{config::ListenTcp{"::", 80}}}), !ContainsSubstring("192.168"));
}

TEST_CASE("an address of the network is listed as it is, with a warning") {
    const std::string text =
        message({{config::ListenTcp{"192.168.1.5", 8080}}, {config::ListenUnix{"/run/r.sock"}}});
    CHECK_THAT(text, ContainsSubstring("  http://192.168.1.5:8080/\n"));
    CHECK_THAT(text, ContainsSubstring("  the UNIX socket /run/r.sock\n"));
    CHECK_THAT(text, ContainsSubstring("ringcast passwd --help"));
    CHECK_THAT(text, !ContainsSubstring("Only this machine"));
}

TEST_CASE("a machine without a name has no .local URL") {
    const auto* const name = GENERATE("localhost", "(none)", "");
    const HostInfo nameless{name, {"127.0.0.1"}, {}};
    const std::vector<config::ListenConfig> listening{{config::ListenTcp{"0.0.0.0", 80}}};
    CHECK_THAT(startup_message(listening, false, std::vector<const char*>{"ringcast"}, nameless),
               !ContainsSubstring(".local"));
}

TEST_CASE("the addresses of the host contain loopback and no link-local ones") {
    const HostInfo here = host_info();
    CHECK_FALSE(here.host_name.empty());
    CHECK(std::ranges::none_of(here.ipv6,
                               [](const std::string& host) { return host.starts_with("fe80"); }));
    // Loopback, if it is up, is last.
    const auto loopback = std::ranges::find(here.ipv4, "127.0.0.1");
    CHECK((loopback == here.ipv4.end() || loopback + 1 == here.ipv4.end()));
}

TEST_CASE("the first URL is that of the first TCP address whose port is known") {
    const config::ListenConfig unix_socket{config::ListenUnix{"/run/r"}};
    const config::ListenConfig any_port{config::ListenTcp{"127.0.0.1", 0}};
    const config::ListenConfig loopback{{config::ListenTcp{"127.0.0.1", 81}}};
    const config::ListenConfig wildcard{config::ListenTcp{"", 80}};
    const std::vector<config::ListenConfig> all{unix_socket, any_port, loopback, wildcard};
    CHECK(first_url(all, pi) == "http://127.0.0.1:81/");
    CHECK(first_url(std::vector{wildcard}, pi) == "http://printer-pi.local:80/");
    CHECK(first_url(std::vector{wildcard}, {"(none)", {"192.0.2.7"}, {}}) ==
          "http://192.0.2.7:80/");
    CHECK_FALSE(first_url(std::vector{unix_socket, any_port}, pi));
    config::ListenConfig for_proxy = loopback;
    for_proxy.proxy_protocol = true;
    CHECK(first_url(std::vector{for_proxy, wildcard}, pi) == "http://printer-pi.local:80/");
    CHECK_FALSE(first_url(std::vector{for_proxy}, pi));
    CHECK_FALSE(first_url(std::vector{wildcard}, HostInfo{}));
}
