#pragma once
// How often a stream has lost its picture, by reason. The reasons of the first losses are told apart;
// later ones count together, so that metrics have a bounded number of series.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringcast::stream {

struct LossCount {
    std::string reason;
    std::uint64_t count = 0;
};

class LossCounts {
public:
    static constexpr std::size_t reasons_max = 8;
    static constexpr std::string_view other_reasons = "other reasons";

    /// Counts nothing if memory is short.
    void add(std::string_view reason) noexcept;
    /// In the order in which the reasons first occurred.
    [[nodiscard]] const std::vector<LossCount>& all() const noexcept { return counts_; }

private:
    std::vector<LossCount> counts_;
};

} // namespace ringcast::stream
