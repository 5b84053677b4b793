#pragma once
// `ringcast doctor --through URL`: judges facts about a stream that was received through a proxy,
// and names the lines of the proxy's configuration to change. No I/O: through_proxy.hpp collects the
// facts.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/findings.hpp"
#include "app/stream_recorder.hpp"
#include "base/time.hpp"

namespace ringcast::app {

/// Why there was no answer.
enum class NoAnswer : std::uint8_t {
    none, ///< there was one
    name_not_found,
    refused,
    unreachable,
    timed_out,   ///< connected, but no head of an answer arrived
    certificate, ///< not valid for the name, expired, or of an unknown issuer
    no_tls,      ///< the handshake failed
    no_http,     ///< the connection ended, or something else was received
};

struct AnswerHeader {
    std::string name; ///< in lower case
    std::string value;
};

// Of RFC 9110.
inline constexpr int status_ok = 200;
inline constexpr int status_unauthorized = 401;

/// An answer to a request for a stream, as far as it was received.
struct StreamAnswer {
    NoAnswer no_answer = NoAnswer::none;
    std::string detail; ///< of `no_answer`, from the system or a library: "certificate has expired"
    int status = 0;
    int http_version = 0; ///< 1, 2 or 3
    std::vector<AnswerHeader> headers;
    std::string text;      ///< the first line of a body that is no stream, printable
    Duration round_trip{}; ///< of connecting
    StreamRecord stream;

    /// The first value; empty without one.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

/// A viewer as /api/status lists it.
struct ViewerAddresses {
    std::string address;
    std::string proxy; ///< empty: none
};

struct SlowViewer {
    StreamRecord stream;
    Instant began{};
    Instant judged_from{};       ///< frames that arrived earlier don't count
    std::uint64_t byte_rate = 0; ///< at which it read, per second
};

/// All texts are without user names, passwords and the values of a query.
struct ProxyFacts {
    std::string url;  ///< of `through`
    std::string host; ///< of the URL
    std::string path; ///< of the URL
    bool https = false;
    bool has_credentials = false;    ///< in the URL
    bool upgraded = false;           ///< http:// was redirected to https:// and only that
    std::string certificate_problem; ///< empty: none; else the stream was read all the same
    std::string redirect;            ///< where the answer redirects to
    StreamAnswer through;

    std::string direct_address; ///< empty if no address of the configuration answered
    std::string direct_path;    ///< that of the URL, maybe without its beginning
    std::string direct_failure; ///< what was tried, and why it failed
    StreamAnswer direct;

    std::optional<ViewerAddresses> seen; ///< `through`, as ringcast sees it
    std::string own_address;             ///< of this end of `through`, in the same form
    std::optional<SlowViewer> slow;      ///< through the proxy as well
};

/// Below that rate a slow viewer is not measured: it would keep up.
[[nodiscard]] constexpr std::uint64_t stream_byte_rate_min(std::uint64_t slow_byte_rate) noexcept {
    return slow_byte_rate * 3 / 2;
}

/// What the frames of the direct stream are compared with: `through` if ringcast was not reached
/// directly.
[[nodiscard]] const StreamRecord& reference(const ProxyFacts& facts) noexcept;

[[nodiscard]] std::vector<Finding> examine_proxy(const ProxyFacts& facts);

} // namespace ringcast::app
