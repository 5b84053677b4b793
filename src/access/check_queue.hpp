#pragma once
// Passwords that wait for their verification, one of which is under way at a time. Fair by address:
// first come the addresses without failures, with one password each, then the others. Bounded. No I/O,
// no clock, no hashing.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "access/credentials.hpp"
#include "access/digest.hpp"

namespace ringcast::access {

/// Names a verification; requests with the same password share it.
using Ticket = std::uint32_t;

struct Check {
    Ticket ticket = 0;
    std::uint64_t address = 0; ///< io::Peer::network
    Digest fingerprint{};      ///< of Remembered
    UserPassword credentials{""};
    std::string hash;        ///< that the password is verified against
    bool known_user = false; ///< if not, the answer is no whatever the verification says
};

class CheckQueue {
public:
    /// In each of the two classes, the one under way not included.
    static constexpr std::size_t waiting_max = 64;
    /// Of an address with failures.
    static constexpr std::size_t per_address_max = 4;

    /// The ticket of a verification of the same password for the same address; nothing if there is
    /// none.
    [[nodiscard]] std::optional<Ticket> find(const Digest& fingerprint,
                                             std::uint64_t address) const noexcept;
    /// Returns the ticket; nothing if the queue is full or the address has too many. `check.ticket`
    /// is set here. Throws std::bad_alloc.
    [[nodiscard]] std::optional<Ticket> add(Check check, bool has_failures);

    /// The check to begin now; null while one is under way, or none waits.
    [[nodiscard]] const Check* begin();
    /// Ends the one under way.
    [[nodiscard]] Check finish();

private:
    using Queue = std::deque<Check>;

    std::optional<Check> current_;
    Queue first_; ///< of addresses without failures
    Queue later_;
    Ticket last_ = 0;
};

} // namespace ringcast::access
