#include "relay/event_watch.hpp"

#include <chrono>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

namespace ringcast::relay {

namespace {

/// Between two events of a counter.
constexpr Duration counter_pause = std::chrono::minutes(1);

/// The reason without what follows from it: "the program has ended; starting again in 2 s".
std::string_view cause_of(const stream::Signal& signal) noexcept {
    return signal.reason().substr(0, signal.reason().find(';'));
}

} // namespace

bool EventBudget::spend(Instant now) noexcept {
    if (spent_ == 0 || now - began_ >= time) {
        began_ = now;
        spent_ = 0;
    }
    if (spent_ == events_max) {
        return false;
    }
    ++spent_;
    return true;
}

void EventWatch::observe() noexcept {
    for (const stream::Stream* stream : streams_.all()) {
        if (stream->original() == nullptr) {
            observe_signal(*stream);
        }
    }
    using api::EventKind;
    observe_counter(CountedKind::refused_in_all, refused_in_all_,
                    {.kind = EventKind::viewers_refused, .reason = "too many viewers"});
    observe_counter(CountedKind::refused_per_address, refused_per_address_,
                    {.kind = EventKind::viewers_refused, .reason = "too many from one address"});
    observe_counter(CountedKind::places, counters_.evicted_silent + counters_.evicted_over_share,
                    {.kind = EventKind::places_taken});
    observe_counter(CountedKind::memory, counters_.evicted_for_memory,
                    {.kind = EventKind::memory_short});
    observe_counter(CountedKind::accepts, counters_.accept_pauses,
                    {.kind = EventKind::accept_paused});
}

EventWatch::Told& EventWatch::told_of(const stream::Stream& stream) noexcept {
    Told& told = told_[stream.id().index];
    if (told.generation != stream.id().generation) {
        told = Told();
        told.generation = stream.id().generation;
    }
    return told;
}

void EventWatch::observe_signal(const stream::Stream& stream) noexcept {
    Told& told = told_of(stream);
    const stream::Signal& signal = stream.signal();
    const bool changed = std::exchange(told.changes, signal.changes()) != signal.changes();
    if (stream.retiring() || (!changed && told.left_out == 0) ||
        (told.left_out == 0 && !is_news(signal, told))) {
        return;
    }
    if (!told.signal.spend(engine_.now())) {
        told.left_out += changed ? 1 : 0;
        return;
    }
    const bool lost = signal.state() == stream::StreamState::lost;
    const bool paused = signal.state() == stream::StreamState::paused;
    add({.kind = lost     ? api::EventKind::stream_lost
                 : paused ? api::EventKind::stream_paused
                          : api::EventKind::stream_live,
         .stream = stream.name(),
         .reason = cause_of(signal),
         .count = told.left_out});
    told.state = lost ? Told::Signal::lost : Told::Signal::healthy;
    told.cause = std::hash<std::string_view>()(cause_of(signal));
    told.left_out = 0;
}

bool EventWatch::is_news(const stream::Signal& signal, const Told& told) noexcept {
    switch (signal.state()) {
    case stream::StreamState::starting:
        return false;
    case stream::StreamState::live:
        return told.state != Told::Signal::healthy;
    case stream::StreamState::paused:
        return told.state == Told::Signal::lost;
    case stream::StreamState::lost:
        break;
    }
    // Sources that try again say so each time, and in between that they begin.
    if (told.state == Told::Signal::healthy) {
        return true;
    }
    const bool same_cause = told.cause == std::hash<std::string_view>()(cause_of(signal));
    return !signal.starting() && (told.state == Told::Signal::nothing || !same_cause);
}

void EventWatch::note_controls(const stream::Stream& stream, const std::string& controls) noexcept {
    if (told_of(stream).controls.spend(engine_.now())) {
        add({.kind = api::EventKind::controls_changed,
             .stream = stream.name(),
             .lines = std::span(&controls, 1)});
    }
}

void EventWatch::observe_counter(CountedKind kind, std::uint64_t count, api::Event event) noexcept {
    Counted& counted = counted_[static_cast<std::size_t>(kind)];
    const Instant now = engine_.now();
    if (count == counted.told || now < counted.next) {
        return;
    }
    event.count = count - std::exchange(counted.told, count);
    counted.next = now + counter_pause;
    add(event);
}

} // namespace ringcast::relay
