#include "input/name_resolver.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/core.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/assert.hpp"
#include "os/peer.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::input {

namespace {

/// More addresses than a dialer tries.
constexpr std::size_t addresses_max = 16;

io::SocketAddress to_address(const void* bytes, std::size_t length, io::Transport transport) {
    io::SocketAddress address;
    RINGCAST_ASSERT(length <= address.bytes.size());
    std::memcpy(address.bytes.data(), bytes, length);
    address.length = static_cast<std::uint32_t>(length);
    address.transport = transport;
    return address;
}

/// Without the brackets of an IPv6 address.
std::string bare_host(const std::string& host) {
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

} // namespace

struct NameResolver::Lookup {
    std::string host;
    std::string port;
    threads::WakeEvent finished;
    // Written by the thread before it wakes the loop, and read by the loop after that.
    std::vector<io::SocketAddress> addresses;
    std::string error;
    std::atomic<bool> done{false};

    void run(int flags) {
        addrinfo hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = flags;
        addrinfo* found = nullptr;
        const int result = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
        if (result != 0) {
            error = result == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(result);
            return;
        }
        for (const addrinfo* entry = found; entry != nullptr && addresses.size() < addresses_max;
             entry = entry->ai_next) {
            addresses.push_back(to_address(entry->ai_addr, entry->ai_addrlen, io::Transport::tcp));
        }
        ::freeaddrinfo(found);
    }
    void finish() noexcept {
        done.store(true, std::memory_order_release);
        finished.wake();
    }
};

NameResolver::NameResolver(io::Engine& engine) noexcept : engine_(&engine) {}

NameResolver::~NameResolver() = default;

void NameResolver::resolve(io::OpToken token, const std::string& host, std::uint16_t port) {
    RINGCAST_ASSERT(lookup_ == nullptr);
    token_ = token;
    cancelled_ = false;
    addresses_.clear();
    error_.clear();
    lookup_ = std::make_shared<Lookup>();
    lookup_->host = bare_host(host);
    lookup_->port = fmt::format("{}", port);
    // Without an event, reading it fails, which ends the look-up too.
    static_cast<void>(lookup_->finished.open());
    // An address needs no look-up, and so no thread.
    lookup_->run(AI_NUMERICHOST | AI_NUMERICSERV);
    if (!lookup_->addresses.empty() || !start_thread()) {
        lookup_->finish();
    }
    lookup_->finished.read(*engine_, token_);
}

/// False if there is no thread: then `error` says why.
bool NameResolver::start_thread() noexcept {
    lookup_->error.clear();
    try {
        std::thread([lookup = lookup_] {
            lookup->run(AI_NUMERICSERV | AI_ADDRCONFIG);
            lookup->finish();
        }).detach();
    } catch (const std::system_error& problem) {
        lookup_->error = problem.what();
        return false;
    }
    return true;
}

std::span<const io::SocketAddress> NameResolver::unix_address(const std::string& path) {
    addresses_.clear();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() < sizeof(address.sun_path)) {
        std::memcpy(address.sun_path, path.data(), path.size());
        addresses_.push_back(to_address(&address, sizeof(address), io::Transport::unix_socket));
    }
    return addresses_;
}

void NameResolver::cancel() noexcept {
    if (lookup_ != nullptr && !cancelled_) {
        cancelled_ = true;
        engine_->cancel(io::OpToken{}, token_);
    }
}

bool NameResolver::on_completion(const io::Completion& completion) noexcept {
    RINGCAST_ASSERT(lookup_ != nullptr);
    if (!cancelled_ && !lookup_->done.load(std::memory_order_acquire)) {
        if (completion.result >= 0 || completion.result == -EINTR || completion.result == -EAGAIN) {
            lookup_->finished.read(*engine_, token_);
            return false;
        }
        error_ = std::strerror(-completion.result);
    } else if (!cancelled_) {
        addresses_ = std::move(lookup_->addresses);
        error_ = std::move(lookup_->error);
    }
    lookup_.reset();
    return true;
}

std::string NameResolver::text_of(const io::SocketAddress& address) const {
    return os::address_text(address);
}

} // namespace ringcast::input
