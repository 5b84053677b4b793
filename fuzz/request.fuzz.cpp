// The request reader must find the same requests and the same error in a connection's bytes however
// they are split, stay within its limits, and every request must resolve to a route. Bodies end where
// their heads say.
//
// Input: the bytes of the connection.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.hpp"
#include "http/authority.hpp"
#include "http/request.hpp"
#include "http/response.hpp"
#include "http/via.hpp"

namespace {

using namespace ringcast;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

// All fields of a request as one text, for comparison.
std::string describe(const http::Request& request) {
    std::string text = std::to_string(static_cast<int>(request.method));
    text += request.http_1_0 ? " 1.0" : " 1.1";
    text += request.keep_alive ? " keep-alive" : " close";
    for (const std::string_view part :
         {request.path, request.query, request.host, request.accept, request.origin,
          request.user_agent, request.access_control_request_method, request.content_type}) {
        text.append("\n").append(part);
    }
    text.append("\n").append(std::to_string(static_cast<int>(request.body)));
    text.append(" ").append(std::to_string(request.body_bytes));
    text.append(request.expects_continue ? " expects 100" : "");
    return text;
}

void check_limits(const http::Request& request) {
    require(request.path.starts_with('/') ||
            (request.path == "*" && request.method == http::Method::options));
    require(request.path.size() + request.query.size() <= http::RequestReader::target_bytes_max);
    require(http::parse_via(request.via).size() <= 16);
    require(request.method == http::Method::put ||
            (request.body != http::BodyKind::chunked && request.body_bytes == 0));
    require(http::is_authority(request.host) || (request.host.empty() && request.http_1_0));
    for (const std::string_view part :
         {request.host, request.accept, request.user_agent, request.via}) {
        require(part.size() < http::RequestReader::head_bytes_max);
        require(part.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    }
}

void check_route(const http::Request& request) {
    static const std::array<stream::DirectoryEntry, 2> entries = {
        {{"a", {0, 1}}, {"printer", {1, 1}}}};
    static const std::array<std::string, 2> names = {"a", "printer"};
    const api::Route route = api::resolve(request, {entries, entries[1].id});
    require(!route.stream || route.stream->index < entries.size());
    require(!route.fps || (*route.fps > 0 && *route.fps <= api::Route::fps_max));
    require(route.age_max >= Duration::zero() && route.age_max <= api::Route::age_limit);
    const http::ReplyContext context =
        http::reply_context(request, api::allowed_origin(request, names), {});
    if (route.kind == api::RouteKind::error) {
        require(http::error_reply(route.status, route.message, context).find("\r\n\r\n") !=
                std::string::npos);
    } else {
        require(route.message.empty());
    }
}

// Passes at most `chunk_bytes` of `bytes` to the reader.
void pass_on(http::RequestReader& reader, std::string_view& bytes, std::size_t chunk_bytes) {
    const ByteSpan space = reader.free_space();
    require(!space.empty());
    const std::size_t count = std::min({bytes.size(), space.size(), chunk_bytes});
    std::memcpy(space.data(), bytes.data(), count);
    bytes.remove_prefix(count);
    reader.consume(count);
}

// False if the server would refuse the body and close the connection.
bool begin_body(http::RequestReader& reader) {
    const http::Request& request = reader.request();
    if (request.body != http::BodyKind::sized ||
        request.body_bytes > http::RequestReader::body_bytes_max) {
        return false;
    }
    static_cast<void>(reader.read_body());
    return true;
}

// False if `bytes` end before the body does.
bool read_body(http::RequestReader& reader, std::string_view& bytes, std::size_t chunk_bytes) {
    while (reader.state() == http::ParseState::need_more) {
        if (bytes.empty()) {
            return false;
        }
        pass_on(reader, bytes, chunk_bytes);
    }
    return true;
}

std::vector<std::string> outcome(std::string_view bytes, std::size_t chunk_bytes) {
    std::vector<std::string> seen;
    http::RequestReader reader;
    while (true) {
        while (reader.state() == http::ParseState::complete) {
            check_limits(reader.request());
            check_route(reader.request());
            seen.push_back(describe(reader.request()));
            if (!reader.body_unread()) {
                reader.next();
                continue;
            }
            if (!begin_body(reader)) {
                seen.emplace_back("refused body");
                return seen;
            }
            // What has arrived with the head may be all of it.
            if (!read_body(reader, bytes, chunk_bytes)) {
                seen.emplace_back("more");
                return seen;
            }
            seen.emplace_back(reader.body());
            require(seen.back().size() == reader.request().body_bytes);
            reader.next();
        }
        if (reader.state() == http::ParseState::error) {
            const http::RequestError& error = reader.error();
            require(error.status >= 400 && error.status <= 505 && !error.text.empty());
            require(http::reason_phrase(error.status) != "Unknown");
            seen.push_back("error " + std::to_string(error.status));
            return seen;
        }
        if (bytes.empty()) {
            seen.push_back(reader.idle() ? "idle" : "more");
            return seen;
        }
        pass_on(reader, bytes, chunk_bytes);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::vector<std::string> expected = outcome(bytes, http::RequestReader::head_bytes_max);
    for (const std::size_t chunk_bytes : {1U, 7U, 61U}) {
        require(outcome(bytes, chunk_bytes) == expected);
    }
    return 0;
}
