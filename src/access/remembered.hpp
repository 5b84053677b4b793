#pragma once
// Passwords that were right a short time ago, so that only the first request with one waits for its
// verification. Keeps keyed hashes, no passwords. No I/O, no clock.

#include <chrono>
#include <cstddef>
#include <map>
#include <string_view>

#include "access/digest.hpp"
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

    /// A value for the calls below. It depends on the hash of the password too, so that a changed
    /// password is a different one.
    [[nodiscard]] Digest fingerprint(std::string_view user, std::string_view password,
                                     std::string_view hash) const;
    /// Throws std::bad_alloc.
    void add(const Digest& fingerprint, Instant now);
    /// True if it is remembered, which it then is for longer.
    [[nodiscard]] bool use(const Digest& fingerprint, Instant now);

private:
    Digest key_;
    std::map<Digest, Instant> last_used_;
    std::multimap<Instant, Digest> by_time_; ///< the same, by time

    void forget(const Digest& fingerprint) noexcept;
};

} // namespace ringcast::access
