#pragma once
// Makes events of what changes: looks once per turn at the state of all streams and at counters that
// count trouble, and is told the rest. What happens often becomes few events.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "api/event.hpp"
#include "api/status.hpp"
#include "base/time.hpp"
#include "io/engine.hpp"
#include "relay/event_log.hpp"
#include "stream/stream_table.hpp"

namespace ringcast::relay {

/// How many events one thing may cause: a camera with a loose contact must not push all others out of
/// the log. No clock.
class EventBudget {
public:
    static constexpr std::uint32_t events_max = 10;
    static constexpr Duration time = std::chrono::minutes(10);

    /// True if there may be an event at `now`, which the caller then makes.
    [[nodiscard]] bool spend(Instant now) noexcept;

private:
    Instant began_{};
    std::uint32_t spent_ = 0;
};

class EventWatch {
public:
    /// Everything outlives this.
    EventWatch(io::Engine& engine, const stream::StreamTable& streams,
               const api::RelayCounters& counters, std::string instance)
        : engine_(engine), streams_(streams), counters_(counters), log_(std::move(instance)),
          told_(streams.capacity()) {}

    [[nodiscard]] const EventLog& log() const noexcept { return log_; }
    void add(const api::Event& event) noexcept { log_.add(event, engine_.wall_now()); }
    /// Once per turn.
    void observe() noexcept;
    /// A viewer was refused because of a limit: of its address, or of all.
    void note_viewer_refused(bool per_address) noexcept {
        ++(per_address ? refused_per_address_ : refused_in_all_);
    }
    /// The stream's camera has new values of its controls.
    void note_controls(const stream::Stream& stream, const std::string& controls) noexcept;

private:
    /// What has been told of a stream.
    struct Told {
        enum class Signal : std::uint8_t { nothing, healthy, lost };
        std::uint32_t generation = 0;
        Signal state = Signal::nothing;
        std::size_t cause = 0;      ///< of the loss, hashed
        std::uint32_t changes = 0;  ///< Signal::changes
        std::uint64_t left_out = 0; ///< changes since the last event, beyond the budget
        EventBudget signal;
        EventBudget controls;
    };
    /// Trouble that may come in thousands.
    struct Counted {
        std::uint64_t told = 0;
        Instant next{}; ///< no event before
    };
    enum class CountedKind : std::uint8_t {
        refused_in_all,
        refused_per_address,
        places,
        memory,
        accepts
    };
    static constexpr std::size_t counted_kind_count = 5;

    [[nodiscard]] Told& told_of(const stream::Stream& stream) noexcept;
    void observe_signal(const stream::Stream& stream) noexcept;
    /// `signal` has changed.
    [[nodiscard]] static bool is_news(const stream::Signal& signal, const Told& told) noexcept;
    void observe_counter(CountedKind kind, std::uint64_t count, api::Event event) noexcept;

    io::Engine& engine_;
    const stream::StreamTable& streams_;
    const api::RelayCounters& counters_;
    EventLog log_;
    std::vector<Told> told_; ///< by index of the stream
    std::array<Counted, counted_kind_count> counted_{};
    std::uint64_t refused_in_all_ = 0;
    std::uint64_t refused_per_address_ = 0;
};

} // namespace ringcast::relay
