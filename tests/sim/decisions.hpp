#pragma once
// The source of all choices in the simulation: a seed, or the bytes of a fuzzer. The same seed or
// bytes produce the same run, so that a failing one can be repeated.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "sim/fault.hpp"

namespace ringcast::sim {

class Decisions {
public:
    /// Each seed also draws which faults are frequent, rare or absent: runs in which everything
    /// fails at once seldom get far.
    explicit Decisions(std::uint64_t seed) noexcept;
    /// Once all bytes are used, no more faults are chosen and every number is 0.
    explicit Decisions(std::span<const std::uint8_t> bytes) noexcept;

    /// Decides whether the fault occurs at a place where it may. Counts it if so.
    [[nodiscard]] bool choose(FaultKind kind) noexcept;
    /// Decides which error of the group an operation fails with, if any. Counts it.
    [[nodiscard]] std::optional<FaultKind> choose_error(ErrorGroup group) noexcept;
    /// Counts a fault that occurred without being chosen.
    void note(FaultKind kind) noexcept { census_.count(kind); }

    /// A number below `bound`, which is at least 1.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept;
    /// A number from `low` to `high`, both included.
    [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept {
        return low + below(high - low + 1);
    }
    /// True once in `times`.
    [[nodiscard]] bool once_in(std::uint64_t times) noexcept { return below(times) == times - 1; }

    [[nodiscard]] const Census& census() const noexcept { return census_; }
    /// True when there is a seed, or bytes are left.
    [[nodiscard]] bool undecided() const noexcept { return seeded_ || !bytes_.empty(); }

private:
    [[nodiscard]] std::uint64_t draw() noexcept;
    [[nodiscard]] std::uint32_t draw_rate() noexcept;
    [[nodiscard]] bool happens(FaultKind kind) noexcept;

    bool seeded_;
    std::uint64_t state_ = 0;
    std::span<const std::uint8_t> bytes_;
    std::array<std::uint32_t, fault_kind_count> rates_{};
    Census census_;
};

} // namespace ringcast::sim
