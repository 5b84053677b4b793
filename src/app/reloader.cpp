#include "app/reloader.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "app/logging.hpp"
#include "app/password_worker.hpp"
#include "app/rendition_maker.hpp"
#include "base/assert.hpp"
#include "base/log.hpp"
#include "config/listen_address.hpp"

namespace ringcast::app {

namespace {

using config::Action;
using Kind = config::Action::Kind;

} // namespace

Reloader::~Reloader() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

bool Reloader::open() noexcept {
    return event_.open();
}

// --- the thread ---

std::uint64_t Reloader::request() noexcept {
    if (stopping_) {
        return number_ + 1;
    }
    if (preparing_ || prepared_) {
        again_ = true;
        return number_ + 1;
    }
    ++number_;
    try {
        thread_done_.store(false, std::memory_order_relaxed);
        thread_ = std::thread([this] { prepare(); });
    } catch (const std::exception& error) { // of the system, or out of memory
        fail(error.what());
        return number_;
    }
    preparing_ = true;
    if (!std::exchange(reading_, true)) {
        read_event();
    }
    return number_;
}

void Reloader::read_event() noexcept {
    event_.read(*parts_.engine, {io::OpKind::control, reload_operation, 1});
}

void Reloader::prepare() noexcept {
    try {
        outcome_ = prepare_reload(
            {parts_.config, parts_.listeners, parts_.open_files_max, parts_.accepts_max}, load_);
    } catch (const std::bad_alloc&) {
        outcome_.reset();
    }
    thread_done_.store(true, std::memory_order_release);
    event_.wake();
}

void Reloader::on_prepared() noexcept {
    reading_ = false;
    if (!preparing_) {
        return;
    }
    if (!thread_done_.load(std::memory_order_acquire)) { // the read was interrupted
        reading_ = true;
        return read_event();
    }
    thread_.join();
    preparing_ = false;
    if (stopping_) {
        return;
    }
    if (!outcome_) {
        return fail("out of memory");
    }
    Result<PreparedReload> outcome = *std::exchange(outcome_, std::nullopt);
    if (!outcome) {
        return fail(outcome.error().message);
    }
    if (outcome->memory.size() > parts_.relay->stream_places()) {
        return fail("streams that earlier reloads have ended are still being sent: try again in "
                    "some seconds");
    }
    prepared_ = std::move(*outcome);
}

// --- the steps on the loop ---

void Reloader::step() noexcept {
    return_unused();
    if (!prepared_) {
        return;
    }
    if (stopping_) {
        return prepared_.reset();
    }
    const bool complete = made_.size() == prepared_->memory.size();
    try {
        reserve_lists();
        if (auto done = complete ? open_checker() : make_next_stream(); !done) {
            return fail(done.error().message);
        }
    } catch (const std::bad_alloc&) {
        return fail("out of memory");
    }
    if (complete) {
        apply();
    }
}

/// So that nothing needs memory that has to be done without fail.
void Reloader::reserve_lists() {
    const std::size_t ending = parts_.retired.size() + parts_.streams.size();
    parts_.retired.reserve(ending);
    parts_.releasing.reserve(parts_.releasing.size() + ending + prepared_->memory.size() +
                             parts_.renditions.size());
    made_.reserve(prepared_->memory.size());
    parts_.streams.reserve(parts_.streams.size() + prepared_->memory.size());
    parts_.closing.reserve(parts_.closing.size() + parts_.listeners.size());
    parts_.listeners.reserve(parts_.listeners.size() + prepared_->listeners.size());
}

const config::StreamConfig& Reloader::wanted_stream(const std::string& name) const {
    return *std::ranges::find(prepared_->config.streams, name, &config::StreamConfig::name);
}

StreamParts* Reloader::find_stream(const std::string& name) noexcept {
    const auto found = std::ranges::find(parts_.streams, name, &StreamParts::name);
    return found == parts_.streams.end() ? nullptr : &*found;
}

StreamParts& Reloader::running_stream(const std::string& name) noexcept {
    StreamParts* const found = find_stream(name);
    RINGCAST_ASSERT(found != nullptr);
    return *found;
}

Result<void> Reloader::make_next_stream() {
    std::size_t before = made_.size();
    const auto next = std::ranges::find_if(prepared_->actions, [&](const Action& action) {
        return makes_stream(action) && before-- == 0;
    });
    const config::StreamConfig& stream = wanted_stream(next->subject);
    const bool camera = std::holds_alternative<config::LibcameraConfig>(stream.source);
    if (camera && parts_.cameras == nullptr) {
        auto cameras = capture::open_cameras({});
        if (!cameras) {
            return tl::unexpected(cameras.error());
        }
        parts_.cameras = std::move(*cameras);
    }
    Duration patience{};
    auto made = make_stream(parts_, prepared_->config.memory, stream,
                            std::move(prepared_->memory[made_.size()]), patience);
    if (!made) {
        return tl::unexpected(made.error());
    }
    made_.push_back(std::move(*made));
    return {};
}

Result<void> Reloader::open_checker() {
    if (prepared_->rules && parts_.password_checker == nullptr) {
        auto checker = PasswordWorker::create(*parts_.engine);
        if (!checker) {
            return tl::unexpected(checker.error());
        }
        parts_.password_checker = std::move(*checker);
    }
    return {};
}

/// Nothing was changed.
void Reloader::fail(std::string_view problems) noexcept {
    for (StreamParts& stream : made_) {
        release(parts_, std::move(stream));
    }
    made_.clear();
    prepared_.reset();
    ReloadReport report;
    try {
        report.lines = lines_of(problems);
    } catch (const std::bad_alloc&) {
        report.lines.clear(); // the log says at least that nothing has changed
    }
    end(std::move(report));
}

void Reloader::end(ReloadReport report) noexcept {
    for (const std::string& line : report.lines) {
        log(report.done ? LogLevel::info : LogLevel::error, "reload: {}", line);
    }
    if (!report.done) {
        log(LogLevel::error, "reload: the configuration stays as it was");
    }
    parts_.relay->add_event(
        {.kind = report.done ? api::EventKind::config_reloaded : api::EventKind::config_refused,
         .lines = report.lines,
         .count = report.lines.size()});
    report.number = number_;
    if (report_) {
        report_(report);
    }
    if (std::exchange(again_, false)) {
        static_cast<void>(request());
    }
}

// --- putting it into force ---

/// The streams whose sources must have stopped before sources of their kinds start.
std::vector<io::StreamId> Reloader::exclusive_streams() const {
    std::vector<io::StreamId> ids;
    for (const Action& action : prepared_->actions) {
        const bool ends = action.kind == Kind::remove_stream || action.kind == Kind::replace_stream;
        const auto before =
            std::ranges::find(parts_.config.streams, action.subject, &config::StreamConfig::name);
        const auto stream = std::ranges::find(parts_.streams, action.subject, &StreamParts::name);
        if (ends && before != parts_.config.streams.end() && stream != parts_.streams.end() &&
            config::is_exclusive(before->source)) {
            ids.push_back(stream->id);
        }
    }
    for (const StreamParts& stream : parts_.retired) { // by an earlier reload
        ids.push_back(stream.id);
    }
    return ids;
}

/// Out of memory in here, in spite of the memory reserve, the process ends: a configuration that is
/// in force in part is worse than a restart.
void Reloader::apply() noexcept {
    ReloadReport report;
    report.done = true;
    exclusive_ = exclusive_streams();
    apply_settings();
    apply_access();
    for (const Action& action : prepared_->actions) {
        carry_out(action);
        report.lines.push_back(config::action_text(action));
    }
    const std::size_t count = prepared_->actions.size();
    for (const std::string_view key : config::keys_for_restart(parts_.config, prepared_->config)) {
        report.lines.push_back(fmt::format("{}: stays as it is until ringcast is restarted", key));
    }
    if (prepared_->limits.viewers_max > parts_.relay->viewers_places()) {
        report.lines.push_back(fmt::format("viewers.max: {} until ringcast is restarted, because "
                                           "there is memory for no more",
                                           parts_.relay->viewers_places()));
    }
    report.lines.push_back(count == 0
                               ? "nothing has changed"
                               : fmt::format("done: {} change{}", count, count == 1 ? "" : "s"));
    for (const std::string& warning : prepared_->warnings) {
        log(LogLevel::warning, "{}", warning);
    }
    parts_.config = std::move(prepared_->config);
    made_.clear(); // all are taken
    prepared_.reset();
    end(std::move(report));
}

void Reloader::apply_settings() {
    const config::Config& config = prepared_->config;
    parts_.relay->change_settings(serving_settings(config, prepared_->limits, prepared_->hosts));
    set_log_level(config.log.level);
    for (const Listener& listener : parts_.listeners) {
        set_stall_timeout(listener, config.viewers.stall_timeout);
    }
}

void Reloader::apply_access() {
    std::optional<relay::AccessSettings> access;
    if (prepared_->rules) {
        access = relay::AccessSettings{std::move(*prepared_->rules), parts_.access_key};
    } else if (!parts_.config.access.restricted()) {
        return;
    }
    parts_.relay->set_access(std::move(access), parts_.password_checker.get());
}

void Reloader::carry_out(const Action& action) {
    switch (action.kind) {
    case Kind::change_setting: // all of them at once, before
    case Kind::switch_access_on:
    case Kind::switch_access_off:
    case Kind::reread_access:
    case Kind::change_viewers:
        return;
    case Kind::change_renditions:
        return change_renditions(action.subject);
    case Kind::close_listener:
        return close_listener(action.subject);
    case Kind::replace_stream:
    case Kind::add_stream:
        return take_stream(action.subject);
    case Kind::set_default_stream:
        return parts_.relay->set_default_stream(running_stream(action.subject).id);
    case Kind::remove_stream:
        return remove_stream(action.subject);
    case Kind::change_listener:
        return change_listener(action.subject);
    case Kind::open_listener:
        return open_listener(action.subject);
    }
}

void Reloader::close_listener(const std::string& address) {
    std::erase_if(parts_.listeners, [&](Listener& listener) {
        if (config::listen_address_text(listener.configured) != address) {
            return false;
        }
        parts_.relay->remove_listener(listener.place);
        stop_listening(listener);
        parts_.closing.push_back(std::move(listener));
        return true;
    });
}

void Reloader::change_listener(const std::string& address) {
    for (Listener& listener : parts_.listeners) {
        if (config::listen_address_text(listener.configured) != address) {
            continue;
        }
        const config::ListenConfig& wanted = *std::ranges::find(
            prepared_->config.http.listen, listener.configured, &config::ListenConfig::address);
        listener.proxy_protocol = wanted.proxy_protocol;
        listener.open = wanted.open;
        parts_.relay->change_listener(
            listener.place, {.proxy_protocol = wanted.proxy_protocol, .open = wanted.open});
    }
}

void Reloader::open_listener(const std::string& address) {
    for (Listener& listener : prepared_->listeners) {
        if (config::listen_address_text(listener.configured) == address) {
            listener.place = parts_.relay->add_listener(
                listener.fd.get(),
                {.proxy_protocol = listener.proxy_protocol, .open = listener.open});
            parts_.listeners.push_back(std::move(listener));
        }
    }
}

void Reloader::change_renditions(const std::string& name) {
    StreamParts& stream = running_stream(name);
    const config::StreamConfig& wanted = wanted_stream(name);
    stream.renditions = rendition_specs(wanted.renditions);
    stream.adapting = adapting_of(wanted.adapt);
    parts_.relay->set_renditions(stream.id, stream.renditions, stream.adapting);
}

/// Adds the stream that was made, in the place of the one with this name if there is one.
void Reloader::take_stream(const std::string& name) {
    StreamParts& made = *std::ranges::find(made_, name, &StreamParts::name);
    const bool waits = config::is_exclusive(wanted_stream(name).source);
    const std::span<const io::StreamId> after =
        waits ? std::span<const io::StreamId>(exclusive_) : std::span<const io::StreamId>();
    if (StreamParts* const earlier = find_stream(name)) {
        made.id = parts_.relay->replace_stream(earlier->id, made.setup(), after);
        parts_.retired.push_back(std::exchange(*earlier, std::move(made)));
    } else {
        made.id = parts_.relay->add_stream(made.setup(), after);
        parts_.streams.push_back(std::move(made));
    }
}

void Reloader::remove_stream(const std::string& name) {
    if (StreamParts* const stream = find_stream(name)) {
        parts_.relay->end_stream(stream->id);
        parts_.retired.push_back(std::move(*stream));
        parts_.streams.erase(parts_.streams.begin() + (stream - parts_.streams.data()));
    }
}

// --- what is not used any more ---

/// One of each kind in a turn: unpinning and unmapping the memory of a stream takes milliseconds.
void Reloader::return_unused() noexcept {
    for (std::vector<StreamParts>* const streams : {&parts_.retired, &parts_.renditions}) {
        const auto unused = std::ranges::find_if(
            *streams, [this](const StreamParts& stream) { return is_unused(stream); });
        if (unused != streams->end()) {
            StreamParts stream = std::move(*unused);
            streams->erase(unused);
            release(parts_, std::move(stream));
        }
    }
    const auto released = std::ranges::find(parts_.releasing, true, &StreamParts::released);
    if (released != parts_.releasing.end()) {
        parts_.releasing.erase(released);
    }
    std::erase_if(parts_.closing, [this](const Listener& listener) {
        return parts_.relay->listener_removed(listener.place);
    });
}

bool Reloader::busy() const noexcept {
    const auto unused = [this](const StreamParts& stream) { return is_unused(stream); };
    return prepared_ || std::ranges::any_of(parts_.retired, unused) ||
           std::ranges::any_of(parts_.renditions, unused) ||
           std::ranges::any_of(parts_.releasing, &StreamParts::released);
}

void Reloader::on_released(std::uint32_t registration) noexcept {
    const auto found =
        std::ranges::find(parts_.releasing, registration, &StreamParts::registration);
    if (found != parts_.releasing.end()) {
        found->released = true;
    }
}

} // namespace ringcast::app
