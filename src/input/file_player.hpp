#pragma once
// Plays a file of JPEGs, or a folder of them, at a fixed rate in an endless loop. Runs in a thread,
// because opening and listing block on the disk. Knows no engine.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "input/file_frames.hpp"
#include "input/folder_watch.hpp"
#include "input/frame_thread.hpp"
#include "input/schedule.hpp"
#include "input/thread_source.hpp"
#include "source/frame_fault_log.hpp"

namespace ringcast::input {

class FilePlayer {
public:
    static constexpr std::string_view kind = "file";
    static constexpr double video_fps = 30;
    static constexpr double picture_fps = 1;
    /// Delay before a file that is missing, or contains no good frame, is tried again.
    static constexpr Duration retry_time = std::chrono::seconds(1);
    /// A file that is being replaced is missing or incomplete for a moment, which is not reported:
    /// viewers see the last picture meanwhile.
    static constexpr Duration trouble_time_max = std::chrono::seconds(2);
    /// Pictures of a folder beyond this number are ignored, in the order of the system's listing.
    static constexpr std::size_t names_max = 100'000;

    /// `fps` empty: 30 for a file of frames, 1 for pictures.
    FilePlayer(std::string stream_name, std::string path, std::optional<double> fps);
    void run(FrameThread::Worker& worker);

private:
    void play_next(FrameThread::Worker& worker);
    void play_news();
    /// Empty when a frame is in `payload`, otherwise the reason why none is.
    [[nodiscard]] std::string find_frame(FrameThread::Worker& worker, ByteSpan payload);
    [[nodiscard]] std::string next_of_file(FrameThread::Worker& worker, ByteSpan payload);
    [[nodiscard]] std::string next_of_folder(FrameThread::Worker& worker, ByteSpan payload);
    [[nodiscard]] bool read_frame(FrameThread::Worker& worker, ByteSpan payload);
    [[nodiscard]] std::string look();
    void list_folder();
    void show(FrameThread::Worker& worker);
    void fail(FrameThread::Worker& worker, const std::string& reason);
    void count_losses(FrameThread::Worker& worker, ByteSpan payload);

    std::string stream_name_;
    std::string path_;
    std::optional<double> fps_;
    Schedule schedule_;

    bool looked_ = false; ///< is_folder_ is known
    bool is_folder_ = false;
    FileFrames::Contents contents_ = FileFrames::Contents::sequence;
    FolderWatch watch_;
    FileFrames frames_;
    FileFrames::Found found_; ///< the frame in the payload

    bool news_waits_ = false;        ///< a completed picture has not been played yet
    bool pass_has_frame_ = false;    ///< this pass through the file has had a frame
    std::vector<std::string> names_; ///< of the folder, in order
    std::size_t next_name_ = 0;

    std::optional<Instant> trouble_since_;
    std::string reported_; ///< the last reason reported since the last good frame
    bool ever_good_ = false;
    source::FrameFaultLog fault_log_;
    FileFrames::Losses counted_;
};

using FileSource = ThreadSource<FilePlayer>;

} // namespace ringcast::input
