#pragma once
// The whole relay on a real engine, in its own thread, listening on TCP loopback or on an
// abstract UNIX socket.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/unique_fd.hpp"
#include "relay/relay.hpp"
#include "relay_kernel/stamped_source.hpp"

namespace ringcast::relay_test {

struct HostSettings {
    std::size_t frame_bytes = 20'000;
    Duration period = std::chrono::microseconds(33'333);
    std::size_t frame_bytes_max = 1024UL * 1024UL;
    std::uint16_t slots = 32;
    std::uint32_t viewers_max = 4096;
    Duration stall_timeout = std::chrono::seconds(10);
    connection::SendPathPolicy send_path_policy = connection::SendPathPolicy::automatic;
    bool unix_listener = false; ///< instead of TCP
};

class RelayHost {
public:
    explicit RelayHost(HostSettings settings = {});
    RelayHost(const RelayHost&) = delete;
    RelayHost& operator=(const RelayHost&) = delete;
    RelayHost(RelayHost&&) = delete;
    RelayHost& operator=(RelayHost&&) = delete;
    /// Stops the relay cleanly and asserts that it has released every slot.
    ~RelayHost();

    /// Opens a blocking connection to the relay.
    [[nodiscard]] UniqueFd connect() const;
    /// The port on 127.0.0.1; not with a UNIX listener.
    [[nodiscard]] std::uint16_t port() const;
    /// Runs `call` on the loop's thread and waits until it returns.
    void on_loop(const std::function<void(relay::Relay&, io::Engine&)>& call);
    [[nodiscard]] api::StatusSnapshot status(bool with_viewers = false);
    /// The send counters of the only stream.
    [[nodiscard]] connection::SendCounters sends();
    /// The engine's system calls so far, including the one that this call causes.
    [[nodiscard]] std::uint64_t enters();
    [[nodiscard]] const StampedSource& source() const { return *source_; }

private:
    void run(const HostSettings& settings);

    UniqueFd listener_;
    UniqueFd wake_;
    std::unique_ptr<StampedSource> source_;
    struct Shared;
    std::unique_ptr<Shared> shared_;
    std::thread thread_;
};

} // namespace ringcast::relay_test
