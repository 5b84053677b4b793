#pragma once
// Passwords that were right a short time ago, so that only the first request with one waits for its
// verification. Keeps keyed hashes, no passwords. No I/O, no clock.

#include <chrono>
#include <cstddef>
#include <string_view>

#include "access/digest.hpp"
#include "access/recent_table.hpp"
#include "base/time.hpp"

namespace ringcast::access {

class Remembered {
public:
    /// After the last request with it.
    static constexpr Duration remembered_for = std::chrono::minutes(10);
    /// Beyond these, the one that was not used for longest is forgotten.
    static constexpr std::size_t passwords_max = 1024;

    /// `key`: random.
    explicit Remembered(const Digest& key) : key_(key) {}

    /// With another key no password is remembered.
    void set_key(const Digest& key) noexcept { key_ = key; }
    /// A value for the calls below. It depends on the hash of the password too, so that a changed
    /// password is a different one.
    [[nodiscard]] Digest fingerprint(std::string_view user, std::string_view password,
                                     std::string_view hash) const;
    /// Throws std::bad_alloc.
    void add(const Digest& fingerprint, Instant now) { table_.set(fingerprint, {}, now); }
    /// True if it is remembered, which it then is for longer.
    [[nodiscard]] bool use(const Digest& fingerprint, Instant now);

private:
    struct Right {};

    Digest key_;
    RecentTable<Digest, Right, passwords_max> table_; ///< by the time of their last use
};

} // namespace ringcast::access
