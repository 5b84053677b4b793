#pragma once
// Another server, and the relay's own source that reads it, in virtual time. The server answers each
// request in one of the ways that servers in the field have, and fails in all the ways that they
// fail.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/resolver.hpp"
#include "sim/frame_log.hpp"
#include "sim/sim_connection.hpp"
#include "sim/sim_engine.hpp"
#include "sim/sim_source.hpp"
#include "upstream/upstream_source.hpp"

namespace ringcast::sim {

/// How the server answers.
enum class Framing : std::uint8_t {
    parts,                ///< multipart, with lengths
    parts_chunked,        ///< the same, in chunks
    parts_without_length, ///< multipart
    run,                  ///< JPEGs one after the other
    run_chunked,
    single, ///< one picture for each request; the connection stays open
};
inline constexpr std::uint64_t framing_count = 6;

struct UpstreamSetup {
    Duration period = std::chrono::milliseconds(33);
    std::size_t frame_bytes_min = 200;
    std::size_t frame_bytes_max = 4000;
    Framing framing = Framing::parts;
    bool ringcast = false;   ///< says that it is one
    bool misbehaves = false; ///< fails now and then, in all ways
    bool on_demand = false;
    Duration timeout = std::chrono::seconds(1);
    Duration idle_after = std::chrono::seconds(1);
    LinkSetup link{};
};

class SimUpstream;

/// The server's end of one connection.
class SimServerEnd final : public RemoteEnd {
public:
    explicit SimServerEnd(SimUpstream& server) : server_(server) {}

    void on_connected(SimConnection& connection) override { connection_ = &connection; }
    void on_readable(SimConnection& connection) override;
    void on_end(SimConnection& connection) override;
    void on_reset(SimConnection&) override { gone_ = true; }

    [[nodiscard]] bool gone() const noexcept { return gone_; }
    void reset();
    void close();
    /// Neither sends nor resets any more.
    void vanish() { gone_ = true; }

private:
    void answer();
    void write(std::string_view bytes);
    void write_body(std::string_view bytes);
    void send_frame();
    [[nodiscard]] bool misfortune();
    void next_frame();

    SimUpstream& server_;
    SimConnection* connection_ = nullptr;
    std::string request_;
    bool answering_ = false;
    bool gone_ = false;
};

/// Looks names up in virtual time; some are not found.
class SimResolver final : public io::Resolver {
public:
    SimResolver(SimEngine& engine, std::uint8_t number) : engine_(engine), number_(number) {}

    void resolve(io::OpToken token, const std::string& host, std::uint16_t port) override;
    [[nodiscard]] std::span<const io::SocketAddress> unix_address(const std::string& path) override;
    void cancel() noexcept override;
    [[nodiscard]] bool on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] std::span<const io::SocketAddress> addresses() const noexcept override {
        return addresses_;
    }
    [[nodiscard]] const std::string& error() const noexcept override { return error_; }
    [[nodiscard]] std::string text_of(const io::SocketAddress&) const override { return "sim"; }

private:
    void add_address(std::uint8_t family, io::Transport transport);

    SimEngine& engine_;
    std::uint8_t number_; ///< of the server, in its addresses
    io::OpToken token_{};
    int event_ = -1;
    std::array<std::byte, 8> event_count_{};
    bool finished_ = false;
    bool cancelled_ = false;
    std::uint64_t lookup_ = 0;
    std::vector<io::SocketAddress> addresses_;
    std::string error_;
};

/// A stream's source: the relay's own, and the server that it reads.
class SimUpstream final : public SimProducer {
public:
    /// `number` is part of the server's addresses.
    SimUpstream(SimEngine& engine, FrameLog& log, UpstreamSetup setup, std::uint8_t number);

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override {
        source_.on_completion(completion);
    }
    [[nodiscard]] Instant deadline() const noexcept override { return source_.deadline(); }
    void on_deadline(Instant now) noexcept override { source_.on_deadline(now); }
    void set_watched(bool watched) noexcept override { source_.set_watched(watched); }
    void stop() noexcept override { source_.stop(); }
    [[nodiscard]] bool stopped() const noexcept override { return source_.stopped(); }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return source_.counters();
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return source_.kind(); }
    [[nodiscard]] std::optional<source::UpstreamStatus> upstream() const override {
        return source_.upstream();
    }
    [[nodiscard]] std::size_t slots_held() const noexcept override {
        return source_.holds_slot() ? 1 : 0;
    }

    /// The number of the server in an address.
    [[nodiscard]] static std::uint8_t number_of(const io::SocketAddress& address) noexcept;
    /// Accepts a connection, unless the server is down.
    [[nodiscard]] SimEngine::Server accept();

    // --- for scenarios ---
    void go_down();
    void come_back() noexcept { down_ = false; }
    /// The newest connection stops answering.
    void hang() { ends_.back()->vanish(); }
    [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }
    [[nodiscard]] std::uint64_t connections() const noexcept { return ends_.size(); }
    /// Sends "no signal" pictures with this reason instead of frames; empty: frames again.
    void lose_signal(std::string reason) { no_signal_reason_ = std::move(reason); }

private:
    friend class SimServerEnd;

    bool tick() override { return false; } // has no use for the base's eventfd
    [[nodiscard]] std::string make_frame(io::StreamId stream);
    void note(FaultKind kind) { engine_.decisions().note(kind); }

    UpstreamSetup setup_;
    bool down_ = false;
    std::string no_signal_reason_;
    std::uint64_t requests_ = 0;
    std::vector<std::unique_ptr<SimServerEnd>> ends_;
    upstream::UpstreamSource source_;
};

} // namespace ringcast::sim
