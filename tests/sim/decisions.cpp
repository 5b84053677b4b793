#include "sim/decisions.hpp"

#include "base/assert.hpp"

namespace ringcast::sim {

namespace {

// Swarm testing: each seed draws one of these factors for the rate of each fault, in quarters.
constexpr std::array<std::uint32_t, 8> swarm_scales{0, 0, 1, 4, 4, 4, 8, 16};

constexpr std::uint32_t rate_unit = 65536;

} // namespace

Decisions::Decisions(std::uint64_t seed) noexcept : seeded_(true), state_(seed) {
    for (std::size_t i = 0; i < rates_.size(); ++i) {
        const std::uint32_t scale = swarm_scales[below(swarm_scales.size())];
        rates_[i] = fault_rate(static_cast<FaultKind>(i)) * scale / 4;
    }
}

Decisions::Decisions(std::span<const std::uint8_t> bytes) noexcept : seeded_(false), bytes_(bytes) {
    for (std::size_t i = 0; i < rates_.size(); ++i) {
        rates_[i] = fault_rate(static_cast<FaultKind>(i));
    }
}

std::uint64_t Decisions::draw() noexcept {
    // SplitMix64: cheap, and without weak seeds.
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
}

std::uint64_t Decisions::below(std::uint64_t bound) noexcept {
    RINGCAST_ASSERT(bound >= 1);
    if (seeded_) {
        return draw() % bound;
    }
    std::uint64_t value = 0;
    // Uses only as many bytes as the bound needs, so that the mutation of a byte changes one
    // decision.
    for (std::uint64_t span = bound - 1; span > 0 && !bytes_.empty(); span >>= 8U) {
        value = (value << 8U) | bytes_.front();
        bytes_ = bytes_.subspan(1);
    }
    return value % bound;
}

std::uint32_t Decisions::draw_rate() noexcept {
    if (seeded_) {
        return static_cast<std::uint32_t>(draw() % rate_unit);
    }
    if (bytes_.empty()) {
        return rate_unit; // above every rate
    }
    // One byte, inverted, so that zeros mean a run without faults.
    const std::uint32_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return (255U - byte) * 256U;
}

bool Decisions::happens(FaultKind kind) noexcept {
    return draw_rate() < rates_[static_cast<std::size_t>(kind)];
}

bool Decisions::choose(FaultKind kind) noexcept {
    if (!happens(kind)) {
        return false;
    }
    census_.count(kind);
    return true;
}

std::optional<FaultKind> Decisions::choose_error(ErrorGroup group) noexcept {
    const ErrorRange range = errors_of(group);
    const auto first = static_cast<std::uint32_t>(range.first);
    const auto count = static_cast<std::uint32_t>(range.last) - first + 1;
    const auto kind = static_cast<FaultKind>(first + below(count));
    if (!choose(kind)) {
        return std::nullopt;
    }
    return kind;
}

} // namespace ringcast::sim
