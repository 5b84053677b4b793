#include "frame_input.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr std::size_t headroom_bytes = 4096;
constexpr std::size_t slot_bytes = headroom_bytes + frame_bytes_max + 4096;
constexpr int listen_backlog = 4096;
constexpr int unsent_bytes_max = 16 * 1024;
constexpr int pipe_bytes = 1 << 20;

// The boundary is as long as ringcast's.
constexpr std::string_view part_tail = "\r\n--ringcastbenchboundary0123456789abcdef0123\r\n";
constexpr std::string_view head =
    "HTTP/1.1 200 OK\r\n"
    "Connection: close\r\n"
    "Content-Type: multipart/x-mixed-replace; "
    "boundary=ringcastbenchboundary0123456789abcdef0123\r\n"
    "Cache-Control: no-store, no-cache, must-revalidate, no-transform\r\n"
    "X-Accel-Buffering: no\r\n"
    "\r\n"
    "--ringcastbenchboundary0123456789abcdef0123\r\n";

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

} // namespace

std::string_view response_head() noexcept {
    return head;
}

std::size_t FrameEndFinder::find(ringcast::ConstByteSpan region) noexcept {
    const auto* bytes = reinterpret_cast<const unsigned char*>(region.data());
    while (!in_picture_) {
        if (position_ + 4 > region.size()) {
            return 0;
        }
        constexpr unsigned char start_of_scan = 0xDA;
        in_picture_ = bytes[position_ + 1] == start_of_scan;
        position_ +=
            2U + (static_cast<std::size_t>(bytes[position_ + 2]) << 8U) + bytes[position_ + 3];
    }
    // In scan data 0xFF 0xD9 is always EOI. The search is for 0xD9, the rarer of the two bytes.
    while (position_ < region.size()) {
        const void* found = std::memchr(bytes + position_, 0xD9, region.size() - position_);
        if (found == nullptr) {
            position_ = region.size();
            return 0;
        }
        position_ = static_cast<std::size_t>(static_cast<const unsigned char*>(found) - bytes) + 1;
        if (bytes[position_ - 2] == 0xFF) {
            return position_;
        }
    }
    return 0;
}

FrameInput::FrameInput() : slots_(slots_max) {
    void* memory = mmap(nullptr, slots_max * slot_bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        die("mmap");
    }
    for (std::size_t index = 0; index < slots_max; ++index) {
        slots_[index].memory = static_cast<std::byte*>(memory) + index * slot_bytes;
        free_.push_back(static_cast<std::uint32_t>(slots_max - 1 - index));
    }
    writing_ = free_.back();
    free_.pop_back();
    newest_ = free_.back();
    free_.pop_back();
    slots_[newest_].users = 1;
    // Fails for a file, which needs no large pipe.
    static_cast<void>(fcntl(STDIN_FILENO, F_SETPIPE_SZ, pipe_bytes));
}

std::byte* FrameInput::payload(std::size_t slot) noexcept {
    return slots_[slot].memory + headroom_bytes;
}

ringcast::ByteSpan FrameInput::room() noexcept {
    return {payload(writing_) + filled_, frame_bytes_max - filled_};
}

bool FrameInput::add(std::size_t bytes) noexcept {
    filled_ += bytes;
    bool newer = false;
    for (;;) {
        const std::size_t jpeg_bytes = finder_.find({payload(writing_), filled_});
        if (jpeg_bytes == 0) {
            break;
        }
        publish(jpeg_bytes);
        newer = true;
    }
    if (filled_ == frame_bytes_max) {
        std::fprintf(stderr, "a frame is larger than %zu bytes\n", frame_bytes_max);
        std::exit(1);
    }
    return newer;
}

void FrameInput::publish(std::size_t jpeg_bytes) noexcept {
    const std::size_t rest_bytes = filled_ - jpeg_bytes;
    finder_.reset();
    filled_ = rest_bytes;
    if (free_.empty()) {
        // Viewers that do not read hold every slot, so the frame is dropped.
        std::memmove(payload(writing_), payload(writing_) + jpeg_bytes, rest_bytes);
        return;
    }
    const std::size_t next = free_.back();
    free_.pop_back();
    std::byte* jpeg = payload(writing_);
    std::memcpy(payload(next), jpeg + jpeg_bytes, rest_bytes);

    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    char text[128];
    const int text_bytes = std::snprintf(
        text, sizeof text,
        "Content-Type: image/jpeg\r\nContent-Length: %zu\r\nX-Timestamp: %lld.%06ld\r\n\r\n",
        jpeg_bytes, static_cast<long long>(now.tv_sec), now.tv_nsec / 1000);
    const auto header_bytes = static_cast<std::size_t>(text_bytes);
    std::memcpy(jpeg - header_bytes, text, header_bytes);
    std::memcpy(jpeg + jpeg_bytes, part_tail.data(), part_tail.size());

    Slot& slot = slots_[writing_];
    slot.part = {jpeg - header_bytes, header_bytes + jpeg_bytes + part_tail.size()};
    slot.number = ++frames_;
    slot.users = 1;
    release(slots_[newest_]);
    newest_ = writing_;
    writing_ = next;
}

void FrameInput::release(Slot& slot) noexcept {
    if (--slot.users == 0) {
        free_.push_back(static_cast<std::uint32_t>(&slot - slots_.data()));
    }
}

int listen_on(const char* address, std::uint16_t port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) {
        die("socket");
    }
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max,
               sizeof unsent_bytes_max);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    if (inet_pton(AF_INET, address, &name.sin_addr) != 1) {
        std::fprintf(stderr, "not an IPv4 address: %s (expected such as 127.0.0.1)\n", address);
        std::exit(2);
    }
    if (bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
        die("bind");
    }
    if (listen(listener, listen_backlog) != 0) {
        die("listen");
    }
    return listener;
}

int listen_from_arguments(int argc, char** argv) {
    const std::string where = argc == 2 ? argv[1] : "";
    const std::size_t colon = where.rfind(':');
    if (colon == std::string::npos) {
        std::fprintf(stderr, "usage: %s ADDRESS:PORT < frames\n", argv[0]);
        std::exit(2);
    }
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    const int port = std::atoi(where.c_str() + colon + 1);
    return listen_on(where.substr(0, colon).c_str(), static_cast<std::uint16_t>(port));
}

} // namespace bench
