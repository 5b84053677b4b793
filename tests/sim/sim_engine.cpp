#include "sim/sim_engine.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/assert.hpp"

namespace ringcast::sim {

namespace {

// Higher than any real descriptor, so that a simulated one that reaches the real kernel does no
// harm.
constexpr int first_fd = 1 << 24;

// Virtual time that a turn of the server's loop takes.
constexpr Duration turn_cost_min = std::chrono::microseconds(20);
constexpr std::uint64_t turn_cost_extra_us = 60;
constexpr std::uint64_t held_up_ms_max = 30;
constexpr std::uint64_t gather_us_max = 400;
// Linux 6.1 may collect released buffers for up to a second.
constexpr std::uint64_t late_release_ms_max = 1000;

constexpr Duration accept_pause = std::chrono::milliseconds(100);

// More events than this in one turn mean that virtual time makes no progress.
constexpr std::size_t events_per_turn_max = 1'000'000;

constexpr WallTime wall_epoch{std::chrono::seconds(1'700'000'000)};
constexpr std::int64_t wall_step_s_max = 3600;

/// A number for everything before the port; in IPv6 for the first four groups, none of which is
/// left out.
std::uint64_t network_of(std::string_view address) {
    std::string_view network = address.substr(0, address.rfind(':'));
    if (network.starts_with('[')) {
        std::size_t end = 0;
        for (int group = 0; group < 4; ++group) {
            end = network.find(':', end + 1);
        }
        network = network.substr(0, end);
    }
    return std::hash<std::string_view>{}(network);
}

bool runs_out(std::int32_t result) {
    return result == -EMFILE || result == -ENFILE || result == -ENOMEM || result == -ENOBUFS;
}

std::string_view verb_name(int verb) {
    constexpr std::array<std::string_view, 13> names{
        "accept", "receive",        "receive_all",   "connect", "read",
        "send",   "send_zero_copy", "poll",          "abort",   "shutdown_writing",
        "close",  "cancel",         "release_buffer"};
    return names.at(static_cast<std::size_t>(verb));
}

} // namespace

SimEngine::SimEngine(Decisions& decisions, SimEngineSetup setup)
    : decisions_(decisions), setup_(setup), turn_began_(events_.now()),
      wall_offset_(wall_epoch.time_since_epoch() - events_.now().time_since_epoch()),
      buffers_(setup.buffer_table_size) {}

WallTime SimEngine::wall_now() const noexcept {
    return WallTime{turn_began_.time_since_epoch() + wall_offset_};
}

// --- operations ---

void SimEngine::accept(io::OpToken token, int listener) noexcept {
    const Descriptor* entry = descriptor(listener);
    if (entry != nullptr && turn_began_ < entry->rearm_at) {
        violation("accept was re-armed at once although descriptors or memory had run out");
    }
    Operation operation;
    operation.verb = Verb::accept;
    operation.token = token;
    operation.fd = listener;
    prepare(std::move(operation));
}

void SimEngine::receive(io::OpToken token, int socket, ByteSpan into) noexcept {
    Operation operation;
    operation.verb = Verb::receive;
    operation.token = token;
    operation.fd = socket;
    operation.into = into;
    if (into.empty()) {
        violation("receive into nothing: its answer can't be told from an end");
    }
    prepare(std::move(operation));
}

void SimEngine::receive_all(io::OpToken token, int socket, ByteSpan into) noexcept {
    Operation operation;
    operation.verb = Verb::receive_all;
    operation.token = token;
    operation.fd = socket;
    operation.into = into;
    if (into.empty()) {
        violation("receive into nothing: its answer can't be told from an end");
    }
    prepare(std::move(operation));
}

int SimEngine::open_socket(const io::SocketAddress&) noexcept {
    return chooses(FaultKind::socket_emfile) ? -EMFILE : open(FdKind::unconnected);
}

void SimEngine::connect(io::OpToken token, int socket, const io::SocketAddress& address) noexcept {
    Operation operation;
    operation.verb = Verb::connect;
    operation.token = token;
    operation.fd = socket;
    operation.address = address;
    prepare(std::move(operation));
}

void SimEngine::read(io::OpToken token, int fd, ByteSpan into) noexcept {
    Operation operation;
    operation.verb = Verb::read;
    operation.token = token;
    operation.fd = fd;
    operation.into = into;
    prepare(std::move(operation));
}

void SimEngine::send(io::OpToken token, int socket, ConstByteSpan bytes,
                     io::SendOptions options) noexcept {
    Operation operation;
    operation.verb = Verb::send;
    operation.token = token;
    operation.fd = socket;
    operation.bytes = bytes;
    operation.options = options;
    prepare(std::move(operation));
}

void SimEngine::send_zero_copy(io::OpToken token, int socket, ConstByteSpan bytes,
                               io::BufferId buffer, io::SendOptions options) noexcept {
    Operation operation;
    operation.verb = Verb::send_zero_copy;
    operation.token = token;
    operation.fd = socket;
    operation.bytes = bytes;
    operation.options = options;
    const auto found = buffer.value < buffers_.size() ? registrations_.find(buffers_[buffer.value])
                                                      : registrations_.end();
    if (found == registrations_.end()) {
        violation("zero-copy send from a buffer that is not registered");
    } else {
        operation.registration = found->first;
        ++found->second.uses;
        const ByteSpan memory = found->second.memory;
        if (bytes.data() < memory.data() ||
            bytes.data() + bytes.size() > memory.data() + memory.size()) {
            violation("zero-copy send of bytes outside its buffer");
        }
    }
    prepare(std::move(operation));
}

void SimEngine::poll(io::OpToken token, int fd, io::PollEvents events) noexcept {
    Operation operation;
    operation.verb = Verb::poll;
    operation.token = token;
    operation.fd = fd;
    operation.poll_events = events;
    prepare(std::move(operation));
}

void SimEngine::abort(io::OpToken token, int socket, io::Transport transport) noexcept {
    Operation operation;
    operation.verb = Verb::abort;
    operation.token = token;
    operation.fd = socket;
    operation.transport = transport;
    prepare(std::move(operation));
}

void SimEngine::shutdown_writing(io::OpToken token, int socket) noexcept {
    Operation operation;
    operation.verb = Verb::shutdown_writing;
    operation.token = token;
    operation.fd = socket;
    prepare(std::move(operation));
}

void SimEngine::close(io::OpToken token, int fd) noexcept {
    Descriptor* entry = descriptor(fd);
    if (entry != nullptr && entry->unanswered > 0) {
        violation(
            fmt::format("close of descriptor {} with {} operations under way, which ends none", fd,
                        entry->unanswered));
    }
    Operation operation;
    operation.verb = Verb::close;
    operation.token = token;
    operation.fd = fd;
    prepare(std::move(operation));
    if (entry != nullptr) {
        entry->closing = true;
    }
}

void SimEngine::cancel(io::OpToken token, io::OpToken target) noexcept {
    Operation operation;
    operation.verb = Verb::cancel;
    operation.token = token;
    operation.target = target;
    prepare(std::move(operation));
}

void SimEngine::prepare(Operation operation) noexcept {
    operation.number = next_number_++;
    if (operation.token.kind != io::OpKind::none) {
        // A token of which only the notification is due may be reused: to send the same bytes by
        // copy.
        TokenUse& use = tokens_[operation.token.pack()];
        if (use.results_due > 0) {
            violation(fmt::format("{}: its token is still that of a {}",
                                  verb_name(static_cast<int>(operation.verb)),
                                  verb_name(static_cast<int>(use.verb))));
        }
        use.number = operation.number;
        use.verb = operation.verb;
        ++use.results_due;
    }
    if (operation.verb != Verb::cancel) {
        Descriptor* entry = descriptor(operation.fd);
        if (entry == nullptr || entry->closing) {
            violation(fmt::format("{} on descriptor {}, which is closed",
                                  verb_name(static_cast<int>(operation.verb)), operation.fd));
            operation.fd = -1;
        } else {
            check_send(operation, *entry);
            ++entry->unanswered;
            operation.socket = entry->socket;
            operation.opened = entry->opened;
        }
    }
    prepared_.push_back(std::move(operation));
}

void SimEngine::check_send(const Operation& operation, const Descriptor& entry) {
    if (operation.verb != Verb::send && operation.verb != Verb::send_zero_copy) {
        return;
    }
    if (operation.bytes.empty()) {
        violation("send of nothing");
    }
    if (entry.kind != FdKind::socket) {
        violation("send on something that is no socket");
        return;
    }
    const Socket& socket = *sockets_[entry.socket];
    if (socket.connection->setup().transport == io::Transport::unix_socket) {
        if (operation.verb == Verb::send_zero_copy) {
            violation("zero-copy send on a UNIX socket");
        }
        if (operation.options.wait_all) {
            violation("a send on a UNIX socket that waits for all bytes hides progress");
        }
    }
    const auto sends_bytes = [&](const Operation& other) {
        return (other.verb == Verb::send || other.verb == Verb::send_zero_copy) &&
               other.fd == operation.fd && !other.answered;
    };
    const bool under_way =
        std::any_of(socket.operations.begin(), socket.operations.end(),
                    [&](std::uint64_t number) { return sends_bytes(operations_.at(number)); }) ||
        std::any_of(prepared_.begin(), prepared_.end(), sends_bytes);
    if (under_way) {
        violation("two sends at once on one socket: their order is not defined");
    }
}

// --- questions and memory ---

void SimEngine::shorten_queue(int socket) noexcept {
    const Descriptor* entry = descriptor(socket);
    if (entry == nullptr || entry->kind != FdKind::socket) {
        return violation("shorten_queue of something that is no socket");
    }
    sockets_[entry->socket]->connection->shorten_queue();
}

io::Peer SimEngine::describe_peer(int socket) noexcept {
    io::Peer peer;
    const Descriptor* entry = descriptor(socket);
    if (entry == nullptr || entry->kind != FdKind::socket) {
        violation("describe_peer of something that is no socket");
        return peer;
    }
    const LinkSetup& setup = sockets_[entry->socket]->connection->setup();
    peer.transport = setup.transport;
    peer.local = setup.local || setup.transport == io::Transport::unix_socket;
    peer.network = network_of(setup.address);
    const std::size_t length = std::min(setup.address.size(), peer.address.size() - 1);
    std::copy_n(setup.address.begin(), length, peer.address.begin());
    return peer;
}

io::SocketProgress SimEngine::socket_progress(int socket, io::Transport transport) noexcept {
    ++progress_queries_;
    const Descriptor* entry = descriptor(socket);
    if (entry == nullptr || entry->kind != FdKind::socket) {
        violation("socket_progress of something that is no socket");
        return {};
    }
    const Socket& asked = *sockets_[entry->socket];
    const SimConnection& connection = *asked.connection;
    if (transport == io::Transport::unix_socket || connection.broken() || asked.aborted ||
        chooses(FaultKind::progress_unknown, &connection)) {
        return {};
    }
    const LinkSetup& link = connection.setup();
    const std::uint64_t pending = connection.put_total() - connection.acknowledged();
    const double queue_s =
        static_cast<double>(pending) / static_cast<double>(link.bytes_per_second);
    const auto queue = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(queue_s));
    return {.known = true,
            .app_limited = pending == 0,
            .bytes_acked = connection.acknowledged(),
            .bytes_pending = pending,
            .delivery_rate = connection.acknowledged() > 0 ? link.bytes_per_second : 0,
            .rtt = link.round_trip + queue,
            .rtt_min = link.round_trip};
}

Result<io::BufferId> SimEngine::register_buffer(ByteSpan memory, io::OpToken released) {
    if (chooses(FaultKind::buffer_refused)) {
        return fail("the simulated kernel does not register this memory");
    }
    const auto entry = std::find(buffers_.begin(), buffers_.end(), 0U);
    if (entry == buffers_.end()) {
        return fail("the simulated kernel's table of buffers is full");
    }
    *entry = next_number_++;
    registrations_.emplace(*entry, Registration{memory, released, 0, false});
    if (released.kind != io::OpKind::none) {
        TokenUse& use = tokens_[released.pack()];
        if (use.results_due > 0) {
            violation("register_buffer: its token is in use");
        }
        use.verb = Verb::release_buffer;
        ++use.results_due;
    }
    return io::BufferId{static_cast<std::uint16_t>(entry - buffers_.begin())};
}

void SimEngine::release_buffer(io::BufferId buffer) noexcept {
    if (buffer.value >= buffers_.size() || buffers_[buffer.value] == 0) {
        violation("release of a buffer that is not registered");
        return;
    }
    const std::uint64_t number = std::exchange(buffers_[buffer.value], 0U);
    if (std::any_of(prepared_.begin(), prepared_.end(), [number](const Operation& operation) {
            return operation.registration == number;
        })) {
        violation("release of a buffer that a send waits to be submitted from: it would fail");
    }
    registrations_.at(number).ending = true;
    finish_release(number, next_number_++);
}

/// Completes the release of a buffer if no send uses it any more. `number` is that of the operation
/// that used the buffer last; the completion of the release stays behind that operation's.
void SimEngine::finish_release(std::uint64_t registration, std::uint64_t number) {
    const auto found = registrations_.find(registration);
    if (!found->second.ending || found->second.uses > 0) {
        return;
    }
    Ready ready;
    ready.completion.token = found->second.released;
    ready.number = number;
    registrations_.erase(found);
    if (ready.completion.token.kind == io::OpKind::none) {
        return;
    }
    Duration late{};
    if (chooses(FaultKind::buffer_release_delayed)) {
        late = std::chrono::milliseconds(decisions_.between(1, late_release_ms_max));
    }
    events_.after(late, [this, ready] { ready_.push_back(ready); });
}

// --- the loop ---

std::size_t SimEngine::submit_and_reap(std::span<io::Completion> completions, Instant wake_at,
                                       std::size_t expected) noexcept {
    ++turns_;
    submitted_.clear();
    submitted_.swap(prepared_);
    for (Operation& operation : submitted_) {
        start(std::move(operation));
    }
    events_.run_until(events_.now() + turn_cost_min +
                      std::chrono::microseconds(decisions_.below(turn_cost_extra_us + 1)));
    if (chooses(FaultKind::loop_held_up)) {
        events_.run_until(events_.now() +
                          std::chrono::milliseconds(decisions_.between(1, held_up_ms_max)));
    }
    std::size_t events_run = 0;
    while (ready_.empty() && events_.next() != never && events_.next() <= wake_at) {
        events_.run_next();
        RINGCAST_ASSERT(++events_run < events_per_turn_max);
    }
    if (ready_.empty()) {
        if (wake_at != never) {
            events_.run_until(wake_at);
        }
    } else if (expected > 1) {
        events_.run_until(events_.now() +
                          std::chrono::microseconds(decisions_.below(gather_us_max)));
    }
    if (chooses(FaultKind::wall_clock_stepped)) {
        const auto step = static_cast<std::int64_t>(decisions_.below(2 * wall_step_s_max));
        wall_offset_ += std::chrono::seconds(step - wall_step_s_max);
    }
    turn_began_ = events_.now();
    return reap(completions);
}

void SimEngine::reorder_ready() {
    if (ready_.size() < 2 || !chooses(FaultKind::completions_reordered)) {
        return;
    }
    // Swaps neighbours, except those of one operation.
    for (std::size_t swaps = 0; swaps < 2 * ready_.size(); ++swaps) {
        const std::size_t at = decisions_.below(ready_.size() - 1);
        if (ready_[at].number != ready_[at + 1].number) {
            std::swap(ready_[at], ready_[at + 1]);
        }
    }
}

std::size_t SimEngine::reap(std::span<io::Completion> completions) {
    reorder_ready();
    std::size_t count = std::min(ready_.size(), completions.size());
    if (count > 1 && chooses(FaultKind::reaped_in_part)) {
        count = decisions_.between(1, count - 1);
    }
    std::size_t handed_out = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Ready& ready = ready_[i];
        hand_out(ready);
        io::Completion& completion = completions[handed_out];
        completion = ready.completion;
        if (setup_.forgets_notifications) {
            completion.more = false;
        }
        if (!setup_.forgets_notifications || !completion.notification) {
            ++handed_out;
        }
    }
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(count));
    return handed_out;
}

