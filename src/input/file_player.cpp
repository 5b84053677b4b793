#include "input/file_player.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/log.hpp"
#include "input/video_file.hpp"
#include "os/clock.hpp"
#include "source/found_frame.hpp"
#include "source/publish_frame.hpp"

namespace ringcast::input {

namespace {

constexpr std::string_view video_reason = "the file is a video, not JPEG frames";

bool is_picture_name(std::string_view name) {
    const std::string extension = lower_case_extension(name);
    return extension == ".jpg" || extension == ".jpeg";
}

} // namespace

FilePlayer::FilePlayer(std::string stream_name, std::string path, std::optional<double> fps)
    : stream_name_(std::move(stream_name)), path_(std::move(path)), fps_(fps),
      schedule_(picture_fps, os::monotonic_now()), fault_log_(stream_name_, path_) {}

void FilePlayer::run(FrameThread::Worker& worker) {
    for (;;) {
        switch (worker.sleep_until(schedule_.due(), watch_.descriptor())) {
        case FrameThread::Worker::Wake::stop:
            return;
        case FrameThread::Worker::Wake::time:
            play_next(worker);
            break;
        case FrameThread::Worker::Wake::descriptor:
            play_news();
            break;
        }
    }
}

void FilePlayer::play_next(FrameThread::Worker& worker) {
    const ByteSpan payload = worker.payload();
    if (payload.empty() && news_waits_) {
        schedule_.restart(os::monotonic_now() + FrameThread::slot_retry_time);
        return;
    }
    news_waits_ = false;
    if (payload.empty()) {
        worker.frames_dropped += 1 + schedule_.advance(os::monotonic_now());
        return;
    }
    const std::string reason = find_frame(worker, payload);
    count_losses(worker, payload);
    if (worker.stop_asked()) {
        return;
    }
    if (!reason.empty()) {
        fail(worker, reason);
        return;
    }
    show(worker);
    worker.frames_dropped += schedule_.advance(os::monotonic_now());
}

/// Shows a completed picture at once, or as soon as a slot is free, and continues from there at the
/// usual rate.
void FilePlayer::play_news() {
    const std::string own_name = std::filesystem::path(path_).filename().string();
    const FolderWatch::News news = watch_.take([&](std::string_view name) {
        return is_folder_ ? is_picture_name(name) : name == own_name;
    });
    if (news.over) {
        looked_ = false;
    }
    if (news.completed.empty()) {
        return;
    }
    frames_.close();
    pass_has_frame_ = false;
    if (is_folder_) {
        const auto place = std::lower_bound(names_.begin(), names_.end(), news.completed);
        next_name_ = static_cast<std::size_t>(place - names_.begin());
        if ((place == names_.end() || *place != news.completed) && names_.size() < names_max) {
            names_.insert(place, news.completed);
        }
    }
    news_waits_ = true;
    schedule_.restart(os::monotonic_now());
}

void FilePlayer::show(FrameThread::Worker& worker) {
    ever_good_ = true;
    trouble_since_.reset();
    reported_.clear();
    const jpeg::RepairedFrame repaired =
        source::repair_found_frame(worker.memory(), worker.payload_offset(), found_.frame);
    // Read in this order, so that a frame newer than a request is newer by either clock.
    const Instant captured_at = os::monotonic_now();
    const WallTime captured = os::wall_now();
    worker.hand_over(source::frame_info(repaired, captured_at, captured), repaired.changed);
}

// --- finding a frame ---

std::string FilePlayer::find_frame(FrameThread::Worker& worker, ByteSpan payload) {
    if (!looked_) {
        if (std::string reason = look(); !reason.empty()) {
            return reason;
        }
    }
    const FileFrames::Losses before = frames_.losses();
    std::string reason =
        is_folder_ ? next_of_folder(worker, payload) : next_of_file(worker, payload);
    // Bytes of a video that look like the beginning of a JPEG are no frame that could be fixed.
    if (reason.empty() || reason == video_reason) {
        return reason;
    }
    const FileFrames::Losses& losses = frames_.losses();
    if (losses.oversized > before.oversized) {
        return source::oversized_reason(losses.oversized_bytes,
                                        frame::SlotGeometry::frame_part(payload).size());
    }
    if (losses.damaged > before.damaged && losses.fault.damage == jpeg::Damage::picture_too_large) {
        return source::too_large_reason(losses.fault, worker.picture_max());
    }
    return reason;
}

/// Finds out whether the path is a file or a folder, and begins to watch it.
std::string FilePlayer::look() {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::file_status status = fs::status(path_, error);
    const fs::path parent = fs::path(path_).parent_path();
    is_folder_ = fs::is_directory(status);
    // Before anything is read, so that no later change is missed.
    watch_.begin(is_folder_ ? path_ : parent.empty() ? "." : parent.string());
    if (!fs::exists(status)) {
        return "the file is missing";
    }
    looked_ = true;
    names_.clear();
    next_name_ = 0;
    // By the name, not by a marker: of the formats that keep further pictures behind the first, not
    // all announce them in it, and a sequence may consist of pictures that do.
    const bool pictures = is_folder_ || is_picture_name(path_);
    contents_ = pictures ? FileFrames::Contents::one_picture : FileFrames::Contents::sequence;
    schedule_ = Schedule(fps_.value_or(pictures ? picture_fps : video_fps), os::monotonic_now());
    return {};
}

std::string FilePlayer::next_of_file(FrameThread::Worker& worker, ByteSpan payload) {
    // Twice at most: the rest of this pass, and the beginning of the next.
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (!frames_.is_open()) {
            pass_has_frame_ = false;
            if (const int failure = frames_.open(path_, contents_)) {
                looked_ = false;
                return failure == ENOENT ? "the file is missing" : "the file can't be read";
            }
        }
        if (read_frame(worker, payload)) {
            pass_has_frame_ = true;
            return {};
        }
        frames_.close();
        if (!pass_has_frame_) {
            break;
        }
    }
    // A video may consist of JPEG frames, so its name alone says nothing.
    return std::string(video_command(path_) ? video_reason : "the file contains no whole JPEG");
}

