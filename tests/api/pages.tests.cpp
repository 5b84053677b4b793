#include "api/pages.hpp"

#include <array>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "page/files.hpp"

namespace ringcast::api {
namespace {

constexpr WallTime noon{std::chrono::milliseconds(1764417600123)};

bool has(const std::string& page, std::string_view part) {
    return page.find(part) != std::string::npos;
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

std::string streams_page(const std::vector<std::string>& names, const PageOptions& options = {},
                         WallTime now = noon) {
    std::vector<stream::DirectoryEntry> entries;
    for (const std::string& name : names) {
        entries.push_back({name, {}});
    }
    return page(PageKind::streams, {}, {entries, {}}, now, options);
}

std::string stream_page(std::string_view name, const PageOptions& options) {
    return page(PageKind::stream, name, {{}, {}}, noon, options);
}

} // namespace

TEST_CASE("the page of all streams has a picture of each, and links to their pages") {
    const std::string page = streams_page({"printer", "garage"});
    for (const std::string name : {"printer", "garage"}) {
        CAPTURE(name);
        CHECK(has(page, "<li class=\"tile\" data-stream=\"" + name + "\">"));
        CHECK(has(page, "src=\"" + name +
                            "/snapshot?max_age_ms=10000&amp;placeholder=1&amp;width=640\""));
        CHECK(has(page, "<a href=\"" + name + "/\">" + name + "</a>"));
    }
    CHECK(has(page, "<a href=\"./\" aria-current=\"page\">"));
    CHECK(has(page, "<a href=\"status\">"));
}

TEST_CASE(
    "without JavaScript two pictures are live, because browsers limit connections to a host") {
    const std::string page = streams_page({"a", "b", "c"});
    CHECK(
        has(page,
            "<noscript><img src=\"a/stream?width=640&amp;t=1764417600123\" alt=\"a\"></noscript>"));
    CHECK(count_of(page, "<noscript><img src=") == 2);
    CHECK(count_of(page, "class=\"still\"") == 3);
    // WebKit shows nothing for an address that it has shown before.
    CHECK(has(streams_page({"a"}, {}, noon + std::chrono::milliseconds(1)), "t=1764417600124"));
}

TEST_CASE("the page of a stream has its live picture, which adapts to the link") {
    const std::string page = stream_page("printer", {});
    CHECK(has(page, "<title>printer · ringcast</title>"));
    CHECK(
        has(page,
            "<noscript><img src=\"printer/stream?adapt=1&amp;t=1764417600123\" alt=\"printer\">"));
    CHECK(has(page, "src=\"printer/snapshot?max_age_ms=10000&amp;placeholder=1\""));
    CHECK(has(page, "<h1>printer</h1>"));
}

TEST_CASE("the page with the status names what shows the same without JavaScript") {
    const std::string page = api::page(PageKind::status, {}, {{}, {}}, noon);
    CHECK(has(page, "<a href=\"status\" aria-current=\"page\">"));
    CHECK(has(page, "<a href=\"api/status\">"));
    CHECK(has(page, "<a href=\"metrics\">"));
}

TEST_CASE("addresses are relative to the root of the server, where nobody says where that is") {
    const std::vector<std::pair<std::string_view, std::string>> bases = {
        {"/", "./"}, {"/printer", "./"}, {"/printer/", "./../"}, {"//printer//", "./../../../"}};
    for (const auto& [path, base] : bases) {
        CAPTURE(path);
        PageOptions options;
        options.path = path;
        const std::string page = stream_page("printer", options);
        CHECK(has(page, "<base href=\"" + base + "\">"));
        CHECK_FALSE(has(page, "=\"/"));
        CHECK_FALSE(has(page, "=\"http"));
    }
    PageOptions options;
    options.prefix = "/cam";
    options.path = "/printer/";
    CHECK(has(stream_page("printer", options), "<base href=\"/cam/\">"));
}

TEST_CASE("pages name files that exist, of their version") {
    const std::string folder = "assets/" + std::string(page::version()) + "/";
    const std::array pages = {streams_page({"a"}), stream_page("a", {}),
                              page(PageKind::status, {}, {{}, {}}, noon)};
    for (const std::string& page : pages) {
        std::size_t files = 0;
        for (std::size_t at = page.find(folder); at != std::string::npos;
             at = page.find(folder, at + 1)) {
            const std::size_t begin = at + folder.size();
            const std::string name = page.substr(begin, page.find('"', begin) - begin);
            CAPTURE(name);
            CHECK(page::find_file(name) != nullptr);
            ++files;
        }
        CHECK(files == 3);
        // Without an icon, browsers request /favicon.ico.
        CHECK(has(page, "<link rel=\"icon\" href=\"data:"));
    }
}

TEST_CASE("the policy permits the page's own files and pictures, and no others") {
    const std::string policy = page_policy({}, {});
    CHECK(policy.starts_with("default-src 'none';"));
    CHECK(policy.ends_with("; frame-ancestors 'self'"));
    CHECK_FALSE(has(policy, "unsafe"));
    CHECK_FALSE(has(policy, "http"));
    CHECK_FALSE(has(policy, "*"));
    // Scripts and styles in the page itself would need permissions of their own.
    const std::string page = streams_page({"a", "b", "c"}) + stream_page("a", {});
    for (const char* const part : {" style=", " onload=", " onerror=", "<style", "<script>"}) {
        CHECK_FALSE(has(page, part));
    }
}

TEST_CASE("pages of the same host, on any port, and of allowed origins may frame the page") {
    const std::vector<std::string> origins = {"https://dashboard.example.org"};
    CHECK(page_policy("printer.local:8080", origins)
              .ends_with("; frame-ancestors 'self' http://printer.local:* https://printer.local:* "
                         "https://dashboard.example.org"));
}

TEST_CASE("a page has only the streams that may be seen") {
    const std::vector<stream::DirectoryEntry> entries = {{"a", {}}, {"b", {}}, {"c", {}}};
    const auto page_where = [&](const std::function<bool(std::string_view)>& may_see) {
        return page(PageKind::streams, {}, {entries, {}, may_see}, noon);
    };
    const std::string some = page_where([](std::string_view name) { return name != "b"; });
    CHECK(count_of(some, "class=\"tile\"") == 2);
    CHECK_FALSE(has(some, "b/stream"));
    CHECK(has(page_where([](std::string_view) { return false; }), "No stream for you"));
}

TEST_CASE("a page without streams says how to add a camera") {
    const std::string page = streams_page({});
    CHECK(has(page, "ringcast cameras"));
    CHECK(has(page, "[streams.front]"));
    CHECK_FALSE(has(page, "<ul"));
}

TEST_CASE("a page tells its scripts what whoever asks may do") {
    const std::string plain = streams_page({"a"});
    CHECK(has(plain, "<body>"));
    CHECK_FALSE(has(plain, "?login"));
    PageOptions options;
    options.offers_links = true;
    options.administrates = true;
    CHECK(has(stream_page("a", options), "<body data-links=\"1\" data-administrates=\"1\">"));
    PageOptions nobody;
    nobody.offers_login = true;
    CHECK(has(stream_page("a", nobody), "<a href=\"./?login\">"));
}

TEST_CASE("all addresses on a page that was opened with a token have it") {
    PageOptions options;
    options.token = "a\"b";
    for (const std::string& page : {streams_page({"door"}, options), stream_page("door", options),
                                    api::page(PageKind::status, {}, {{}, {}}, noon, options)}) {
        // Besides the base, the icon and the files, which are the same for everybody.
        const std::size_t exempt = 5;
        CHECK(count_of(page, "token=a%22b\"") ==
              count_of(page, "href=\"") + count_of(page, "src=\"") - exempt);
    }
}

TEST_CASE("names are escaped in text and in addresses") {
    const std::string page = streams_page({"<b>\"&/ "});
    CHECK_FALSE(has(page, "<b>"));
    CHECK(has(page, "data-stream=\"&lt;b&gt;&quot;&amp;/ \""));
    CHECK(has(page, "src=\"%3Cb%3E%22%26%2F%20/stream?"));
}

} // namespace ringcast::api
