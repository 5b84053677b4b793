#include "api/routes.hpp"

#include <array>
#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::api {
namespace {

const std::array<stream::DirectoryEntry, 3> entries = {
    {{"garage", {0, 1}}, {"printer", {1, 1}}, {"front-door_2", {2, 7}}}};
const stream::Directory directory{entries, entries[1].id};

http::Request request_for(std::string_view target) {
    http::Request request;
    request.path = target.substr(0, target.find('?'));
    if (request.path.size() < target.size()) {
        request.query = target.substr(request.path.size() + 1);
    }
    return request;
}

Route route_of(std::string_view target) {
    return resolve(request_for(target), directory);
}

// The route of a target as text: "stream 1", "metrics", "404".
std::string where(std::string_view target) {
    const Route route = route_of(target);
    if (route.kind == RouteKind::error) {
        CHECK(!route.message.empty());
        CHECK(route.message.find('\n') == std::string::npos);
        return std::to_string(route.status);
    }
    return std::string(route_kind_name(route.kind)) +
           (route.stream ? " " + std::to_string(route.stream->index) : "");
}

constexpr std::string_view chromium = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, "
                                      "like Gecko) Chrome/120.0.0.0 Safari/537.36";
constexpr std::string_view chromium_image =
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";

http::Variant variant_for(std::string_view accept, std::string_view user_agent,
                          std::string_view target = "/stream") {
    http::Request request = request_for(target);
    request.accept = accept;
    request.user_agent = user_agent;
    return resolve(request, directory).variant;
}

} // namespace

TEST_CASE("PUT is for the controls of a stream, and says nothing about streams elsewhere") {
    const auto put = [](std::string_view target) {
        http::Request request = request_for(target);
        request.method = http::Method::put;
        return resolve(request, directory);
    };
    for (const std::string_view target : {"/garage/controls", "/controls", "//controls/?a=b"}) {
        CAPTURE(target);
        CHECK(put(target).kind == RouteKind::controls);
        CHECK(put(target).changes);
    }
    CHECK_FALSE(route_of("/controls").changes);
    CHECK(put("/nothing/controls").status == 404);
    CHECK_FALSE(put("/nothing/controls").changes);
    for (const std::string_view target :
         {"/", "/stream", "/garage/stream", "/nothing/stream", "/garage", "/api/status",
          "/a/b/controls", "/controls/x"}) {
        CAPTURE(target);
        CHECK(put(target).status == 405);
        CHECK_FALSE(put(target).changes);
    }
}

TEST_CASE("OPTIONS says of every path with the form of controls that it has PUT") {
    const auto has_put = [](std::string_view target) {
        http::Request request = request_for(target);
        request.method = http::Method::options;
        const Route route = resolve(request, directory);
        CHECK(route.kind == RouteKind::options);
        return route.changes;
    };
    CHECK(has_put("/garage/controls"));
    CHECK(has_put("/nothing/controls"));
    CHECK(has_put("/controls"));
    CHECK_FALSE(has_put("/garage/stream"));
    CHECK_FALSE(has_put("*"));
}

TEST_CASE(
    "pages may use PUT if their origin is listed by its name, not by an asterisk or by its host") {
    const auto may_put = [](const http::Request& asked, std::span<const std::string> listed) {
        return put_policy({}, asked, listed).put_across;
    };
    http::Request request = request_for("/controls");
    request.host = "cam.local:8080";
    request.origin = "http://cam.local";
    const std::vector<std::string> any{"*"};
    const std::vector<std::string> named{"http://ui.example", "http://cam.local"};
    CHECK_FALSE(may_put(request, any));
    CHECK(may_put(request, named));
    request.origin = "http://cam.local:81";
    CHECK_FALSE(may_put(request, named));
    request.origin = "";
    CHECK_FALSE(may_put(request, std::vector<std::string>{""}));
}

