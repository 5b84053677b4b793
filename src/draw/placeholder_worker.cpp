#include "draw/placeholder_worker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "draw/no_signal_picture.hpp"

namespace ringcast::draw {

namespace {

/// Viewers keep the picture that they see.
void log_out_of_memory(std::string_view stream_name) noexcept {
    log_stream(LogLevel::warning, stream_name, "out of memory for a \"no signal\" picture");
}

} // namespace

Result<std::unique_ptr<PlaceholderWorker>> PlaceholderWorker::create(io::Engine& engine) {
    threads::WakeEvent wake;
    if (!wake.open()) {
        return fail(std::string("can't create an event descriptor for \"no signal\" pictures: ") +
                    std::strerror(errno));
    }
    try {
        return std::make_unique<PlaceholderWorker>(engine, std::move(wake));
    } catch (const std::system_error& error) {
        return fail(std::string("can't start a thread for \"no signal\" pictures: ") +
                    error.what());
    }
}

PlaceholderWorker::PlaceholderWorker(io::Engine& engine, threads::WakeEvent wake)
    : engine_(&engine), wake_(std::move(wake)), thread_([this] { run(); }) {
    read_wakes();
}

PlaceholderWorker::~PlaceholderWorker() {
    if (!stopped()) {
        RINGCAST_ASSERT(requests_ == 0); // a running relay would have stopped the thread
        stop();
        thread_.join();
    }
}

// --- the loop's side ---

void PlaceholderWorker::request(io::StreamId stream, std::string_view stream_name,
                                std::string_view reason, std::uint16_t width,
                                std::uint16_t height) noexcept {
    try {
        add_request(stream, stream_name, reason, width, height);
    } catch (const std::bad_alloc&) {
        log_out_of_memory(stream_name);
    }
}

void PlaceholderWorker::add_request(io::StreamId stream, std::string_view stream_name,
                                    std::string_view reason, std::uint16_t width,
                                    std::uint16_t height) {
    if (stream.index >= streams_.size()) {
        streams_.resize(stream.index + 1);
    }
    ++requests_;
    streams_[stream.index].newest = requests_;
    Request request{stream, requests_, std::string(stream_name), std::string(reason),
                    width,  height};
    {
        const std::lock_guard lock(mutex_);
        const auto earlier =
            std::find_if(waiting_.begin(), waiting_.end(),
                         [stream](const Request& other) { return other.stream == stream; });
        if (earlier != waiting_.end()) {
            *earlier = std::move(request);
        } else {
            waiting_.push_back(std::move(request));
        }
    }
    changed_.notify_one();
}

void PlaceholderWorker::read_wakes() noexcept {
    wake_.read(*engine_, {io::OpKind::painter, 0, 1});
}

void PlaceholderWorker::on_completion(const io::Completion&) noexcept {
    if (stopped()) {
        return;
    }
    const bool finished = finished_.load(std::memory_order_acquire);
    std::vector<Painted> painted;
    {
        const std::lock_guard lock(mutex_);
        painted.swap(painted_);
    }
    for (Painted& picture : painted) {
        Stream& stream = streams_[picture.stream.index];
        if (picture.number == stream.newest) {
            stream.painted = picture.number;
            stream.jpeg = std::move(picture.jpeg);
        }
    }
    if (finished) {
        thread_.join(); // it has nothing left to do
        return;
    }
    read_wakes();
}

ConstByteSpan PlaceholderWorker::picture(io::StreamId stream) const noexcept {
    if (stream.index >= streams_.size()) {
        return {};
    }
    const Stream& entry = streams_[stream.index];
    return entry.painted == entry.newest ? ConstByteSpan(entry.jpeg) : ConstByteSpan{};
}

void PlaceholderWorker::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        stop_asked_ = true;
    }
    changed_.notify_one();
}

// --- the thread's side ---

void PlaceholderWorker::run() noexcept {
    while (const std::optional<Request> request = wait_for_request()) {
        try {
            paint(*request);
        } catch (const std::bad_alloc&) {
            log_out_of_memory(request->stream_name);
        }
    }
    finished_.store(true, std::memory_order_release);
    wake_.wake();
}

void PlaceholderWorker::paint(const Request& request) {
    Painted picture{
        request.stream, request.number,
        draw_no_signal(request.stream_name, request.reason, request.width, request.height)};
    {
        const std::lock_guard lock(mutex_);
        painted_.push_back(std::move(picture));
    }
    wake_.wake();
}

/// None once `stop` has been called.
std::optional<PlaceholderWorker::Request> PlaceholderWorker::wait_for_request() noexcept {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_asked_ || !waiting_.empty(); });
    if (stop_asked_) {
        return std::nullopt;
    }
    // In order of each stream's first request, so that a stream with frequent requests delays no
    // other.
    Request request = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    return request;
}

} // namespace ringcast::draw
