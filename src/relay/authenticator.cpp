#include "relay/authenticator.hpp"

#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "http/query.hpp"

namespace ringcast::relay {

Authenticator::Authenticator(const RelaySettings& settings, connection::ConnectionContext& context,
                             PasswordChecker* checker)
    : settings_(settings), context_(context), checker_(checker),
      gate_(settings.access ? access::Gate(settings.access->rules, settings.access->key)
                            : access::Gate({}, {})) {}

bool Authenticator::asks(const connection::Connection& connection) const noexcept {
    return settings_.access.has_value() && !settings_.listener(connection.endpoint().listener).open;
}

access::Decision Authenticator::identify(connection::Connection& connection) {
    connection::Verification& verification = connection.exchange().verification;
    if (verification.refusal) {
        const access::Refusal refusal = *std::exchange(verification.refusal, std::nullopt);
        return refusal;
    }
    const http::Request& request = connection.exchange().reader.request();
    const auto token = http::find_parameter(request.query, "token");
    access::Credentials credentials = access::read_credentials(request.authorization, token);
    if (std::holds_alternative<access::UserPassword>(credentials)) {
        warn_of_plain_password(connection);
    }
    const connection::Endpoint& endpoint = connection.endpoint();
    io::Engine& engine = context_.engine;
    access::Decision decision =
        gate_.decide(std::move(credentials), {.address = endpoint.client.network(endpoint.peer),
                                              .now = engine.now(),
                                              .wall_now = engine.wall_now()});
    if (const auto* pending = std::get_if<access::Pending>(&decision)) {
        if (verification.deadline == never) {
            verification.deadline = engine.now() + settings_.login_wait;
        }
        verification.ticket = pending->ticket;
        connection.wait(context_, verification.deadline);
        waiting_.push_back(connection);
        begin_check();
    } else {
        verification = {};
    }
    return decision;
}

void Authenticator::begin_check() noexcept {
    if (checker_ == nullptr) {
        return;
    }
    // Those who wait for a verification that can't begin are told to try again when they have waited
    // too long.
    while (const access::Check* const check = gate_.begin_check()) {
        try {
            return checker_->check(check->credentials.password(), check->hash);
        } catch (const std::bad_alloc&) {
            log(LogLevel::warning, "a password was not verified: out of memory");
            gate_.drop_check();
        }
    }
}

void Authenticator::on_completion(const io::Completion& completion,
                                  stream::ConnectionList& ready) noexcept {
    const std::optional<bool> matches = checker_->on_completion(completion);
    if (!matches) {
        return;
    }
    try {
        finish_check(*matches, ready);
    } catch (const std::bad_alloc&) {
        log(LogLevel::warning, "the result of a verification was lost: out of memory");
    }
    begin_check();
}

void Authenticator::finish_check(bool matches, stream::ConnectionList& ready) {
    const access::Gate::Outcome outcome = gate_.finish_check(matches, context_.engine.now());
    std::string address = "a client that has left";
    for (connection::Connection* next = waiting_.first(); next != nullptr;) {
        connection::Connection& connection = *std::exchange(next, waiting_.next(*next));
        if (connection.exchange().verification.ticket == outcome.ticket) {
            connection.exchange().verification.refusal = outcome.refusal;
            const connection::Endpoint& endpoint = connection.endpoint();
            address = endpoint.client.text(endpoint.peer).data();
            stream::ConnectionList::remove(connection);
            ready.push_back(connection);
        }
    }
    if (outcome.refusal && failure_throttle_.should_log(context_.engine.now())) {
        log(LogLevel::warning, "a wrong user name or password came from {}", address);
    }
}

connection::Connection* Authenticator::take_late(Instant now) noexcept {
    if (waiting_.empty() || now < waiting_.front().exchange().verification.deadline) {
        return nullptr;
    }
    return &waiting_.pop_front();
}

access::Refusal Authenticator::too_late() noexcept {
    return {429, "Too many passwords are being verified: try again in 5 s.",
            access::Challenge::none, 5};
}

void Authenticator::warn_of_plain_password(const connection::Connection& connection) noexcept {
    const connection::Endpoint& endpoint = connection.endpoint();
    const bool safe = endpoint.peer.local || endpoint.through_proxy(settings_.trusted_proxies);
    if (safe || std::exchange(plain_password_reported_, true)) {
        return;
    }
    log(LogLevel::warning,
        "a password came from {} without encryption, so that others on the network can read it: "
        "put a proxy with HTTPS in front, and add its address to [access] trusted_proxies",
        endpoint.peer.address.data());
}

void Authenticator::stop() noexcept {
    if (checker_ != nullptr) {
        checker_->stop();
    }
}

} // namespace ringcast::relay