void SimEngine::hand_out(const Ready& ready) {
    ++handed_out_;
    if (ready.fd >= first_fd) {
        Descriptor& entry = descriptors_[static_cast<std::size_t>(ready.fd - first_fd)];
        if (entry.opened == ready.opened) {
            RINGCAST_ASSERT(entry.unanswered > 0);
            --entry.unanswered;
            if (entry.kind == FdKind::listener && runs_out(ready.completion.result)) {
                entry.rearm_at = turn_began_ + accept_pause;
            }
        }
    }
    const auto found = tokens_.find(ready.completion.token.pack());
    if (found == tokens_.end()) {
        return; // no operation waits for it
    }
    TokenUse& use = found->second;
    if (ready.completion.notification) {
        --use.notifications_due;
    } else {
        --use.results_due;
        use.notifications_due += ready.completion.more ? 1 : 0;
    }
    if (use.results_due == 0 && use.notifications_due == 0) {
        tokens_.erase(found);
    }
}

// --- the world around it ---

int SimEngine::open(FdKind kind) {
    // A kernel assigns the lowest free number. Sometimes this one assigns a new number instead, so
    // that uses of a closed descriptor are detected.
    std::size_t index = descriptors_.size();
    if (!decisions_.once_in(4)) {
        for (std::size_t i = 0; i < descriptors_.size(); ++i) {
            if (descriptors_[i].kind == FdKind::closed) {
                index = i;
                break;
            }
        }
    }
    if (index == descriptors_.size()) {
        descriptors_.emplace_back();
    }
    Descriptor fresh;
    fresh.kind = kind;
    fresh.opened = descriptors_[index].opened + 1;
    descriptors_[index] = std::move(fresh);
    return first_fd + static_cast<int>(index);
}

