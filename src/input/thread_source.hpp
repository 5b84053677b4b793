#pragma once
// A source whose frames are produced by a player in a thread; a FrameThread carries them to the
// loop. Does not know the kind of player.

#include <string_view>
#include <utility>

#include "input/frame_thread.hpp"
#include "source/frame_source.hpp"

namespace ringcast::input {

/// A `Player` provides `kind`, for status, and `run(FrameThread::Worker&)`, the body of the thread.
template <typename Player>
class ThreadSource final : public source::FrameSource {
public:
    /// `arguments` are the player's.
    template <typename... Arguments>
    explicit ThreadSource(io::Engine& engine, Arguments&&... arguments)
        : player_(std::forward<Arguments>(arguments)...), thread_(engine, counters_) {}

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override {
        constexpr std::uint8_t wake_operation = 0;
        constexpr std::uint16_t only_run = 1;
        const auto play = [this](FrameThread::Worker& worker) { player_.run(worker); };
        if (!thread_.begin(sink, io::source_token(stream, wake_operation, only_run), play)) {
            sink.signal_lost("no thread could be started for the frames");
        }
    }
    void on_completion(const io::Completion& completion) noexcept override {
        thread_.on_completion(completion);
    }
    [[nodiscard]] Instant deadline() const noexcept override { return thread_.deadline(); }
    void on_deadline(Instant now) noexcept override { thread_.on_deadline(now); }
    void stop() noexcept override {
        stop_asked_ = true;
        thread_.stop();
    }
    [[nodiscard]] bool stopped() const noexcept override { return stop_asked_ && thread_.idle(); }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        thread_.add_counts();
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return Player::kind; }

private:
    source::SourceCounters counters_;
    Player player_; ///< used by the thread while it runs
    FrameThread thread_;
    bool stop_asked_ = false;
};

} // namespace ringcast::input
