#include "access/rules.hpp"

#include <algorithm>
#include <utility>

#include "access/digest.hpp"
#include "base/bytes.hpp"

namespace ringcast::access {

namespace {

enum class Kind : char { user = 'u', token = 't', link = 'l' };

/// From a digest, so that nobody can choose one.
Identity identity_of(Kind kind, std::string_view name, ConstByteSpan secret) {
    std::string text(1, static_cast<char>(kind));
    text.append(name).append(1, '\0').append(as_text(secret));
    const Digest digest = sha256(as_bytes(text));
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) {
        number = number << 8U | std::to_integer<std::uint64_t>(digest[i]);
    }
    return static_cast<Identity>(number);
}

Identity identity_of(const User& user) {
    return identity_of(Kind::user, user.name, as_bytes(user.hash));
}
Identity identity_of(const Token& token) {
    return identity_of(Kind::token, token.name, token.digest);
}
Identity identity_of(const LinkKey& key) {
    return identity_of(Kind::link, {}, key);
}

bool contains(const std::vector<std::string>& names, std::string_view name) noexcept {
    return std::ranges::find(names, name) != names.end();
}

} // namespace

Rules::Rules(Parts parts) : parts_(std::move(parts)) {
    for (const User& user : parts_.users) {
        add(identity_of(user), {user.name, is_admin(user.name), {}});
    }
    for (const Token& token : parts_.tokens) {
        add(identity_of(token), {token.name, is_admin(token.name), token.streams});
    }
    if (parts_.link_key) {
        add(identity_of(*parts_.link_key), {});
    }
}

void Rules::add(Identity identity, Principal principal) {
    principals_.emplace(identity, std::move(principal));
}

const User* Rules::find_user(std::string_view name) const noexcept {
    const auto found = std::ranges::find(parts_.users, name, &User::name);
    return found == parts_.users.end() ? nullptr : &*found;
}

const StreamRule* Rules::find_rule(std::string_view stream) const noexcept {
    const auto found = std::ranges::find(parts_.streams, stream, &StreamRule::stream);
    return found == parts_.streams.end() ? nullptr : &*found;
}

bool Rules::is_admin(std::string_view name) const noexcept {
    return contains(parts_.admins, name);
}

Caller Rules::caller_of(const User& user) const {
    return {identity_of(user), is_admin(user.name), std::nullopt};
}

Caller Rules::caller_of(const Token& token) const {
    return {identity_of(token), is_admin(token.name), std::nullopt};
}

Caller Rules::caller_of(Link link) const {
    return {identity_of(*parts_.link_key), false, std::move(link)};
}

bool Rules::may_watch(const Caller& caller, std::string_view stream) const noexcept {
    return may_stay(caller.identity, stream) && (!caller.link || caller.link->stream == stream);
}

bool Rules::may_stay(Identity identity, std::string_view stream) const noexcept {
    const StreamRule* const rule = find_rule(stream);
    if (identity == Identity::guest ||
        (rule != nullptr && rule->kind == StreamRule::Kind::everybody)) {
        return true;
    }
    const auto found = principals_.find(identity);
    if (found == principals_.end()) {
        return false;
    }
    const Principal& principal = found->second;
    if (!principal.streams.empty() && !contains(principal.streams, stream)) {
        return false;
    }
    const bool is_link = principal.name.empty();
    return is_link || principal.administrates || rule == nullptr ||
           rule->kind == StreamRule::Kind::known || contains(rule->viewers, principal.name);
}

std::vector<std::string> Rules::unknown_names() const {
    std::vector<std::string> unknown;
    const auto check = [&](const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            const bool known =
                find_user(name) != nullptr ||
                std::ranges::find(parts_.tokens, name, &Token::name) != parts_.tokens.end();
            if (!known && !contains(unknown, name)) {
                unknown.push_back(name);
            }
        }
    };
    check(parts_.admins);
    for (const StreamRule& rule : parts_.streams) {
        check(rule.viewers);
    }
    return unknown;
}

} // namespace ringcast::access