SimEngine::Descriptor* SimEngine::descriptor(int fd) noexcept {
    if (fd < first_fd || static_cast<std::size_t>(fd - first_fd) >= descriptors_.size()) {
        return nullptr;
    }
    Descriptor& entry = descriptors_[static_cast<std::size_t>(fd - first_fd)];
    return entry.kind == FdKind::closed ? nullptr : &entry;
}

int SimEngine::open_listener() {
    return open(FdKind::listener);
}
int SimEngine::open_event() {
    return open(FdKind::event);
}

void SimEngine::signal(int fd) {
    Descriptor* entry = descriptor(fd);
    if (entry != nullptr) {
        ++entry->event_count;
        serve_event(fd);
    }
}

SimConnection& SimEngine::connect(int listener, LinkSetup setup, RemoteEnd& remote) {
    const auto number = static_cast<std::uint32_t>(sockets_.size());
    const Duration half_way = setup.round_trip / 2;
    auto socket = std::make_unique<Socket>();
    SocketObserver& observer = *this;
    socket->connection = std::make_unique<SimConnection>(events_, decisions_, observer, remote,
                                                         std::move(setup), number);
    SimConnection& connection = *socket->connection;
    sockets_.push_back(std::move(socket));
    events_.after(half_way, [this, listener, number] {
        Descriptor* entry = descriptor(listener);
        if (entry == nullptr) {
            sockets_[number]->connection->fail(0); // refused
            return;
        }
        entry->backlog.push_back(number);
        serve_accept(listener);
    });
    connection.connect();
    return connection;
}

std::size_t SimEngine::open_descriptors() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(descriptors_.begin(), descriptors_.end(),
                      [](const Descriptor& entry) { return entry.kind != FdKind::closed; }));
}

std::size_t SimEngine::pages_held() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(operations_.begin(), operations_.end(), [](const auto& entry) {
            return entry.second.verb == Verb::send || entry.second.verb == Verb::send_zero_copy;
        }));
}

void SimEngine::violation(std::string what) {
    constexpr std::size_t violations_max = 20;
    if (violations_.size() < violations_max) {
        violations_.push_back(fmt::format("turn {}: {}", turns_, what));
    }
}

} // namespace ringcast::sim
