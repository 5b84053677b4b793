#include "relay_kernel/stream_clients.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "jpeg/stamp.hpp"

namespace ringcast::relay_test {

namespace {

constexpr std::size_t read_bytes_max = 256UL * 1024UL;
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

std::size_t content_length(std::string_view header) {
    constexpr std::string_view name = "Content-Length: ";
    const auto at = header.find(name);
    std::size_t value = 0;
    if (at != std::string_view::npos) {
        const std::string_view digits = header.substr(at + name.size());
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    }
    return value;
}

} // namespace

StreamClient::StreamClient(UniqueFd socket, std::string_view target, std::uint64_t bytes_per_second,
                           std::string memory)
    : socket_(std::move(socket)), bytes_per_second_(bytes_per_second), begun_(Clock::now()),
      buffer_(std::move(memory)) {
    buffer_.clear();
    const std::string request = "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n";
    RINGCAST_ASSERT(::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
                    static_cast<ssize_t>(request.size()));
    ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
}

void StreamClient::fail(std::string why) {
    if (fault_.empty()) {
        fault_ = std::move(why);
    }
    ended_ = true;
}

bool StreamClient::read(Clock::time_point now) {
    static std::array<char, read_bytes_max> bytes;
    while (!ended_) {
        std::size_t allowed = bytes.size();
        if (bytes_per_second_ > 0) {
            const double seconds = std::chrono::duration<double>(now - begun_).count();
            const auto budget =
                static_cast<std::uint64_t>(seconds * static_cast<double>(bytes_per_second_));
            allowed =
                std::min<std::size_t>(allowed, budget > bytes_read_ ? budget - bytes_read_ : 0);
        }
        if (allowed == 0) {
            return true;
        }
        const ssize_t count = ::recv(socket_.get(), bytes.data(), allowed, 0);
        if (count <= 0) {
            ended_ = count == 0 || (errno != EAGAIN && errno != EINTR);
            break;
        }
        bytes_read_ += static_cast<std::size_t>(count);
        buffer_.append(bytes.data(), static_cast<std::size_t>(count));
        parse();
    }
    return !ended_;
}

void StreamClient::parse() {
    while (!ended_ && parse_step()) {
    }
    buffer_.erase(0, parsed_);
    parsed_ = 0;
}

bool StreamClient::parse_step() {
    const std::string_view rest = std::string_view(buffer_).substr(parsed_);
    switch (expect_) {
    case Expect::head: {
        const auto end = rest.find(head_end);
        if (end == std::string_view::npos) {
            return false;
        }
        constexpr std::string_view key = "boundary=";
        const auto at = rest.find(key);
        if (!rest.starts_with("HTTP/1.1 200") || at > end) {
            fail("not a stream: " + std::string(rest.substr(0, end)));
            return false;
        }
        boundary_ =
            std::string(line_end) + "--" +
            std::string(rest.substr(at + key.size(), rest.find(line_end, at) - at - key.size())) +
            std::string(line_end);
        // The body begins with "--boundary", without the CRLF of a delimiter. The CRLF of the blank
        // line before it stands in for that, so it is not consumed here.
        parsed_ += end + line_end.size();
        expect_ = Expect::delimiter;
        return true;
    }
    case Expect::delimiter:
        if (rest.size() < boundary_.size()) {
            return false;
        }
        if (!rest.starts_with(boundary_)) {
            fail("expected a delimiter");
            return false;
        }
        parsed_ += boundary_.size();
        expect_ = Expect::part_header;
        return true;
    case Expect::part_header: {
        const auto end = rest.find(head_end);
        if (end == std::string_view::npos) {
            return false;
        }
        body_bytes_ = content_length(rest.substr(0, end + head_end.size()));
        if (body_bytes_ == 0) {
            fail("a part without Content-Length");
            return false;
        }
        parsed_ += end + head_end.size();
        expect_ = Expect::body;
        return true;
    }
    case Expect::body:
        if (rest.size() < body_bytes_) {
            return false;
        }
        take_frame(rest.substr(0, body_bytes_));
        parsed_ += body_bytes_;
        expect_ = Expect::delimiter;
        return true;
    }
    return false;
}

void StreamClient::take_frame(std::string_view jpeg) {
    const ConstByteSpan bytes = as_bytes(jpeg);
    const auto stamp = jpeg::read_stamp(bytes);
    if (!stamp || jpeg::stamp_checksum(bytes) != stamp->crc) {
        return fail("a damaged frame");
    }
    if (stamp->sequence <= last_sequence_) {
        return fail("a frame out of order");
    }
    if (frames_ == 0) {
        first_frame_after_ = Clock::now() - begun_;
    } else {
        missed_ += stamp->sequence - last_sequence_ - 1;
    }
    last_sequence_ = stamp->sequence;
    ++frames_;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    ages_.push_back(now - stamp->captured.time_since_epoch());
}

ClientPool::ClientPool() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void ClientPool::allocate_buffers(std::size_t clients, std::size_t bytes) {
    for (std::size_t i = 0; i < clients; ++i) {
        buffers_.emplace_back(bytes, '\0');
    }
}

StreamClient& ClientPool::add(UniqueFd socket, std::string_view target,
                              std::uint64_t bytes_per_second) {
    std::string memory;
    if (!buffers_.empty()) {
        memory = std::move(buffers_.back());
        buffers_.pop_back();
    }
    StreamClient& client =
        clients_.emplace_back(std::move(socket), target, bytes_per_second, std::move(memory));
    epoll_event event{};
    event.events = bytes_per_second == 0 ? EPOLLIN : 0U; // rate-limited clients are read by time
    event.data.ptr = &client;
    RINGCAST_ASSERT(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.socket(), &event) == 0);
    return client;
}