std::string FilePlayer::next_of_folder(FrameThread::Worker& worker, ByteSpan payload) {
    if (next_name_ >= names_.size()) {
        list_folder();
    }
    if (names_.empty()) {
        looked_ = false; // it may be deleted, and may be created again as a file
        return "the folder contains no pictures";
    }
    // Tries each picture once and stops at the first good one.
    for (std::size_t tried = 0; tried < names_.size() && !worker.stop_asked(); ++tried) {
        const std::string& name = names_[next_name_ % names_.size()];
        const bool good =
            frames_.open((std::filesystem::path(path_) / name).string(), contents_) == 0 &&
            read_frame(worker, payload);
        frames_.close();
        next_name_ = next_name_ % names_.size() + 1;
        if (good) {
            return {};
        }
    }
    list_folder();
    return "the folder contains no whole JPEG";
}

void FilePlayer::list_folder() {
    names_.clear();
    next_name_ = 0;
    std::error_code error;
    std::filesystem::directory_iterator entry(path_, error);
    const std::filesystem::directory_iterator end;
    while (!error && entry != end && names_.size() < names_max) {
        if (std::string name = entry->path().filename().string(); is_picture_name(name)) {
            names_.push_back(std::move(name));
        }
        entry.increment(error);
    }
    std::sort(names_.begin(), names_.end());
}

bool FilePlayer::read_frame(FrameThread::Worker& worker, ByteSpan payload) {
    found_ =
        frames_.next(payload, worker.picture_max(), [&worker] { return !worker.stop_asked(); });
    return found_.outcome == FileFrames::Outcome::frame;
}

// --- trouble ---

void FilePlayer::fail(FrameThread::Worker& worker, const std::string& reason) {
    const Instant now = os::monotonic_now();
    schedule_.restart(now + retry_time);
    if (!trouble_since_.has_value()) {
        trouble_since_ = now;
    }
    if (reason == reported_ || (ever_good_ && now - *trouble_since_ < trouble_time_max)) {
        return;
    }
    const auto command = reason == video_reason ? video_command(path_) : std::nullopt;
    log_stream(LogLevel::warning, stream_name_, "{}: {}{}{}", path_, reason,
               command ? "; to show it: " : "", command.value_or(""));
    reported_ = reason;
    worker.report(reason);
}

void FilePlayer::count_losses(FrameThread::Worker& worker, ByteSpan payload) {
    const FileFrames::Losses& losses = frames_.losses();
    const Instant now = os::monotonic_now();
    if (losses.damaged > counted_.damaged) {
        fault_log_.damaged(now, losses.fault, worker.picture_max());
    }
    if (losses.oversized > counted_.oversized) {
        fault_log_.oversized(now, losses.oversized_bytes,
                             frame::SlotGeometry::frame_part(payload).size());
    }
    counted_ = losses;
    worker.frames_damaged = losses.damaged;
    worker.frames_oversized = losses.oversized;
    worker.bytes_skipped = losses.bytes_skipped;
    worker.reads = frames_.reads();
}

} // namespace ringcast::input
