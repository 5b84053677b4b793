#include "encode/plane_scaler.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <new>

#include "base/assert.hpp"

namespace ringcast::encode {

namespace {

constexpr std::size_t whole_max = 4; ///< the largest ratio with a loop of its own

using LinesToAverage = std::array<const std::uint8_t*, whole_max>;

/// `across` samples of a line as one word. Their sum does not depend on the order of its bytes, and
/// compilers vectorise arithmetic with words, but not sums of neighbouring bytes.
template <std::size_t across>
struct Word;

template <>
struct Word<1> {
    using Type = std::uint8_t;
    static std::uint32_t fold(Type word) noexcept { return word; }
    static std::uint32_t sum(std::uint32_t folded) noexcept { return folded; }
};

template <>
struct Word<2> {
    using Type = std::uint16_t;
    static std::uint32_t fold(Type word) noexcept { return (word & 0xFFU) + (word >> 8U); }
    static std::uint32_t sum(std::uint32_t folded) noexcept { return folded; }
};

template <>
struct Word<4> {
    using Type = std::uint32_t;
    /// Two sums of two samples, 16 bits each.
    static std::uint32_t fold(Type word) noexcept {
        constexpr std::uint32_t even = 0x00FF00FF;
        return (word & even) + ((word >> 8U) & even);
    }
    static std::uint32_t sum(std::uint32_t folded) noexcept {
        return (folded & 0xFFFFU) + (folded >> 16U);
    }
};

/// Averages blocks of `across` times `down` samples.
template <std::size_t across, std::size_t down>
void average_blocks(const LinesToAverage& given, std::span<std::uint8_t> to) noexcept {
    const LinesToAverage lines = given; // a copy, which stores to `to` can't change
    for (std::size_t i = 0; i < to.size(); ++i) {
        std::uint32_t folded = 0;
        for (std::size_t line = 0; line < down; ++line) {
            typename Word<across>::Type word{};
            std::memcpy(&word, lines[line] + i * across, across);
            folded += Word<across>::fold(word);
        }
        constexpr std::uint32_t count = across * down;
        to[i] = static_cast<std::uint8_t>((Word<across>::sum(folded) + count / 2) / count);
    }
}

template <std::size_t across>
void average_lines(std::size_t down, const LinesToAverage& lines,
                   std::span<std::uint8_t> to) noexcept {
    switch (down) {
    case 1:
        return average_blocks<across, 1>(lines, to);
    case 2:
        return average_blocks<across, 2>(lines, to);
    default:
        return average_blocks<across, whole_max>(lines, to);
    }
}

/// The step is a template argument so that the compiler can vectorise the loop.
template <std::size_t step>
void gather_every(const std::uint8_t* from, std::span<std::uint8_t> to) noexcept {
    for (std::size_t i = 0; i < to.size(); ++i) {
        to[i] = from[i * step];
    }
}

void gather(const std::uint8_t* from, int step, std::span<std::uint8_t> to) noexcept {
    switch (step) {
    case 1:
        return gather_every<1>(from, to);
    case 2:
        return gather_every<2>(from, to);
    case 3:
        return gather_every<3>(from, to);
    default:
        RINGCAST_ASSERT(step == 4);
        return gather_every<4>(from, to);
    }
}

/// The ratio as a whole number that has a loop of its own; 0 when it has none.
int whole_ratio(ScaleRatio ratio) noexcept {
    for (const int whole : {1, 2, 4}) {
        if (ratio.source == whole * ratio.target) {
            return whole;
        }
    }
    return 0;
}

/// The samples of the original from `begin` to `end` that one sample of the target covers.
struct Cover {
    double begin = 0;
    double end = 0;
};

Cover cover_of(ScaleRatio ratio, int index) noexcept {
    const double samples = static_cast<double>(ratio.source) / static_cast<double>(ratio.target);
    return {index * samples, (index + 1) * samples};
}

} // namespace

bool PlaneScaler::begin(const SampleSource& from, ScaleRatio across, ScaleRatio down,
                        const SampleTarget& to) noexcept {
    RINGCAST_ASSERT(from.width >= 1);
    RINGCAST_ASSERT(from.height >= 1);
    RINGCAST_ASSERT(across.target >= 1);
    RINGCAST_ASSERT(down.target >= 1);
    from_ = from;
    to_ = to;
    down_ = down;
    whole_across_ = whole_ratio(across);
    whole_down_ = whole_ratio(down);
    const bool whole = whole_across_ > 0 && whole_down_ > 0;
    const auto width = static_cast<std::size_t>(from.width);
    const auto made = static_cast<std::size_t>(to.width);
    const std::size_t read = whole ? static_cast<std::size_t>(whole_across_) * made : width;
    line_bytes_ = std::max(read, width);
    in_place_ = from.step == 1 && read <= width;
    try {
        lines_.resize(std::max(lines_.size(), whole_max * line_bytes_));
        packed_.resize(std::max(packed_.size(), made));
        sums_.resize(std::max(sums_.size(), width));
        columns_.resize(std::max(columns_.size(), made));
    } catch (const std::bad_alloc&) {
        return false;
    }
    if (!whole) {
        whole_across_ = 0;
        whole_down_ = 0;
        cover_columns(across);
    }
    return true;
}

void PlaneScaler::cover_columns(ScaleRatio across) noexcept {
    for (int i = 0; i < to_.width; ++i) {
        const Cover cover = cover_of(across, i);
        Columns& columns = columns_[static_cast<std::size_t>(i)];
        columns.first = std::min(static_cast<int>(cover.begin), from_.width - 1);
        columns.last =
            std::clamp(static_cast<int>(std::ceil(cover.end)) - 1, columns.first, from_.width - 1);
        if (columns.first == columns.last) {
            columns.first_weight = static_cast<float>(cover.end - cover.begin);
            columns.last_weight = 0;
        } else {
            columns.first_weight = static_cast<float>(columns.first + 1 - cover.begin);
            columns.last_weight = static_cast<float>(cover.end - columns.last);
        }
    }
}

void PlaneScaler::make_lines(int first, int count) noexcept {
    const int end = std::min(first + count, to_.height);
    for (int y = first; y < end; ++y) {
        std::uint8_t* const line = to_.first + static_cast<std::size_t>(y) * to_.stride;
        const auto width = static_cast<std::size_t>(to_.width);
        const std::span<std::uint8_t> made =
            to_.step == 1 ? std::span(line, width) : std::span(packed_).first(width);
        if (whole_down_ > 0) {
            average_whole(y, made);
        } else {
            average_fraction(y, made);
        }
        const auto step = static_cast<std::size_t>(to_.step);
        for (std::size_t i = 0; step != 1 && i < width; ++i) {
            line[i * step] = made[i];
        }
    }
}

/// A line of the original, packed; below the original its last line. `buffer` is where it is put
/// when it can't be read where it is.
const std::uint8_t* PlaneScaler::line(int index, int buffer) noexcept {
    const auto row = static_cast<std::size_t>(std::min(index, from_.height - 1));
    const std::uint8_t* const first = from_.first + row * from_.stride;
    if (in_place_) {
        return first;
    }
    const std::span<std::uint8_t> copy =
        std::span(lines_).subspan(static_cast<std::size_t>(buffer) * line_bytes_, line_bytes_);
    const auto width = static_cast<std::size_t>(from_.width);
    gather(first, from_.step, copy.first(width));
    std::ranges::fill(copy.subspan(width), copy[width - 1]);
    return copy.data();
}

void PlaneScaler::average_whole(int index, std::span<std::uint8_t> made) noexcept {
    LinesToAverage lines{};
    for (int i = 0; i < whole_down_; ++i) {
        lines[static_cast<std::size_t>(i)] = line(index * whole_down_ + i, i);
    }
    const auto down = static_cast<std::size_t>(whole_down_);
    switch (whole_across_) {
    case 1:
        return average_lines<1>(down, lines, made);
    case 2:
        return average_lines<2>(down, lines, made);
    default:
        return average_lines<whole_max>(down, lines, made);
    }
}

void PlaneScaler::average_fraction(int index, std::span<std::uint8_t> made) noexcept {
    const Cover cover = cover_of(down_, index);
    std::ranges::fill(sums_, 0.0F);
    const int first = static_cast<int>(cover.begin);
    const int last = std::max(static_cast<int>(std::ceil(cover.end)) - 1, first);
    for (int row = first; row <= last; ++row) {
        const double begin = std::max(cover.begin, double{1} * row);
        const double end = std::min(cover.end, row + 1.0);
        add_line(row, static_cast<float>(end - begin));
    }
    average_columns(static_cast<float>(1 / (cover.end - cover.begin)), made);
}

void PlaneScaler::add_line(int index, float weight) noexcept {
    const std::uint8_t* const samples = line(index, 0);
    float* const sums = sums_.data();
    for (int i = 0; i < from_.width; ++i) {
        sums[i] += weight * static_cast<float>(samples[i]);
    }
}

/// `factor` is the inverse of the number of lines that were summed.
void PlaneScaler::average_columns(float factor, std::span<std::uint8_t> made) const noexcept {
    for (std::size_t i = 0; i < made.size(); ++i) {
        const Columns& columns = columns_[i];
        float weights = columns.first_weight + columns.last_weight;
        float sum = columns.first_weight * sums_[static_cast<std::size_t>(columns.first)] +
                    columns.last_weight * sums_[static_cast<std::size_t>(columns.last)];
        for (int column = columns.first + 1; column < columns.last; ++column) {
            sum += sums_[static_cast<std::size_t>(column)];
            weights += 1;
        }
        made[i] = static_cast<std::uint8_t>(std::min(sum * factor / weights + 0.5F, 255.0F));
    }
}

} // namespace ringcast::encode