TEST_CASE("each stream has its URLs below its name") {
    CHECK(where("/printer/stream") == "stream 1");
    CHECK(where("/garage/stream") == "stream 0");
    CHECK(where("/front-door_2/stream") == "stream 2");
    CHECK(where("/garage.mjpg") == "stream 0");
    CHECK(where("/garage/stream.mjpg") == "stream 0");
    CHECK(where("/garage/snapshot") == "snapshot 0");
    CHECK(where("/garage/snapshot.jpg") == "snapshot 0");
    CHECK(where("/garage.jpg") == "snapshot 0");
    CHECK(where("/garage/state") == "state 0");
    CHECK(where("/garage/controls") == "controls 0");
}

TEST_CASE("the default stream answers at the root too") {
    CHECK(where("/stream") == "stream 1");
    CHECK(where("/stream.mjpg") == "stream 1");
    CHECK(where("/snapshot") == "snapshot 1");
    CHECK(where("/snapshot.jpg") == "snapshot 1");
    CHECK(where("/state") == "state 1");
    CHECK(where("/controls") == "controls 1");
}

TEST_CASE("the server's own URLs belong to no stream") {
    CHECK(where("/") == "index");
    CHECK(where("/api/status") == "status");
    CHECK(where("/api/events") == "events");
    CHECK(where("/metrics") == "metrics");
    CHECK(where("/healthz") == "healthz");
}

TEST_CASE("healthz can be limited to one stream") {
    CHECK(where("/healthz?stream=garage") == "healthz 0");
    CHECK(where("/healthz?stream=nope") == "404");
    CHECK(where("/healthz?stream=") == "404");
    CHECK(where("/healthz?stream=%zz") == "404");
}

TEST_CASE("trailing and doubled slashes are ignored") {
    CHECK(where("/printer/stream/") == "stream 1");
    CHECK(where("//printer//snapshot") == "snapshot 1");
    CHECK(where("/metrics/") == "metrics");
    CHECK(where("//") == "index");
    CHECK(where("/stream/?fps=5") == "stream 1");
}

TEST_CASE("paths may be percent-encoded") {
    CHECK(where("/%70rinter/str%65am") == "stream 1");
    CHECK(where("/printer%2Fstream") == "404");
    CHECK(where("/printer%/stream") == "404");
    CHECK(where("/%00") == "404");
}

TEST_CASE("an unknown path is answered with 404 and a list of the streams") {
    for (const std::string_view target :
         {"/nope", "/nope/stream", "/nope.mjpg", "/nope.jpg", ".jpg", "/.jpg", "/printer/nope",
          "/api", "/api/nope", "/printer/stream/more", "/Printer/stream", "/favicon.ico", "*"}) {
        CAPTURE(target);
        CHECK(where(target) == "404");
        CHECK(route_of(target).message.find("garage, printer, front-door_2") != std::string::npos);
    }
}

TEST_CASE("a stream has a page below its name, and the server one with its status") {
    for (const std::string_view target : {"/printer", "/printer/", "//printer//?login"}) {
        CAPTURE(target);
        CHECK(where(target) == "index 1");
        CHECK(route_of(target).page == PageKind::stream);
    }
    CHECK(where("/status") == "index");
    CHECK(route_of("/status/").page == PageKind::status);
    CHECK(route_of("/").page == PageKind::streams);
}

TEST_CASE("the files of the pages are below their version, and no others") {
    const std::string folder = "/assets/" + std::string(page::version());
    const Route route = route_of(folder + "/page.css");
    CHECK(route.kind == RouteKind::asset);
    REQUIRE(route.asset != nullptr);
    CHECK(route.asset->name == "page.css");
    for (const std::string& target :
         {folder, folder + "/nothing.css", folder + "/page.css/more", folder + "/..",
          std::string("/assets/0123456789abcdef/page.css"), std::string("/assets/page.css"),
          "/printer" + folder.substr(7) + "/page.css"}) {
        CAPTURE(target);
        CHECK(where(target) == "404");
    }
}

