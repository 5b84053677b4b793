#pragma once
// Shared by the tests of sources: an engine in virtual time whose operations complete when the test
// decides, a sink that records everything, and small JPEGs of known size.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "base/assert.hpp"
#include "base/immovable.hpp"
#include "base/log.hpp"
#include "source/frame_source.hpp"

namespace ringcast::test {

/// A JPEG with the required markers: SOI, frame header, scan header, `entropy_bytes` bytes of
/// `fill` as picture data, EOI. Progressive, so that ringcast does not insert the standard Huffman
/// tables.
[[nodiscard]] inline std::string jpeg(std::size_t entropy_bytes, char fill = 'a',
                                      std::uint16_t width = 64, std::uint16_t height = 48) {
    std::string bytes("\xFF\xD8", 2);
    const auto high = [](std::uint16_t value) { return static_cast<char>(value >> 8U); };
    const auto low = [](std::uint16_t value) { return static_cast<char>(value & 0xFFU); };
    bytes += std::string("\xFF\xC2\x00\x0B\x08", 5);
    bytes += {high(height), low(height), high(width), low(width)};
    bytes += std::string("\x01\x01\x11\x00", 4);
    bytes += std::string("\xFF\xDA\x00\x08\x01\x01\x00\x00\x3F\x00", 10);
    bytes += std::string(entropy_bytes, fill);
    bytes += std::string("\xFF\xD9", 2);
    return bytes;
}

enum class Asked : std::uint8_t {
    read,
    poll,
    cancel,
    release,
    accept,
    connect,
    send,
    receive,
    receive_all,
};

struct Operation {
    Asked asked = Asked::read;
    io::OpToken token;
    int fd = -1;
    ByteSpan into;
    io::OpToken target; ///< operation to cancel
    std::string sent;   ///< bytes of a send
};

/// Keeps operations until the test completes them.
class FakeEngine final : public io::Engine {
public:
    std::vector<Operation> operations;
    /// The error of registering memory; empty: it succeeds.
    std::optional<std::string> registration_refusal = "not on this ring";
    /// Number of buffers that can be registered before the error.
    std::size_t registered_before_refusal = 0;
    std::vector<io::OpToken> registered; ///< by buffer: the token of its release
    std::vector<ByteSpan> registered_memory;
    std::size_t released = 0;
    /// The result of `open_socket` is the first number, then the next one, or this error if not 0.
    static constexpr int first_socket = 1000;
    int open_error = 0;
    std::vector<io::SocketAddress> sockets_opened;
    std::vector<int> closed;
    Instant monotonic{std::chrono::seconds(1000)};
    WallTime wall{std::chrono::seconds(1'700'000'000)};

    void pass(Duration time) {
        monotonic += time;
        wall += time;
    }
    [[nodiscard]] const Operation* find(Asked asked, io::OpToken token) const {
        for (const Operation& operation : operations) {
            if (operation.asked == asked && operation.token == token) {
                return &operation;
            }
        }
        return nullptr;
    }
    /// Removes the operation and returns its completion.
    [[nodiscard]] io::Completion answer(Asked asked, io::OpToken token, std::int32_t result) {
        const auto found =
            std::find_if(operations.begin(), operations.end(), [&](const Operation& operation) {
                return operation.asked == asked && operation.token == token;
            });
        RINGCAST_ASSERT(found != operations.end());
        operations.erase(found);
        io::Completion completion;
        completion.token = token;
        completion.result = result;
        return completion;
    }
    /// Completes a read with as much of `bytes` as fits, and removes that from `bytes`.
    [[nodiscard]] io::Completion answer_read(io::OpToken token, std::string_view& bytes) {
        const Operation* operation = find(Asked::read, token);
        RINGCAST_ASSERT(operation != nullptr);
        const std::size_t count = std::min(bytes.size(), operation->into.size());
        std::memcpy(operation->into.data(), bytes.data(), count);
        bytes.remove_prefix(count);
        return answer(Asked::read, token, static_cast<std::int32_t>(count));
    }

    /// Waits until the descriptor of an operation is ready, removes the operation and performs it
    /// with a system call. Releases and cancelled operations are completed first.
    [[nodiscard]] io::Completion answer_for_real() {
        for (const Operation& operation : operations) {
            if (operation.asked == Asked::release) {
                return answer(Asked::release, operation.token, 0);
            }
        }
        for (const Operation& operation : operations) {
            if (operation.asked == Asked::cancel) {
                const io::OpToken target = operation.target;
                static_cast<void>(answer(Asked::cancel, operation.token, 0));
                const Asked kind = find(Asked::read, target) != nullptr ? Asked::read : Asked::poll;
                if (find(kind, target) != nullptr) {
                    return answer(kind, target, -ECANCELED);
                }
                return {};
            }
        }
        std::vector<pollfd> waited;
        for (const Operation& operation : operations) {
            waited.push_back({operation.fd, POLLIN, 0});
        }
        // A hundred times longer than any operation here takes; a test that exceeds it has failed.
        constexpr int milliseconds_max = 20'000;
        if (::poll(waited.data(), waited.size(), milliseconds_max) <= 0) {
            throw std::runtime_error("nothing happened on the descriptors that a source waits for");
        }
        std::size_t ready = 0;
        while (waited[ready].revents == 0) {
            ++ready;
        }
        const Operation operation = operations[ready];
        if (operation.asked == Asked::poll) {
            return answer(Asked::poll, operation.token, waited[ready].revents);
        }
        const ssize_t count = ::read(operation.fd, operation.into.data(), operation.into.size());
        return answer(Asked::read, operation.token,
                      count < 0 ? -errno : static_cast<std::int32_t>(count));
    }

    [[nodiscard]] Instant now() const noexcept override { return monotonic; }
    [[nodiscard]] WallTime wall_now() const noexcept override { return wall; }
    void read_clocks() noexcept override {}
    void read(io::OpToken token, int fd, ByteSpan into) noexcept override {
        operations.push_back({Asked::read, token, fd, into, {}, {}});
    }
    void poll(io::OpToken token, int fd, io::PollEvents) noexcept override {
        operations.push_back({Asked::poll, token, fd, {}, {}, {}});
    }
    void cancel(io::OpToken token, io::OpToken target) noexcept override {
        operations.push_back({Asked::cancel, token, -1, {}, target, {}});
    }

    void accept(io::OpToken token, int listener) noexcept override {
        operations.push_back({Asked::accept, token, listener, {}, {}, {}});
    }

    void receive(io::OpToken token, int socket, ByteSpan into) noexcept override {
        operations.push_back({Asked::receive, token, socket, into, {}, {}});
    }
    void receive_all(io::OpToken token, int socket, ByteSpan into) noexcept override {
        operations.push_back({Asked::receive_all, token, socket, into, {}, {}});
    }
    void send(io::OpToken token, int socket, ConstByteSpan bytes,
              io::SendOptions) noexcept override {
        operations.push_back({Asked::send, token, socket, {}, {}, std::string(as_text(bytes))});
    }
    void connect(io::OpToken token, int socket, const io::SocketAddress&) noexcept override {
        operations.push_back({Asked::connect, token, socket, {}, {}, {}});
    }
    [[nodiscard]] int open_socket(const io::SocketAddress& address) noexcept override {
        if (open_error != 0) {
            return -open_error;
        }
        sockets_opened.push_back(address);
        return first_socket + static_cast<int>(sockets_opened.size()) - 1;
    }
    void close(io::OpToken, int fd) noexcept override { closed.push_back(fd); }

    // Nothing that is tested with this engine uses viewers' connections or runs the loop.
    void send_zero_copy(io::OpToken, int, ConstByteSpan, io::BufferId,
                        io::SendOptions) noexcept override {
        std::abort();
    }
    void abort(io::OpToken, int, io::Transport) noexcept override { std::abort(); }
    void shutdown_writing(io::OpToken, int) noexcept override { std::abort(); }
    [[nodiscard]] io::Peer describe_peer(int) noexcept override { std::abort(); }
    void shorten_queue(int /*socket*/) noexcept override {}
    [[nodiscard]] io::SocketProgress socket_progress(int, io::Transport) noexcept override {
        std::abort();
    }
    [[nodiscard]] Result<io::BufferId> register_buffer(ByteSpan memory,
                                                       io::OpToken when_released) override {
        if (registration_refusal && registered.size() >= registered_before_refusal) {
            return fail(*registration_refusal);
        }
        registered.push_back(when_released);
        registered_memory.push_back(memory);
        return io::BufferId{static_cast<std::uint16_t>(registered.size() - 1)};
    }
    void release_buffer(io::BufferId buffer) noexcept override {
        ++released;
        operations.push_back({Asked::release, registered[buffer.value], -1, {}, {}, {}});
    }
    [[nodiscard]] bool zero_copy_supported() const noexcept override { return false; }
    [[nodiscard]] std::size_t zero_copy_bytes_min() const noexcept override { return 0; }
    [[nodiscard]] std::size_t submit_and_reap(std::span<io::Completion>, Instant,
                                              std::size_t) noexcept override {
        std::abort();
    }
    [[nodiscard]] std::uint64_t system_calls() const noexcept override { return 0; }
};

/// A sink like a stream of the relay: the latest frame holds its slot.
class FakeSink : public source::FrameSink {
public:
    explicit FakeSink(std::size_t frame_bytes_max, std::uint16_t slot_count = 4)
        // Of the pages of a camera's buffers, which it can be given.
        : geometry_{static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), frame_bytes_max, slot_count,
                    picture_max},
          memory_(geometry_.arena_bytes()),
          arena_(memory_, geometry_, http::Boundary(1, 2), std::nullopt) {}

    static constexpr jpeg::PictureLimit picture_max{16384, 16384};

    std::vector<std::string> frames;
    std::vector<frame::FrameInfo> infos;
    std::vector<std::string> reasons;
    std::vector<std::string> ends;
    std::size_t pauses = 0;
    bool slots_withheld = false;
    bool viewers_stalled = false; ///< viewers hold each frame

    [[nodiscard]] frame::FrameArena& arena() noexcept override { return arena_; }
    [[nodiscard]] frame::WritableSlot take_slot() noexcept override {
        return slots_withheld ? frame::WritableSlot{} : arena_.take_slot();
    }
    void publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept override {
        latest_ = arena_.seal(std::move(slot), info, ++sequence_);
        if (viewers_stalled) {
            stalled_.push_back(latest_.share());
        }
        frames.emplace_back(as_text(latest_.jpeg_span()));
        infos.push_back(info);
    }
    void signal_lost(std::string_view reason) noexcept override { reasons.emplace_back(reason); }
    void signal_awaited(std::string_view reason) noexcept override { reasons.emplace_back(reason); }
    void pause() noexcept override { ++pauses; }
    void ended(std::string_view reason) noexcept override { ends.emplace_back(reason); }

    /// Releases all frames, like a stream that closes.
    void let_go() noexcept {
        stalled_.clear();
        latest_.release();
    }

    /// Slots that are being written: neither free nor the latest frame.
    [[nodiscard]] std::size_t slots_with_source() const {
        return geometry_.slot_count - arena_.free_count() - (latest_.valid() ? 1U : 0U);
    }

private:
    frame::SlotGeometry geometry_;
    std::vector<std::byte> memory_;
    frame::FrameArena arena_;
    frame::FrameLease latest_;
    std::vector<frame::FrameLease> stalled_;
    std::uint64_t sequence_ = 0;
};

/// Performs operations, and passes the completions to `take`, until `condition` is true.
template <typename Take, typename Condition>
void drive(FakeEngine& engine, Take take, Condition condition) {
    while (!condition()) {
        take(engine.answer_for_real());
    }
}

/// An object driven by an engine's completions in real time. Tests wait for conditions, never
/// sleep.
class Driven : private Immovable {
public:
    virtual ~Driven() = default;

