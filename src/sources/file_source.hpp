#pragma once
// Frames from a file or a folder: a FilePlayer in a thread, because opening and listing block on
// the disk.

#include <optional>
#include <string>
#include <string_view>

#include "ringcast/source/frame_source.hpp"
#include "sources/file_player.hpp"
#include "sources/frame_thread.hpp"

namespace ringcast::sources {

class FileSource final : public source::FrameSource {
public:
    /// `fps` empty: 30 for a file of frames, 1 for pictures.
    FileSource(io::Ring& ring, std::string stream_name, std::string path,
               std::optional<double> fps);

    void start(source::FrameSink& sink, std::uint32_t stream) noexcept override;
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
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "file"; }

private:
    source::SourceCounters counters_;
    FilePlayer player_;
    FrameThread thread_;
    bool stop_asked_ = false;
};

} // namespace ringcast::sources