TEST_CASE("mjpg-streamer's URLs work") {
    CHECK(where("/?action=stream") == "stream 1");
    CHECK(where("/?action=snapshot") == "snapshot 1");
    CHECK(where("/stream/?action=stream") == "stream 1");
    CHECK(where("/stream/?action=snapshot") == "snapshot 1");
    CHECK(where("/stream?action=snapshot") == "snapshot 1");
    CHECK(where("/?action=stream_0") == "stream 0");
    CHECK(where("/?action=snapshot_2") == "snapshot 2");
    CHECK(where("/garage/?action=stream") == "stream 0");
    CHECK(where("/?action=stream&1700000000") == "stream 1");
    CHECK(where("/?action=stream?dummy=param.mjpg") == "stream 1");
    CHECK(where("/?1700000000&action=snapshot") == "snapshot 1");
    CHECK(where("/?action=stream_3") == "404");
    CHECK(where("/?action=stream_") == "400");
    CHECK(where("/?action=stream_-1") == "400");
    CHECK(where("/?action=streams") == "400");
    CHECK(where("/?action=command") == "400");
    CHECK(where("/?action=") == "400");
    CHECK(where("/metrics?action=stream") == "metrics");
}

TEST_CASE("fps limits a stream's rate") {
    CHECK(!route_of("/stream").fps);
    CHECK(route_of("/stream?fps=5").fps == 5.0);
    CHECK(route_of("/stream?fps=0.2").fps == 0.2);
    CHECK(route_of("/?action=stream&fps=1000").fps == 1000.0);
    for (const std::string value : {"0", "-1", "1001", "abc", "", "nan", "inf", "5fps", "%"}) {
        CAPTURE(value);
        CHECK(where("/stream?fps=" + value) == "400");
    }
    CHECK(route_of("/stream?fps=0").message.find("fps=5") != std::string::npos);
}

TEST_CASE("max_age_ms allows a snapshot that is older than the request") {
    CHECK(route_of("/snapshot").age_max == Duration::zero());
    CHECK(route_of("/snapshot?max_age_ms=250").age_max == std::chrono::milliseconds(250));
    CHECK(where("/snapshot?max_age_ms=86400000") == "snapshot 1");
    CHECK(where("/snapshot?max_age_ms=86400001") == "400");
    CHECK(where("/snapshot?max_age_ms=-1") == "400");
    CHECK(where("/snapshot?max_age_ms=1.5") == "400");
}

TEST_CASE("within_ms sets how long a snapshot may take, up to ten seconds") {
    CHECK(!route_of("/snapshot").within);
    CHECK(route_of("/snapshot?within_ms=0").within == std::chrono::milliseconds(0));
    CHECK(route_of("/?action=snapshot&within_ms=250").within == std::chrono::milliseconds(250));
    CHECK(route_of("/snapshot?within_ms=10000").within == std::chrono::seconds(10));
    for (const std::string value : {"10001", "-1", "1.5", "", "x", "99999999999999999999", "%"}) {
        CAPTURE(value);
        CHECK(where("/snapshot?within_ms=" + value) == "400");
    }
    CHECK(route_of("/snapshot?within_ms=x").message.find("10000") != std::string::npos);
    CHECK(where("/stream?within_ms=x") == "stream 1");
}

TEST_CASE("a placeholder is sent only when the request asks for it") {
    CHECK(!route_of("/snapshot").placeholder);
    CHECK(!route_of("/snapshot?placeholder=0").placeholder);
    CHECK(route_of("/snapshot?placeholder=1").placeholder);
    CHECK(where("/snapshot?placeholder=yes") == "400");
}

