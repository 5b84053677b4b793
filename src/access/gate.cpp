#include "access/gate.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace ringcast::access {

namespace {

constexpr std::string_view wrong_password =
    "The user name or the password is wrong. `ringcast passwd NAME` sets a new one.";

Refusal too_many(std::uint32_t seconds) noexcept {
    return {429,
            "There were too many attempts to log in from this address, or there are too many at "
            "once: wait before the next one.",
            Challenge::none, seconds};
}

std::uint32_t whole_seconds(Duration time) noexcept {
    return static_cast<std::uint32_t>(
        std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(time).count(), 1));
}

} // namespace

Gate::Gate(Rules rules, const Digest& key) : rules_(std::move(rules)), remembered_(key) {}

Refusal Gate::login_required() noexcept {
    return {401, "This needs a user name and a password, a token, or a link.", Challenge::login};
}

Decision Gate::decide(Credentials credentials, const Attempt& attempt) {
    if (std::holds_alternative<NoCredentials>(credentials)) {
        return Caller{};
    }
    if (auto* password = std::get_if<UserPassword>(&credentials)) {
        return decide_password(std::move(*password), attempt);
    }
    if (const auto* token = std::get_if<BearerToken>(&credentials)) {
        return decide_token(token->text, attempt.wall_now);
    }
    return Refusal{401, "The Authorization header is malformed: use Basic, or Bearer with a token.",
                   Challenge::login};
}

Decision Gate::decide_token(std::string_view text, WallTime now) const {
    if (const Token* const token = find_token(rules_.tokens(), text)) {
        return rules_.caller_of(*token);
    }
    if (rules_.link_key()) {
        LinkCheck check = verify_link(*rules_.link_key(), text, now);
        if (auto* link = std::get_if<Link>(&check)) {
            return rules_.caller_of(std::move(*link));
        }
        if (std::holds_alternative<LinkExpired>(check)) {
            return Refusal{401, "This link has expired: ask for a new one.",
                           Challenge::invalid_token};
        }
    }
    return Refusal{
        401,
        "The token or link is not valid: it may have been revoked, or cut off when it was "
        "copied.",
        Challenge::invalid_token};
}

/// For an unknown user the same work is done, so that the time does not tell which names exist. Hashes
/// may differ in cost, so one of all is taken, for a name always the same.
const User& Gate::stand_in(std::string_view unknown) const {
    const Digest digest = remembered_.fingerprint(unknown, {}, {});
    std::size_t number = 0;
    std::memcpy(&number, digest.data(), sizeof number);
    return rules_.users()[number % rules_.users().size()];
}

Decision Gate::decide_password(UserPassword credentials, const Attempt& attempt) {
    if (rules_.users().empty()) {
        return Refusal{401, wrong_password};
    }
    const User* const user = rules_.find_user(credentials.user());
    const std::string& hash = (user == nullptr ? stand_in(credentials.user()) : *user).hash;
    Digest fingerprint = remembered_.fingerprint(credentials.user(), credentials.password(), hash);
    if (user != nullptr && remembered_.use(fingerprint, attempt.now)) {
        return rules_.caller_of(*user);
    }
    if (const auto ticket = checks_.find(fingerprint, attempt.address)) {
        return Pending{*ticket};
    }
    const Instant blocked_until = failures_.blocked_until(attempt.address, attempt.now);
    if (attempt.now < blocked_until) {
        return too_many(whole_seconds(blocked_until - attempt.now));
    }
    const bool has_failures = failures_.contains(attempt.address, attempt.now);
    Check check;
    check.address = attempt.address;
    check.fingerprint = fingerprint;
    check.credentials = std::move(credentials);
    check.hash = hash;
    check.known_user = user != nullptr;
    if (const auto ticket = checks_.add(std::move(check), has_failures)) {
        return Pending{*ticket};
    }
    return too_many(1);
}

Gate::Outcome Gate::finish_check(bool matches, Instant now) {
    const Check check = checks_.finish();
    if (matches && check.known_user) {
        remembered_.add(check.fingerprint, now);
        failures_.forget(check.address);
        return {check.ticket, std::nullopt};
    }
    failures_.add(check.address, now);
    return {check.ticket, Refusal{401, wrong_password}};
}

} // namespace ringcast::access
