#include "sim/sim_access.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "access/base64url.hpp"
#include "access/digest.hpp"
#include "access/link.hpp"

namespace ringcast::sim {

namespace {

constexpr std::string_view password = "open sesame";
constexpr std::string_view token = "a token of forty-three characters, or so it is";

access::LinkKey link_key(bool revoked) {
    return access::LinkKey{std::byte{static_cast<unsigned char>(revoked ? 2 : 1)}};
}

/// The "hash" of a password is the password itself.
std::string hash_of(std::string_view text) {
    return std::string(text);
}

std::string basic(std::string_view user, std::string_view user_password) {
    const std::string text = fmt::format("{}:{}", user, user_password);
    // Of a text without the two characters in which the alphabets differ; padding may be left out.
    return "Basic " + access::base64url_encode(as_bytes(text));
}

std::string link_text(std::string_view stream, WallTime now, std::chrono::seconds valid_for) {
    access::Link link;
    link.stream = stream;
    link.expiry = std::chrono::floor<std::chrono::seconds>(now) + valid_for;
    return access::sign_link(link_key(false), link);
}

std::string header_of(Proof proof, std::string_view stream, std::uint64_t number, WallTime now) {
    using namespace std::chrono_literals;
    switch (proof) {
    case Proof::none:
        return {};
    case Proof::password:
        return basic("anna", password);
    case Proof::wrong_password:
        return basic("anna", fmt::format("wrong {}", number));
    case Proof::token:
        return fmt::format("Bearer {}", token);
    case Proof::wrong_token:
        return "Bearer wrong";
    case Proof::link: // clocks are set by up to some minutes in the simulation
        return "Bearer " + link_text(stream, now, 1000h);
    case Proof::expired_link:
        return "Bearer " + link_text(stream, now, -1000h);
    }
    return {};
}

} // namespace

access::Rules sim_rules(bool revoked) {
    access::Rules::Parts parts;
    const std::string suffix = revoked ? " 2" : "";
    parts.users = {{"anna", hash_of(password) + suffix}};
    parts.tokens = {{"tablet", access::sha256(as_bytes(std::string(token) + suffix)), {}}};
    parts.link_key = link_key(revoked);
    parts.admins = {"anna"};
    return access::Rules(std::move(parts));
}

void add_proof(ClientPlan& plan, Proof proof, std::string_view stream, std::uint64_t number,
               WallTime now) {
    const std::string value = header_of(proof, stream, number, now);
    constexpr std::string_view host = "Host: sim\r\n";
    for (ClientRequest& request : plan.requests) {
        const std::size_t found = request.text.find(host);
        if (!value.empty() && found != std::string::npos) {
            request.text.insert(found + host.size(), fmt::format("Authorization: {}\r\n", value));
        }
    }
}

SimPasswordChecker::SimPasswordChecker(SimEngine& engine, Duration time_max)
    : engine_(engine), time_max_(time_max), event_(engine.open_event()) {
    arm();
}

void SimPasswordChecker::arm() {
    engine_.read({io::OpKind::password, 0, ++run_}, event_, event_count_);
}

void SimPasswordChecker::check(std::string_view given, std::string_view hash) {
    const bool matches = given == hash;
    const auto time = Duration(static_cast<std::int64_t>(
        1 + engine_.decisions().below(static_cast<std::uint64_t>(time_max_.count()))));
    engine_.events().after(time, [this, matches] {
        if (!stopping_) {
            engine_.decisions().note(matches ? FaultKind::password_right
                                             : FaultKind::password_wrong);
            result_ = matches;
            engine_.signal(event_);
        }
    });
}

std::optional<bool> SimPasswordChecker::on_completion(const io::Completion&) noexcept {
    if (closing_) {
        stopped_ = true;
        return std::nullopt;
    }
    if (!stopping_) {
        arm();
        return std::exchange(result_, std::nullopt);
    }
    closing_ = true;
    engine_.close({io::OpKind::password, 0, ++run_}, event_);
    return std::nullopt;
}

void SimPasswordChecker::stop() noexcept {
    stopping_ = true;
    engine_.cancel({}, {io::OpKind::password, 0, run_});
}

} // namespace ringcast::sim