TEST_CASE("viewers and after choose a part of the list of viewers") {
    CHECK_FALSE(route_of("/api/status").viewers);
    CHECK_FALSE(route_of("/api/status?t=1").viewers);
    const auto page_of = [](std::string_view target) {
        const auto page = route_of(target).viewers;
        REQUIRE(page);
        return std::pair(page->count_max, page->after);
    };
    using Page = std::pair<std::uint32_t, std::uint64_t>;
    CHECK(page_of("/api/status?viewers=10") == Page(10, 0));
    CHECK(page_of("/api/status?viewers=100&after=4294967297") == Page(100, 4294967297));
    CHECK(page_of("/api/status?after=7") == Page(100, 7));
    CHECK(page_of("/api/status?viewers=0") == Page(0, 0));
    for (const std::string value : {"101", "-1", "all", "", "1.5"}) {
        CAPTURE(value);
        CHECK(where("/api/status?viewers=" + value) == "400");
    }
    for (const std::string value : {"-1", "x", "", "9223372036854775808"}) {
        CAPTURE(value);
        CHECK(where("/api/status?after=" + value) == "400");
    }
    CHECK(route_of("/api/status?viewers=500").message.find("after=ID") != std::string::npos);
    CHECK(route_of("/api/status?after=x").message.find("viewers_next") != std::string::npos);
    CHECK(where("/metrics?viewers=nonsense") == "metrics");
}

TEST_CASE("parameters that do not apply are ignored, whatever their values") {
    CHECK(where("/stream?cacheBust=1700000000&timestamp=%&%=1&x") == "stream 1");
    CHECK(where("/stream?max_age_ms=nonsense") == "stream 1");
    CHECK(where("/snapshot?fps=nonsense&variant=nonsense") == "snapshot 1");
    CHECK(where("/?fps=nonsense") == "index");
    CHECK(where("/api/status?t=1") == "status");
}

TEST_CASE("the <img> of a browser gets the advance variant, every other client the standard one") {
    using http::Variant;
    CHECK(variant_for(chromium_image, chromium) == Variant::advance);
    // A web view with a replaced user agent is recognised by its Accept header.
    CHECK(variant_for(chromium_image, "MyApp/1.0") == Variant::advance);
    // A web view of an old tablet, by its user agent.
    CHECK(variant_for("image/webp,image/apng,image/*,*/*;q=0.8",
                      "Mozilla/5.0 (Linux; Android 5.1.1) Chrome/70.0.3538.110 Safari/537.36") ==
          Variant::advance);
    // Firefox, Safari, Chrome on iOS (WebKit), WebKitGTK.
    CHECK(variant_for("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
                      "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0") ==
          Variant::advance);
    CHECK(variant_for("image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,"
                      "video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
                      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
                      "(KHTML, like Gecko) Version/17.0 Safari/605.1.15") == Variant::advance);
    CHECK(
        variant_for("image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
                    "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 CriOS/120.0 Mobile Safari/604.1") ==
        Variant::advance);
    CHECK(variant_for("image/webp,image/avif,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,"
                      "*/*;q=0.5",
                      "") == Variant::advance);
    // fetch, and the navigation to a page.
    CHECK(variant_for("*/*", chromium) == Variant::standard);
    CHECK(variant_for("text/html,application/xhtml+xml,image/avif,image/apng,*/*;q=0.8",
                      chromium) == Variant::standard);
    // Programs that ask for pictures.
    CHECK(variant_for("image/jpeg", "MyApp/1.0") == Variant::standard);
    CHECK(variant_for("image/*", "okhttp/4.12.0") == Variant::standard);
    CHECK(variant_for("", "") == Variant::standard);
    CHECK(variant_for("*/*", "curl/8.5.0") == Variant::standard);
}

TEST_CASE("the parameter `variant` overrides the automatic choice") {
    using http::Variant;
    CHECK(variant_for("", "", "/stream?variant=advance") == Variant::advance);
    CHECK(variant_for(chromium_image, chromium, "/stream?variant=standard") == Variant::standard);
    CHECK(where("/stream?variant=fast") == "400");
}

