#pragma once
// One component of a picture in memory, as the classes that scale and turn it see it.

#include <cstddef>
#include <cstdint>

namespace ringcast::encode {

/// Sample x of line y is at first[y * stride + x * step].
struct SampleSource {
    const std::uint8_t* first = nullptr;
    std::size_t stride = 0;
    int step = 1; ///< bytes from one sample to the next
    int width = 0;
    int height = 0;
};

struct SampleTarget {
    std::uint8_t* first = nullptr;
    std::size_t stride = 0;
    int step = 1;
    int width = 0;
    int height = 0;
};

} // namespace ringcast::encode
