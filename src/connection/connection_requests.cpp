// Receiving requests: their heads, and their bodies when the relay wants them.

#include <utility>

#include "base/assert.hpp"
#include "connection/connection.hpp"
#include "http/response.hpp"

namespace ringcast::connection {

ConnectionEvent Connection::on_receive(ConnectionContext& context, std::int32_t result) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    RINGCAST_ASSERT(receiving_);
    --operations_;
    receiving_ = false;
    if (aborting()) {
        join(context);
        return ConnectionEvent::none;
    }
    if (state_ == ConnectionState::replying) {
        // A request's time-out is being answered, or an event sent; later bytes are ignored.
        exchange_->input_ended = result == 0;
        return ConnectionEvent::none;
    }
    if (state_ == ConnectionState::draining || state_ == ConnectionState::following) {
        return discard_received(context, result);
    }
    RINGCAST_ASSERT(state_ == ConnectionState::reading ||
                    state_ == ConnectionState::reading_proxy_header);
    if (result == 0 && frames_.pinned() > 0) {
        drain(context); // the peer has shut down its side, and waits for a picture
        return ConnectionEvent::none;
    }
    if (result <= 0) {
        abort(context);
        return ConnectionEvent::none;
    }
    auto received = static_cast<std::size_t>(result);
    if (state_ == ConnectionState::reading_proxy_header) {
        switch (exchange_->proxy_header.consume(exchange_->reader, received)) {
        case http::ParseState::need_more:
            receive(context, exchange_->proxy_header.free_space(exchange_->reader));
            return ConnectionEvent::none;
        case http::ParseState::error:
            return ConnectionEvent::bad_proxy_header;
        case http::ParseState::complete:
            received = exchange_->proxy_header.bytes_behind();
            break;
        }
        // The request has its own time-out, and counts for the address of its client.
        state_ = ConnectionState::reading;
        deadline_ = context.engine.now() + context.settings.head_timeout;
        endpoint_.client = exchange_->proxy_header.client();
        context.places.set_busy(*this);
        context.places.move(*this, endpoint_.client.network(endpoint_.peer));
    }
    if (keep_alive_ && exchange_->reader.idle()) { // the first bytes after an earlier reply
        deadline_ = context.engine.now() + context.settings.head_timeout;
        context.places.set_busy(*this);
    }
    return on_parsed(context, exchange_->reader.consume(received));
}

/// What the peer sends after its last request.
ConnectionEvent Connection::discard_received(ConnectionContext& context,
                                             std::int32_t result) noexcept {
    exchange_->drained += result > 0 ? static_cast<std::size_t>(result) : 0;
    if (result > 0 && !drained_ && exchange_->drained < context.settings.drain_bytes_max) {
        receive(context, exchange_->drain_into);
    } else if (state_ == ConnectionState::draining) {
        finish_draining(context);
    } else if (result == 0) {
        exchange_->input_ended = true;
        return ConnectionEvent::following;
    } else {
        abort(context);
    }
    return ConnectionEvent::none;
}

ConnectionEvent Connection::on_parsed(ConnectionContext& context, http::ParseState state) noexcept {
    switch (state) {
    case http::ParseState::need_more:
        receive(context, exchange_->reader.free_space());
        return ConnectionEvent::none;
    case http::ParseState::complete:
        return ConnectionEvent::request;
    case http::ParseState::error:
        return ConnectionEvent::bad_request;
    }
    return ConnectionEvent::none;
}

bool Connection::read_body(ConnectionContext& context) {
    RINGCAST_ASSERT(state_ == ConnectionState::reading || state_ == ConnectionState::waiting);
    RINGCAST_ASSERT(operations_ == 0);
    const bool expected = exchange_->reader.request().expects_continue;
    if (exchange_->reader.read_body() == http::ParseState::complete) {
        return true;
    }
    context.places.set_busy(*this);
    if (!expected) {
        await_body(context);
        return false;
    }
    state_ = ConnectionState::replying;
    interim_ = true;
    deadline_ = never; // from here on the stall time-out counts
    frames_.delivery().note_progress(context.engine.now());
    exchange_->unsent = as_bytes(http::interim_reply);
    send_text(context, false);
    return false;
}

void Connection::await_body(ConnectionContext& context) noexcept {
    state_ = ConnectionState::reading;
    deadline_ = context.engine.now() + context.settings.head_timeout;
    receive(context, exchange_->reader.free_space());
}

void Connection::identify_client(ConnectionContext& context) {
    RINGCAST_ASSERT(state_ == ConnectionState::reading || state_ == ConnectionState::waiting);
    endpoint_.client = client_of(exchange_->reader.request(), exchange_->proxy_header.client(),
                                 endpoint_.peer, context.trusted_proxies);
    context.places.move(*this, endpoint_.client.network(endpoint_.peer));
}

} // namespace ringcast::connection