    template <typename Condition>
    void until(Condition condition) {
        drive(engine, [this](const io::Completion& completion) { take(completion); }, condition);
    }

    FakeEngine engine;

protected:
    virtual void take(const io::Completion& completion) = 0;
};

/// A source between an engine and a sink. At the end of the test the source is stopped, and has to
/// release everything.
template <typename Source>
class SourceBench : public Driven {
public:
    /// `arguments` are those of the source, after the engine.
    template <typename... Arguments>
    SourceBench(std::size_t frame_bytes_max, io::StreamId stream, Arguments&&... arguments)
        : sink(frame_bytes_max), source(engine, std::forward<Arguments>(arguments)...) {
        source.start(sink, stream);
    }
    ~SourceBench() override {
        source.stop();
        constexpr Duration patience = std::chrono::minutes(1); // longer than any of its delays
        engine.pass(patience);
        if (source.deadline() <= engine.now()) {
            source.on_deadline(engine.now());
        }
        until([this] { return source.stopped(); });
        CHECK(sink.slots_with_source() == 0);
        CHECK(engine.operations.empty());
        CHECK(source.deadline() == never);
    }

    FakeSink sink;
    Source source;

private:
    void take(const io::Completion& completion) override {
        if (completion.token.kind == io::OpKind::source) { // not of a cancel
            source.on_completion(completion);
        }
    }
};

/// A folder that is deleted with its contents at the end of the test.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "ringcast-XXXXXX").string();
        RINGCAST_ASSERT(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    TemporaryFolder(TemporaryFolder&&) = delete;
    TemporaryFolder& operator=(TemporaryFolder&&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string path(const std::string& name = "") const {
        return name.empty() ? path_ : path_ + "/" + name;
    }
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(path(name), std::ios::binary) << content;
    }
    /// Atomic: no reader ever sees half of the file.
    void move_in(const std::string& name, const std::string& content) const {
        write(".partial", content);
        std::filesystem::rename(path(".partial"), path(name));
    }
    void remove(const std::string& name) const { std::filesystem::remove(path(name)); }

private:
    std::string path_;
};

/// A file in a folder of its own.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& content) { folder_.write("file", content); }
    [[nodiscard]] std::string path() const { return folder_.path("file"); }

private:
    TemporaryFolder folder_;
};

/// Records log lines of every level during its lifetime. One at a time.
class LogCapture {
public:
    LogCapture() {
        RINGCAST_ASSERT(current() == nullptr);
        current() = this;
        set_log_level(LogLevel::debug);
        set_log_sink([](const LogLine& line) noexcept {
            if (LogCapture* capture = current()) {
                const std::lock_guard lock(capture->mutex_);
                capture->lines_.push_back({line.level, std::string(line.text)});
            }
        });
    }
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;
    LogCapture(LogCapture&&) = delete;
    LogCapture& operator=(LogCapture&&) = delete;
    ~LogCapture() {
        set_log_sink(nullptr);
        set_log_level(LogLevel::info);
        current() = nullptr;
    }

    /// Number of lines that contain `text`, of at least the level.
    [[nodiscard]] std::size_t count(std::string_view text, LogLevel lowest = LogLevel::debug) {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(
            std::count_if(lines_.begin(), lines_.end(), [&](const Line& line) {
                return line.level >= lowest && line.text.find(text) != std::string::npos;
            }));
    }

private:
    struct Line {
        LogLevel level = LogLevel::debug;
        std::string text;
    };
    [[nodiscard]] static LogCapture*& current() {
        static LogCapture* capture = nullptr;
        return capture;
    }

    std::mutex mutex_;
    std::vector<Line> lines_;
};

} // namespace ringcast::test
