#pragma once
// A test source that runs on the loop. It publishes frames of a given size at a given rate; each
// frame carries a stamp with its sequence number, its capture time and a checksum.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"
#include "io/engine.hpp"
#include "source/frame_source.hpp"

namespace ringcast::relay_test {

class StampedSource final : public source::FrameSource {
public:
    StampedSource(io::Engine& engine, std::size_t frame_bytes, Duration period)
        : engine_(engine), frame_bytes_(frame_bytes), period_(period) {}

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion&) noexcept override {}
    [[nodiscard]] Instant deadline() const noexcept override { return next_; }
    void on_deadline(Instant now) noexcept override;
    void stop() noexcept override {
        next_ = never;
        stopped_ = true;
    }
    [[nodiscard]] bool stopped() const noexcept override { return stopped_; }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "test"; }

    /// Number of frames published. Thread-safe.
    [[nodiscard]] std::uint64_t published() const noexcept { return published_.load(); }
    /// Number of frames dropped because no slot was free. Thread-safe.
    [[nodiscard]] std::uint64_t starved() const noexcept { return starved_.load(); }

private:
    io::Engine& engine_;
    std::size_t frame_bytes_;
    Duration period_;
    source::FrameSink* sink_ = nullptr;
    source::SourceCounters counters_;
    Instant next_ = never;
    bool stopped_ = false;
    std::atomic<std::uint64_t> published_{0};
    std::atomic<std::uint64_t> starved_{0};
};

} // namespace ringcast::relay_test