bool ClientPool::run_until(const std::function<bool()>& done, std::chrono::seconds bound) {
    const auto end = Clock::now() + bound;
    while (!done()) {
        if (Clock::now() > end) {
            return false;
        }
        constexpr int wait_ms = 5;
        poll(wait_ms);
    }
    return true;
}

void ClientPool::poll(int wait_ms) {
    std::array<epoll_event, 256> events{};
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms);
    const auto now = Clock::now();
    for (int i = 0; i < count; ++i) {
        auto& client = *static_cast<StreamClient*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (!client.read(now)) {
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, client.socket(), nullptr);
        }
    }
    for (StreamClient& client : clients_) {
        if (client.rate_limited() && !client.ended()) {
            client.read(now); // epoll does not report these
        }
    }
}

std::string ClientPool::fault() const {
    for (const StreamClient& client : clients_) {
        if (!client.fault().empty()) {
            return client.fault();
        }
    }
    return {};
}

std::string ask(const UniqueFd& socket, std::string_view request) {
    RINGCAST_ASSERT(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
                    static_cast<ssize_t>(request.size()));
    return read_reply(socket);
}

std::string read_reply(const UniqueFd& socket) {
    std::string reply;
    std::array<char, 65536> bytes{};
    for (;;) {
        const auto end = reply.find(head_end);
        if (end != std::string::npos &&
            reply.size() >= end + head_end.size() + content_length(reply)) {
            return reply;
        }
        const ssize_t count = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
        if (count <= 0) {
            return reply;
        }
        reply.append(bytes.data(), static_cast<std::size_t>(count));
    }
}

bool passes_within_three_attempts(const std::function<bool()>& attempt) {
    constexpr int attempts_max = 3;
    for (int attempts = 1; attempts < attempts_max; ++attempts) {
        if (attempt()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::seconds(attempts));
    }
    return attempt();
}

std::chrono::nanoseconds median(std::vector<std::chrono::nanoseconds> samples) {
    const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
    std::nth_element(samples.begin(), middle, samples.end());
    return *middle;
}

} // namespace ringcast::relay_test
