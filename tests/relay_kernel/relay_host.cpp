#include "relay_kernel/relay_host.hpp"

#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "kernel/tested_engine.hpp"
#include "os/mapped_memory.hpp"

namespace ringcast::relay_test {

struct RelayHost::Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool started = false;
    bool stop = false;
    bool done = true; ///< the most recent `call` has returned
    const std::function<void(relay::Relay&, io::Engine&)>* call = nullptr;
};

namespace {

UniqueFd make_listener(bool unix_listener) {
    constexpr int backlog = 4096;
    UniqueFd socket(::socket(unix_listener ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (unix_listener) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX; // no path: the kernel chooses an abstract address
        RINGCAST_ASSERT(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                               sizeof(sa_family_t)) == 0);
    } else {
        const int on = 1;
        const int low_water = 16 * 1024;
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low_water, sizeof low_water);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        RINGCAST_ASSERT(
            ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    RINGCAST_ASSERT(::listen(socket.get(), backlog) == 0);
    return socket;
}

} // namespace

RelayHost::RelayHost(HostSettings settings)
    : listener_(make_listener(settings.unix_listener)), wake_(::eventfd(0, EFD_CLOEXEC)),
      shared_(std::make_unique<Shared>()) {
    thread_ = std::thread([this, settings] { run(settings); });
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait(lock, [this] { return shared_->started; });
}

RelayHost::~RelayHost() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->stop = true;
    }
    const std::uint64_t one = 1;
    RINGCAST_ASSERT(::write(wake_.get(), &one, sizeof one) == sizeof one);
    thread_.join();
}

void RelayHost::run(const HostSettings& settings) {
    auto engine = test::make_tested_engine();
    RINGCAST_ASSERT(engine.has_value());
    const frame::SlotGeometry geometry{.page = os::system_page_bytes(),
                                       .frame_bytes_max = settings.frame_bytes_max,
                                       .slot_count = settings.slots};
    auto memory = os::MappedMemory::create(geometry.arena_bytes());
    RINGCAST_ASSERT(memory.has_value());
    const ByteSpan bytes = memory->bytes().first(geometry.arena_bytes());
    auto buffer = (*engine)->register_buffer(bytes, {});
    // The kernel uncharges the previous test's locked memory some time after that test has ended.
    rlimit locked{};
    RINGCAST_ASSERT(::getrlimit(RLIMIT_MEMLOCK, &locked) == 0);
    const int attempts_max = bytes.size() <= locked.rlim_cur ? 100 : 0;
    for (int attempt = 0; attempt < attempts_max && !buffer; ++attempt) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        buffer = (*engine)->register_buffer(bytes, {});
    }
    const http::Boundary boundary(0x1122334455667788, 0x99AABBCCDDEEFF00);
    frame::FrameArena arena(bytes, geometry, boundary,
                            buffer ? std::optional(*buffer) : std::nullopt);
    source_ = std::make_unique<StampedSource>(**engine, settings.frame_bytes, settings.period);
    relay::RelaySettings relay_settings(boundary, "00000000000000aa");
    relay_settings.viewers_max = settings.viewers_max;
    relay_settings.connection.stall_timeout = settings.stall_timeout;
    relay_settings.connection.send_path_policy = settings.send_path_policy;
    const std::array listeners{listener_.get()};
    relay::Relay relay(**engine, relay_settings, {{"camera", &arena, source_.get(), {}}}, 0,
                       listeners, nullptr);

    std::array<std::byte, sizeof(std::uint64_t)> wake_bytes{};
    const auto wait_for_wake = [&] {
        (*engine)->read({io::OpKind::control, 0, 1}, wake_.get(), wake_bytes);
    };
    relay.set_control_handler([&](const io::Completion&) {
        const std::lock_guard lock(shared_->mutex);
        if (shared_->call != nullptr) {
            (*shared_->call)(relay, **engine);
            shared_->call = nullptr;
            shared_->done = true;
            shared_->changed.notify_all();
        }
        if (shared_->stop) {
            relay.stop();
        } else {
            wait_for_wake();
        }
    });
    wait_for_wake();
    relay.start();
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->started = true;
        shared_->changed.notify_all();
    }
    while (!relay.finished()) {
        relay.turn();
    }
    RINGCAST_ASSERT(arena.free_count() == settings.slots);
    RINGCAST_ASSERT(relay.counters().late_completions == 0);
}

UniqueFd RelayHost::connect() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    RINGCAST_ASSERT(::getsockname(listener_.get(), generic, &length) == 0);
    UniqueFd socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    RINGCAST_ASSERT(socket.valid());
    RINGCAST_ASSERT(::connect(socket.get(), generic, length) == 0);
    return socket;
}

std::uint16_t RelayHost::port() const {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    RINGCAST_ASSERT(
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    return ntohs(address.sin_port);
}

void RelayHost::on_loop(const std::function<void(relay::Relay&, io::Engine&)>& call) {
    std::unique_lock lock(shared_->mutex);
    shared_->call = &call;
    shared_->done = false;
    const std::uint64_t one = 1;
    RINGCAST_ASSERT(::write(wake_.get(), &one, sizeof one) == sizeof one);
    shared_->changed.wait(lock, [this] { return shared_->done; });
}

api::StatusSnapshot RelayHost::status(bool with_viewers) {
    api::StatusSnapshot snapshot;
    constexpr api::ViewerPage all{.count_max = UINT32_MAX};
    on_loop([&](relay::Relay& relay, io::Engine&) {
        snapshot = relay.status(with_viewers ? all : api::ViewerPage{});
    });
    return snapshot;
}

connection::SendCounters RelayHost::sends() {
    return status().streams.front().sends;
}

std::uint64_t RelayHost::enters() {
    std::uint64_t count = 0;
    on_loop([&](relay::Relay&, io::Engine& engine) { count = engine.system_calls(); });
    return count;
}

} // namespace ringcast::relay_test
