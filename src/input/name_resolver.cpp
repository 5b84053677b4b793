#include "input/name_resolver.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/core.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/assert.hpp"
#include "os/peer.hpp"
#include "os/unix_address.hpp"
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

    /// Leaves either addresses or an error.
    void run(int flags) noexcept {
        try {
            look_up(flags);
        } catch (const std::bad_alloc&) {
            addresses.clear();
            error = "out of memory"; // short enough for the string itself
        }
    }
    void look_up(int flags) {
        error.clear();
        addrinfo hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = flags;
        addrinfo* first = nullptr;
        const int result = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &first);
        const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(first, &::freeaddrinfo);
        if (result != 0) {
            error = result == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(result);
            return;
        }
        for (const addrinfo* entry = first; entry != nullptr && addresses.size() < addresses_max;
             entry = entry->ai_next) {
            addresses.push_back(to_address(entry->ai_addr, entry->ai_addrlen, io::Transport::tcp));
        }
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
    addresses_.clear();
    error_.clear();
    auto lookup = std::make_shared<Lookup>();
    lookup->host = bare_host(host);
    lookup->port = fmt::format("{}", port);
    begin(lookup);
    // Nothing throws from here on.
    token_ = token;
    cancelled_ = false;
    lookup_ = std::move(lookup);
    lookup_->finished.read(*engine_, token_);
}

void NameResolver::begin(const std::shared_ptr<Lookup>& lookup) {
    if (!lookup->finished.open()) {
        lookup->error = std::strerror(errno);
        lookup->finish(); // reading the event fails, which ends the look-up too
        return;
    }
    // An address needs no look-up, and so no thread.
    lookup->run(AI_NUMERICHOST | AI_NUMERICSERV);
    if (!lookup->addresses.empty()) {
        lookup->finish();
        return;
    }
    try {
        std::thread([lookup] {
            lookup->run(AI_NUMERICSERV | AI_ADDRCONFIG);
            lookup->finish();
        }).detach();
    } catch (const std::system_error& problem) {
        lookup->error = problem.what();
        lookup->finish();
    }
}

std::span<const io::SocketAddress> NameResolver::unix_address(const std::string& path) {
    addresses_.clear();
    if (os::fits_unix_address(path)) {
        const sockaddr_un address = os::unix_address(path);
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
