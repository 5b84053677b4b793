#pragma once
// Requests streams by libcurl, and receives several of them at the same time. The only user of
// libcurl beside public_url.cpp.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/proxy_findings.hpp"
#include "app/stream_recorder.hpp"
#include "base/time.hpp"

namespace ringcast::app {

struct RequestOptions {
    std::string url;  ///< without user and password
    std::string user; ///< empty: none
    std::string password;
    std::string socket_path;     ///< connect to this UNIX socket instead of the URL's host
    bool head_only = false;      ///< HEAD instead of GET
    bool proxy_protocol = false; ///< begin with a header of the PROXY protocol
    bool checks_certificate = true;
    bool http_1_only = false;
    std::uint64_t byte_rate = 0; ///< read at most so much per second; 0: no limit
};

/// A request that is being answered.
class StreamRequest {
public:
    explicit StreamRequest(const RequestOptions& options);
    ~StreamRequest();
    // Not movable: libcurl holds a pointer to it.
    StreamRequest(const StreamRequest&) = delete;
    StreamRequest& operator=(const StreamRequest&) = delete;
    StreamRequest(StreamRequest&&) = delete;
    StreamRequest& operator=(StreamRequest&&) = delete;

    /// The answer, or the failure, is complete, or the server has ended the stream.
    [[nodiscard]] bool ended() const noexcept;
    [[nodiscard]] bool has_frames() const noexcept;
    /// What was received so far. A request that has no answer yet counts as timed out.
    [[nodiscard]] StreamAnswer answer() const;
    /// The whole body, of an answer that is no stream.
    [[nodiscard]] const std::string& body() const noexcept;
    /// Where the answer redirects to, as an absolute URL; empty if it does not.
    [[nodiscard]] std::string redirect() const;
    /// The own end of the connection, as /api/status writes it: "127.0.0.1:40000", "[::1]:40000",
    /// "unix".
    [[nodiscard]] std::string local_address() const;

private:
    friend class StreamRequests;
    struct State;
    std::unique_ptr<State> state_;
};

/// Runs requests together. Requests outlive it.
class StreamRequests {
public:
    StreamRequests();
    ~StreamRequests();
    StreamRequests(const StreamRequests&) = delete;
    StreamRequests& operator=(const StreamRequests&) = delete;
    StreamRequests(StreamRequests&&) = delete;
    StreamRequests& operator=(StreamRequests&&) = delete;

    void add(StreamRequest& request);
    /// Closes the connection of a request.
    void remove(StreamRequest& request);
    /// Receives until `done` returns true or `until` has come.
    void run(Instant until, const std::function<bool()>& done);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace ringcast::app