TEST_CASE("a viewer says whether it adapts, and the <img> of a browser is known as one") {
    CHECK_FALSE(route_of("/stream").adapt);
    CHECK(route_of("/stream?adapt=1").adapt == true);
    CHECK(route_of("/stream?adapt=0").adapt == false);
    CHECK(where("/stream?adapt=maybe") == "400");
    CHECK(where("/snapshot?adapt=maybe") == "snapshot 1");
    http::Request request = request_for("/stream?variant=standard");
    CHECK_FALSE(resolve(request, directory).image);
    request.accept = chromium_image;
    CHECK(resolve(request, directory).image);
}

TEST_CASE("OPTIONS is answered for every path") {
    http::Request request = request_for("/whatever");
    request.method = http::Method::options;
    CHECK(resolve(request, directory).kind == RouteKind::options);
    request.path = "*";
    CHECK(resolve(request, directory).kind == RouteKind::options);
}

TEST_CASE("HEAD has the same route as GET") {
    http::Request request = request_for("/garage/stream");
    request.method = http::Method::head;
    CHECK(resolve(request, directory).kind == RouteKind::stream);
}

TEST_CASE("each kind of route has a unique name") {
    std::set<std::string_view> kinds;
    for (std::size_t i = 0; i < route_kind_count; ++i) {
        kinds.insert(route_kind_name(static_cast<RouteKind>(i)));
    }
    CHECK(kinds.size() == route_kind_count);
    CHECK(!kinds.contains(""));
}

TEST_CASE("an origin is allowed when it is listed") {
    http::Request request;
    const std::array<std::string, 2> listed = {"http://a.example", "https://b.example:8443"};
    CHECK(allowed_origin(request, listed).empty());
    request.origin = "https://b.example:8443";
    CHECK(allowed_origin(request, listed) == "https://b.example:8443");
    CHECK(allowed_origin(request, {}).empty());
    request.origin = "https://b.example";
    CHECK(allowed_origin(request, listed).empty());
}

TEST_CASE("a page of the requested host is allowed, whatever its port and scheme") {
    struct Case {
        std::string_view host;
        std::string_view origin;
        bool allowed;
    };
    const std::array<Case, 25> cases = {{
        {"cam.local:8080", "http://cam.local", true},
        {"cam.local:8080", "http://cam.local:8080", true},
        {"cam.local:8080", "https://cam.local:4409", true},
        {"cam.local", "http://cam.local:8080", true},
        {"CAM.local", "http://cam.local", true},
        {"192.0.2.7:8080", "http://192.0.2.7", true},
        {"[2001:db8::1]:8080", "http://[2001:db8::1]:80", true},
        {"[::1]", "http://[::1]:1", true},
        {"cam.local:8080", "http://cam.local.example", false},
        {"cam.local:8080", "http://www.cam.local", false},
        {"cam.local:8080", "http://cam.loca", false},
        {"cam.local:8080", "http://cam.local:0", false},
        {"cam.local:8080", "http://cam.local@other.example", false},
        {"cam.local:8080", "http://cam.local:80@other.example", false},
        {"cam.local:8080", "http://other.example/cam.local", false},
        {"cam.local:8080", "http://cam.local/", false},
        {"cam.local:8080", "ftp://cam.local", false},
        {"cam.local:8080", "HTTP://cam.local", false},
        {"cam.local:8080", "cam.local", false},
        {"cam.local:8080", "null", false},
        {"localhost:8080", "http://127.0.0.1", false},
        {"[::1]:8080", "http://[::2]", false},
        {"[::1]:8080", "http://[", false},
        {"", "http://", false},
        {"", "http://cam.local", false},
    }};
    for (const Case& one : cases) {
        CAPTURE(one.host, one.origin);
        http::Request request;
        request.host = one.host;
        request.origin = one.origin;
        CHECK(allowed_origin(request, {}) == (one.allowed ? one.origin : std::string_view{}));
    }
}

