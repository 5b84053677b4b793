#include "app/public_url.hpp"

#include <memory>

#include <curl/curl.h>

#include "http/query.hpp"

namespace ringcast::app {

namespace {

using Handle = std::unique_ptr<CURLU, void (*)(CURLU*)>;

/// Empty if the URL has no such part.
std::string part_of(CURLU* url, CURLUPart part, unsigned flags) {
    char* text = nullptr;
    if (::curl_url_get(url, part, &text, flags) != CURLUE_OK) {
        return {};
    }
    const std::unique_ptr<char, void (*)(void*)> owner(text, &::curl_free);
    return text;
}

} // namespace

bool PublicUrl::has_credentials() const {
    return !user.empty() || http::find_parameter(query, "token").has_value();
}

Result<PublicUrl> parse_public_url(std::string_view text) {
    const Handle url(::curl_url(), &::curl_url_cleanup);
    if (!url || !(text.starts_with("http://") || text.starts_with("https://")) ||
        ::curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK) {
        return fail("expected the URL of a stream, as in https://cam.example.org/door/stream");
    }
    PublicUrl parsed;
    parsed.https = part_of(url.get(), CURLUPART_SCHEME, 0) == "https";
    parsed.host = part_of(url.get(), CURLUPART_HOST, 0);
    parsed.path = part_of(url.get(), CURLUPART_PATH, 0);
    parsed.query = part_of(url.get(), CURLUPART_QUERY, 0);
    parsed.user = part_of(url.get(), CURLUPART_USER, CURLU_URLDECODE);
    parsed.password = part_of(url.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
    for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT}) {
        ::curl_url_set(url.get(), part, nullptr, 0);
    }
    parsed.address = part_of(url.get(), CURLUPART_URL, 0);
    ::curl_url_set(url.get(), CURLUPART_QUERY, nullptr, 0);
    parsed.shown = part_of(url.get(), CURLUPART_URL, 0);
    return parsed;
}

bool only_adds_tls(const PublicUrl& from, const PublicUrl& to) noexcept {
    return !from.https && to.https && from.host == to.host && from.path == to.path &&
           from.query == to.query;
}

} // namespace ringcast::app
