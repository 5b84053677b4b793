#pragma once
// Passwords in the simulation: rules with a user, a token and a key of links, clients that prove who
// they are in different ways or don't, and a thread that verifies passwords in virtual time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "access/rules.hpp"
#include "relay/password_checker.hpp"
#include "sim/decisions.hpp"
#include "sim/sim_client.hpp"
#include "sim/sim_engine.hpp"

namespace ringcast::sim {

/// How a client proves who sends its requests.
enum class Proof : std::uint8_t {
    none,
    password,
    token,
    link,
    wrong_password, ///< a different one for each client
    wrong_token,
    expired_link,
};
inline constexpr std::size_t proof_count = static_cast<std::size_t>(Proof::expired_link) + 1;

[[nodiscard]] constexpr bool proves_nothing(Proof proof) noexcept {
    return proof == Proof::none || proof >= Proof::wrong_password;
}

/// The rules of the simulated server; all its streams are for those who are known. `revoked`: as after
/// the user, the token and the key have been replaced.
[[nodiscard]] access::Rules sim_rules(bool revoked);

/// Adds an Authorization header to each request of the plan, for the stream of its first one. `number`
/// makes wrong passwords differ; `now` is for links.
void add_proof(ClientPlan& plan, Proof proof, std::string_view stream, std::uint64_t number,
               WallTime now);

class SimPasswordChecker final : public relay::PasswordChecker {
public:
    /// A verification takes up to `time_max`.
    SimPasswordChecker(SimEngine& engine, Duration time_max);

    void check(std::string_view password, std::string_view hash) override;
    [[nodiscard]] std::optional<bool>
    on_completion(const io::Completion& completion) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return stopped_; }

private:
    void arm();

    SimEngine& engine_;
    Duration time_max_;
    int event_;
    std::array<std::byte, 8> event_count_{};
    std::uint32_t run_ = 0;
    bool stopping_ = false;
    bool closing_ = false;
    bool stopped_ = false;
    std::optional<bool> result_;
};

} // namespace ringcast::sim
