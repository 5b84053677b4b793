#pragma once
// Simulated clients: browsers, programs and attackers. Each follows a plan of when it writes its
// requests, reads and leaves, and checks every byte that it receives.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "sim/decisions.hpp"
#include "sim/response_reader.hpp"
#include "sim/sim_connection.hpp"

namespace ringcast::sim {

enum class Departure : std::uint8_t { never, close, reset, half_close, vanish };

struct ClientRequest {
    std::string text;
    Expectation expectation;
    Duration pause{}; ///< after the previous response, or after connecting
};

struct ClientPlan {
    std::string name; ///< for messages
    LinkSetup link;
    /// Sent first, to the listener that expects it, in two pieces: up to the cut, and after a pause
    /// the rest and the request. Empty: the client connects to another listener.
    std::string proxy_header;
    std::size_t proxy_header_cut = 0;
    Duration proxy_header_pause{};
    /// Counted when the server has answered, or has closed the connection without an answer.
    std::optional<FaultKind> proxy_fault;
    std::vector<ClientRequest> requests;
    bool repeats = false;          ///< repeats its requests after the last response
    bool pipelines = false;        ///< does not wait for responses
    std::size_t dribble_bytes = 0; ///< bytes of a request per write; 0: all at once
    Duration dribble_pause{};
    std::size_t read_bytes = 0;                ///< per read; 0: all available bytes
    Duration read_pause{};                     ///< between two reads
    std::uint64_t read_total_max = UINT64_MAX; ///< stops reading after so many bytes
    /// Counted from connecting; zero: the link stays as it is.
    Duration link_recovers_after{};
    Departure departure = Departure::never;
    Duration departs_after{}; ///< counted from connecting
    bool known = true;        ///< may watch, until access is revoked
    bool healthy = false;     ///< must get its frames, and in time
    bool far = false;         ///< must get its frames, at the full rate
};

class SimClient final : public RemoteEnd {
public:
    SimClient(EventQueue& events, Decisions& decisions, const FrameLog& log, ClientPlan plan);

    void on_connected(SimConnection& connection) override;
    void on_readable(SimConnection& connection) override;
    void on_end(SimConnection& connection) override;
    void on_reset(SimConnection& connection) override;

    [[nodiscard]] const ClientPlan& plan() const noexcept { return plan_; }
    [[nodiscard]] const ResponseReader& reader() const noexcept { return reader_; }
    void allow_pictures_until(Instant until) noexcept { reader_.allow_pictures_until(until); }
    /// The first error in what it received; empty if there is none.
    [[nodiscard]] const std::string& error() const noexcept {
        return error_.empty() ? reader_.error() : error_;
    }
    /// True while neither end has closed the connection.
    [[nodiscard]] bool here() const noexcept { return here_; }
    [[nodiscard]] bool was_reset() const noexcept { return was_reset_; }
    [[nodiscard]] Instant connected_at() const noexcept { return connected_at_; }
    void leave(Departure how);
    /// The rate of its link from now on. It has connected.
    void set_link_rate(std::uint64_t bytes_per_second) noexcept {
        connection_->set_rate(bytes_per_second);
    }

private:
    void write_request();
    void write_on();
    void read_on();
    void after_reading();
    void note_proxy_fault();

    EventQueue& events_;
    Decisions& decisions_;
    ClientPlan plan_;
    ResponseReader reader_;
    SimConnection* connection_ = nullptr;
    std::size_t next_request_ = 0;
    std::uint64_t answered_ = 0; ///< responses for which the next request has been written
    std::string outgoing_;
    std::size_t written_ = 0;
    std::uint64_t read_total_ = 0;
    bool reading_ = false; ///< a read is scheduled
    bool ending_ = false;  ///< the server sends no more
    bool here_ = true;
    bool was_reset_ = false;
    Instant connected_at_ = never;
    std::string error_;
};

} // namespace ringcast::sim
