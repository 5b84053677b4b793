// Changes while the loop runs: streams, listeners, settings, and who may watch.

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "relay/relay.hpp"

namespace ringcast::relay {

// --- streams ---

io::StreamId Relay::add_stream(stream::StreamSetup setup, std::span<const io::StreamId> after) {
    StreamStarts::Pending pending = starts_.prepare(after);
    const stream::Stream& stream =
        streams_.add(std::move(setup), engine_, settings_.stream, painter_);
    pending.stream = stream.id();
    starts_.add(std::move(pending));
    starts_.start_due(streams_);
    events_.add({.kind = api::EventKind::stream_added, .stream = stream.name()});
    return stream.id();
}

io::StreamId Relay::replace_stream(io::StreamId id, stream::StreamSetup setup,
                                   std::span<const io::StreamId> after) {
    StreamStarts::Pending pending = starts_.prepare(after);
    stream::Stream& next =
        streams_.add_in_place_of(id, std::move(setup), engine_, settings_.stream, painter_);
    pending.stream = next.id();
    starts_.add(std::move(pending));
    stream::Stream& earlier = streams_.get(id);
    next.succeed(earlier);
    move_viewers(id, next);
    for (const io::StreamId rendition : renditions_.of(id)) {
        move_to_successor(rendition, next);
    }
    streams_.retire(id);
    if (id == default_stream_) {
        set_default_stream(next.id());
    }
    events_.add({.kind = api::EventKind::stream_replaced, .stream = next.name()});
    starts_.start_due(streams_);
    return next.id();
}

/// Ends a rendition. Its viewers are sent the one of the same name of `original`, or that itself.
void Relay::move_to_successor(io::StreamId rendition, stream::Stream& original) {
    streams_.retire(rendition);
    const stream::Stream& ended = streams_.get(rendition);
    const auto spec =
        std::ranges::find(original.renditions(), ended.rendition(), &stream::RenditionSpec::name);
    stream::Stream* next = &original;
    if (spec != original.renditions().end() && ended.watched()) {
        next = renditions_.obtain(original, *spec).value_or(next);
    }
    move_viewers(rendition, *next);
}

void Relay::move_viewers(io::StreamId from, stream::Stream& to) noexcept {
    connections_.for_each([&](connection::ConnectionId, connection::Connection& connection) {
        if (connection.streaming() && connection.frames().options().stream == from) {
            connection.move_to_stream(context_, to.id());
            if (connection.state() == connection::ConnectionState::idle) {
                to.add_idle(connection);
            }
        }
    });
}

void Relay::end_stream(io::StreamId id) noexcept {
    RINGCAST_ASSERT(id != default_stream_);
    stream::Stream& ending = streams_.get(id);
    events_.add({.kind = api::EventKind::stream_removed, .stream = ending.name()});
    for (stream::Stream* stream : streams_.all()) {
        if (stream == &ending || stream->original() == &ending) {
            streams_.retire(stream->id());
        }
    }
    connections_.for_each([&](connection::ConnectionId, connection::Connection& connection) {
        if (!connection.streaming()) {
            return;
        }
        const stream::Stream& watched = stream_of(connection);
        if (&watched == &ending || watched.original() == &ending) {
            disconnect(connection);
        }
    });
}

void Relay::set_renditions(io::StreamId id, std::vector<stream::RenditionSpec> renditions,
                           stream::Adapting adapting) {
    stream::Stream& original = streams_.get(id);
    const std::vector<stream::RenditionSpec> before =
        original.set_renditions(std::move(renditions), adapting);
    for (const io::StreamId running : renditions_.of(id)) {
        const std::string& name = streams_.get(running).rendition();
        const std::span<const stream::RenditionSpec> after = original.renditions();
        const auto was = std::ranges::find(before, name, &stream::RenditionSpec::name);
        const auto is = std::ranges::find(after, name, &stream::RenditionSpec::name);
        if (is == after.end() || was == before.end() || *is != *was) {
            move_to_successor(running, original);
        }
    }
}

std::size_t Relay::stream_places() const noexcept {
    return streams_.free_count() - (Renditions::count_max - renditions_.count());
}

bool Relay::has_stream(io::StreamId id) const noexcept {
    return streams_.find(id) != nullptr;
}

void Relay::set_default_stream(io::StreamId id) noexcept {
    RINGCAST_ASSERT(!streams_.get(id).retiring());
    default_stream_ = id;
    router_.set_default_stream(id);
}

// --- listeners ---

/// A place that no connection refers to.
std::uint32_t Relay::free_listener_place() {
    std::vector<bool> in_use(acceptor_.place_count());
    connections_.for_each([&](connection::ConnectionId, connection::Connection& connection) {
        in_use[connection.endpoint().listener] = true;
    });
    for (std::uint32_t place = 0; place < acceptor_.place_count(); ++place) {
        if (!in_use[place] && acceptor_.vacant(place)) {
            return place;
        }
    }
    return acceptor_.place_count();
}

std::uint32_t Relay::add_listener(int socket, const ListenerSettings& settings) {
    const std::uint32_t place = free_listener_place();
    if (settings_.listeners.size() <= place) {
        settings_.listeners.resize(place + 1);
    }
    acceptor_.add(place, socket);
    settings_.listeners[place] = settings;
    return place;
}

void Relay::change_listener(std::uint32_t place, const ListenerSettings& settings) noexcept {
    settings_.listeners[place] = settings;
    disconnect_unwelcome();
}

void Relay::remove_listener(std::uint32_t place) noexcept {
    acceptor_.remove(place);
}

bool Relay::listener_removed(std::uint32_t place) const noexcept {
    return acceptor_.vacant(place);
}

// --- settings, and who may watch ---

void Relay::change_settings(ServingSettings settings) {
    settings.viewers_max = std::min(settings.viewers_max, viewers_places_);
    // A table is allocated for as many.
    settings.connection.pinned_per_viewer_max = settings_.connection.pinned_per_viewer_max;
    std::vector<std::string> hosts = settings.hosts;
    std::swap(static_cast<ServingSettings&>(settings_), settings);
    router_.set_hosts(std::move(hosts));
}

void Relay::set_access(std::optional<AccessSettings> access, PasswordChecker* checker) {
    if (access) {
        router_.authenticator().set_rules(access->rules, access->key);
        if (checker != nullptr) {
            router_.authenticator().set_checker(*checker);
        }
    }
    settings_.access = std::move(access);
    disconnect_unwelcome();
}

/// Ends what the present rules do not allow any more.
void Relay::disconnect_unwelcome() noexcept {
    connections_.for_each([&](connection::ConnectionId, connection::Connection& connection) {
        const connection::ConnectionState state = connection.state();
        const bool open = state != connection::ConnectionState::closing && !connection.aborting();
        if (open && !router_.may_stay(connection)) {
            disconnect(connection);
        }
    });
}

} // namespace ringcast::relay
