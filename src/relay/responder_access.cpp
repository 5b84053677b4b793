// Answers that depend on who asks: refusals, and links.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "relay/responder.hpp"

namespace ringcast::relay {

void Responder::refuse(connection::Connection& connection, const access::Refusal& refusal) {
    send(connection,
         api::refused(refusal, !parts_.router.authenticator().gate().rules().users().empty(),
                      reply_context(connection)));
}

void Responder::on_password_checked(const io::Completion& completion) noexcept {
    parts_.router.authenticator().on_completion(completion, requests_);
}

// --- links ---

void Responder::answer_link(connection::Connection& connection, const api::Route& route,
                            const http::ReplyContext& reply) {
    using std::chrono::seconds;
    const std::optional<access::LinkKey>& key =
        parts_.router.authenticator().gate().rules().link_key();
    const bool asks = parts_.router.authenticator().asks(connection);
    if (!asks || !key) {
        return send(connection, api::no_links(asks, reply));
    }
    const WallTime now = parts_.context.engine.wall_now();
    access::Link link;
    link.stream = parts_.streams.get(*route.stream).name();
    link.expiry = std::chrono::floor<seconds>(now + route.link_for);
    link.kind = route.snapshot_only ? access::LinkKind::snapshot_only
                                    : access::LinkKind::stream_and_snapshot;
    if (route.fps && !route.snapshot_only) {
        link.millifps = static_cast<std::uint32_t>(std::max(std::lround(*route.fps * 1000.0), 1L));
    }
    send(connection, api::link(link, access::sign_link(*key, link), reply));
}

} // namespace ringcast::relay
