#include "api/status.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::api {
namespace {

const http::Boundary boundary(5, 6);

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

constexpr WallTime noon{std::chrono::milliseconds(1764417600123)};

std::string page_of(const std::vector<std::string>& names, WallTime now = noon) {
    std::vector<stream::DirectoryEntry> entries;
    for (const std::string& name : names) {
        entries.push_back({name, {}});
    }
    return index_page({entries, {}}, boundary, now);
}

} // namespace

TEST_CASE("the page shows each stream live, with links") {
    const std::vector<std::string> streams = {"printer", "garage"};
    const std::string page = page_of(streams);
    for (const std::string& name : streams) {
        CHECK(page.find("<img src=\"" + name + "/stream?t=1764417600123\"") != std::string::npos);
        CHECK(page.find("href=\"" + name + "/snapshot\"") != std::string::npos);
        CHECK(page.find("<strong>" + name + "</strong>") != std::string::npos);
    }
    CHECK(page.find("href=\"api/status\"") != std::string::npos);
    CHECK(page.find("mpv --profile=low-latency --untimed") != std::string::npos);
}

TEST_CASE("the page works on a subpath and without the internet") {
    const std::vector<std::string> streams = {"printer"};
    const std::string page = page_of(streams);
    CHECK(page.find("href=\"/") == std::string::npos);
    CHECK(page.find("src=\"/") == std::string::npos);
    CHECK(page.find("src=\"http") == std::string::npos);
    CHECK(page.find("https:") == std::string::npos);
    // Without an icon, browsers request /favicon.ico.
    CHECK(page.find("<link rel=\"icon\" href=\"data:") != std::string::npos);
}

TEST_CASE("the page contains the boundary of the process that wrote it") {
    const std::vector<std::string> streams = {"printer"};
    CHECK(page_of(streams).find("<main data-boundary=\"" + std::string(boundary.text()) + "\">") !=
          std::string::npos);
}

TEST_CASE("the page's policy permits its own script, style and pictures, and no others") {
    const std::string policy = index_page_policy({}, {});
    CHECK(policy.starts_with("default-src 'none';"));
    CHECK(policy.ends_with("; frame-ancestors 'self'"));
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(policy.find("http") == std::string::npos);
    CHECK(policy.find('*') == std::string::npos);
    // Attributes with styles or handlers would need permissions of their own.
    const std::vector<std::string> streams = {"a", "b", "c", "d", "e", "f"};
    const std::string page = page_of(streams);
    CHECK(page.find(" style=") == std::string::npos);
    CHECK(page.find(" onload=") == std::string::npos);
    CHECK(page.find(" onerror=") == std::string::npos);
    CHECK(count_of(page, "<script>") == 1);
    CHECK(count_of(page, "<style>") == 1);
}

TEST_CASE("pages of the same host, on any port, and of allowed origins may frame the page") {
    const std::vector<std::string> origins = {"https://dashboard.example.org"};
    CHECK(index_page_policy("printer.local:8080", origins)
              .ends_with("; frame-ancestors 'self' http://printer.local:* https://printer.local:* "
                         "https://dashboard.example.org"));
}

TEST_CASE("a page has only the streams that may be seen, the first four of them live") {
    const std::vector<stream::DirectoryEntry> entries = {{"a", {}}, {"b", {}}, {"c", {}},
                                                         {"d", {}}, {"e", {}}, {"f", {}}};
    const std::string page = index_page(
        {entries, {}, [](std::string_view name) { return name != "b"; }}, boundary, WallTime{});
    CHECK(page.find("b/stream") == std::string::npos);
    CHECK(count_of(page, "alt=") == 5);
    CHECK(count_of(page, "class=\"still\"") == 1);
}

TEST_CASE("only the first four streams are live, because browsers limit connections to a host") {
    const std::vector<std::string> streams = {"a", "b", "c", "d", "e", "f"};
    const std::string page = page_of(streams);
    CHECK(count_of(page, "/stream?t=1764417600123\" alt=") == 4);
    CHECK(count_of(page, "class=\"still\"") == 2);
    CHECK(page.find("<img src=\"f/snapshot?max_age_ms=1000&amp;placeholder=1\"") !=
          std::string::npos);
}

TEST_CASE("all addresses on a page that was opened with a token have it") {
    const std::vector<stream::DirectoryEntry> entries{{"door", {}}};
    PageOptions options;
    options.offers_links = true;
    options.token = "a\"b";
    const std::string page = index_page({entries, {}}, boundary, noon, options);
    for (const char* const address :
         {"src=\"door/stream?t=1764417600123&amp;token=a%22b\"", "href=\"door/stream?token=a%22b\"",
          "href=\"door/snapshot?token=a%22b\"", "href=\"door/link?for=24h&amp;token=a%22b\"",
          "href=\"api/status?token=a%22b\"", "href=\"metrics?token=a%22b\""}) {
        CAPTURE(address);
        CHECK(page.find(address) != std::string::npos);
    }
    const std::size_t without_icon = count_of(page, "href=\"") - 1;
    CHECK(count_of(page, "token=") == without_icon + count_of(page, "<img "));
}

TEST_CASE("names are escaped in text and in URLs") {
    const std::vector<std::string> streams = {"<b>\"&/ "};
    const std::string page = page_of(streams);
    CHECK(page.find("<b>") == std::string::npos);
    CHECK(page.find("<strong>&lt;b&gt;&quot;&amp;/ </strong>") != std::string::npos);
    CHECK(page.find("src=\"%3Cb%3E%22%26%2F%20/stream?t=") != std::string::npos);
}

TEST_CASE("live pictures have an address of their own on each visit") {
    const std::vector<std::string> streams = {"printer"};
    const std::string later = page_of(streams, noon + std::chrono::milliseconds(1));
    CHECK(later.find("<img src=\"printer/stream?t=1764417600124\"") != std::string::npos);
}

} // namespace ringcast::api