TEST_CASE("an asterisk allows every origin, and a listed origin is still answered by name") {
    http::Request request;
    request.origin = "http://c.example";
    const std::array<std::string, 2> open = {"*", "http://d.example"};
    CHECK(allowed_origin(request, open) == "*");
    request.origin = "http://d.example";
    CHECK(allowed_origin(request, open) == "http://d.example");
}

TEST_CASE("streams that may not be seen do not exist, and keep their numbers") {
    stream::Directory limited = directory; // "printer" is the default
    limited.may_see = [](std::string_view name) { return name == "front-door_2"; };
    const auto status_of = [&](std::string_view target) {
        return resolve(request_for(target), limited).status;
    };
    for (const char* const target :
         {"/printer/stream", "/garage/stream", "/garage.jpg", "/stream", "/snapshot", "/state",
          "/link?for=1h", "/?action=stream", "/?action=stream_0", "/?action=snapshot_1", "/printer",
          "/printer/stream?fps=x", "/healthz?stream=printer"}) {
        CAPTURE(target);
        CHECK(status_of(target) == not_found_status);
    }
    CHECK(resolve(request_for("/front-door_2/stream"), limited).stream == entries[2].id);
    CHECK(resolve(request_for("/?action=stream_2"), limited).stream == entries[2].id);
    const Route refused = resolve(request_for("/garage/stream"), limited);
    CHECK(refused.message == resolve(request_for("/unheard-of/stream"), limited).message);
    CHECK(refused.message.find("garage") == std::string::npos);
    CHECK(refused.message.find("front-door_2") != std::string::npos);
    limited.may_see = [](std::string_view) { return false; };
    CHECK_FALSE(limited.shows_any());
    CHECK(status_of("/front-door_2/stream") == not_found_status);
}

TEST_CASE("a link is asked for with its time, and optionally a rate and a kind") {
    const Route route = route_of("/printer/link?for=7d&fps=2.5&snapshot_only=1");
    CHECK(route.kind == RouteKind::link);
    CHECK(route.link_for == std::chrono::days(7));
    CHECK(route.fps == 2.5);
    CHECK(route.snapshot_only);
    CHECK(route_of("/link?for=1s").stream == directory.default_stream);
    for (const char* const query : {"", "?for=", "?for=0s", "?for=366d", "?for=24", "?for=1h&fps=0",
                                    "?for=1h&snapshot_only=yes", "?for=1h&for=x"}) {
        CAPTURE(query);
        CHECK(route_of(std::string("/printer/link").append(query)).status == 400);
    }
}

TEST_CASE("a link admits to the stream and its snapshots, or to snapshots alone") {
    access::Link link;
    CHECK(link_admits_to(link, route_of("/printer/stream")));
    CHECK(link_admits_to(link, route_of("/printer/snapshot")));
    for (const char* const target : {"/", "/api/status", "/printer/state", "/printer/link?for=1h",
                                     "/printer/controls", "/nowhere"}) {
        CAPTURE(target);
        CHECK_FALSE(link_admits_to(link, route_of(target)));
    }
    link.kind = access::LinkKind::snapshot_only;
    CHECK_FALSE(link_admits_to(link, route_of("/printer/stream")));
    CHECK(link_admits_to(link, route_of("/printer/snapshot")));
}

TEST_CASE("a path may have that of the proxy in front of it") {
    CHECK(without_base("/cam/a/stream", "/cam") == "/a/stream");
    CHECK(without_base("/cam/", "/cam") == "/");
    CHECK(without_base("/cam", "/cam") == "/");
    CHECK(without_base("/a/stream", "/cam") == "/a/stream");
    CHECK(without_base("/camera/stream", "/cam") == "/camera/stream");
    CHECK(without_base("/a", "") == "/a");
    CHECK(without_base("/", "") == "/");
    CHECK(without_base("/c", "/cam") == "/c");
}

} // namespace ringcast::api
