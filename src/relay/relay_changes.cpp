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
    connections_.for_each([&](connection::ConnectionId, connection::Connection& connection) {
        if (connection.streaming() && connection.frames().options().stream == id) {
            connection.move_to_stream(context_, next.id());
            if (connection.state() == connection::ConnectionState::idle) {
                next.add_idle(connection);
            }
        }
    });
    streams_.retire(id);
    if (id == default_stream_) {
        set_default_stream(next.id());
    }
    starts_.start_due(streams_);
    return next.id();
}

void Relay::end_stream(io::StreamId id) noexcept {
    RINGCAST_ASSERT(id != default_stream_);
    streams_.retire(id);
    connections_.for_each([&](connection::ConnectionId, connection::Connection& connection) {
        if (connection.streaming() && connection.frames().options().stream == id) {
            disconnect(connection);
        }
    });
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
