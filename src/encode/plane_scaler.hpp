#pragma once
// Makes one component of a picture smaller: each sample becomes the average of the area that it
// covers in the original. No I/O, no threads.

#include <cstdint>
#include <span>
#include <vector>

#include "encode/sample_lines.hpp"

namespace ringcast::encode {

/// `source` samples of the original become `target` samples, in one direction.
struct ScaleRatio {
    std::int64_t source = 1;
    std::int64_t target = 1;
};

class PlaneScaler {
public:
    /// Prepares to scale `from` to the size of `to`, of which both stay borrowed until the last call of
    /// `make_lines`. Where an area reaches beyond the original, the original's last sample is repeated.
    /// Ratios 1, 2 and 4 have loops that compilers vectorise; ratios below 1 repeat samples. Allocates
    /// only for lines longer than all earlier ones. False when memory is short.
    [[nodiscard]] bool begin(const SampleSource& from, ScaleRatio across, ScaleRatio down,
                             const SampleTarget& to) noexcept;
    /// Makes `count` lines of the target, or as many as it has there, from line `first` on.
    void make_lines(int first, int count) noexcept;

private:
    /// The columns that one sample of the target covers.
    struct Columns {
        int first = 0;
        int last = 0;
        float first_weight = 0; ///< the part of the first column that is covered
        float last_weight = 0;  ///< 0 when it is the first column
    };

    void cover_columns(ScaleRatio across) noexcept;
    [[nodiscard]] const std::uint8_t* line(int index, int buffer) noexcept;
    void average_whole(int index, std::span<std::uint8_t> made) noexcept;
    void average_fraction(int index, std::span<std::uint8_t> made) noexcept;
    void add_line(int index, float weight) noexcept;
    void average_columns(float factor, std::span<std::uint8_t> made) const noexcept;

    SampleSource from_;
    SampleTarget to_;
    ScaleRatio down_;
    int whole_across_ = 0; ///< the ratios, when both have loops of their own; else 0
    int whole_down_ = 0;
    std::vector<std::uint8_t> lines_; ///< lines of the original, packed and padded
    std::size_t line_bytes_ = 0;
    bool in_place_ = false;            ///< lines are read where they are
    std::vector<std::uint8_t> packed_; ///< a line of the target whose step is not 1
    std::vector<float> sums_;          ///< weighted sums of the lines that a line covers
    std::vector<Columns> columns_;
};

} // namespace ringcast::encode
