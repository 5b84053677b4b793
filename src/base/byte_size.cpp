#include "base/byte_size.hpp"

#include <fmt/core.h>

namespace ringcast {

namespace {

constexpr std::size_t kibibyte = 1024;
constexpr std::size_t mebibyte = 1024 * kibibyte;

/// Tenths are counted in whole numbers, so that nothing depends on how a fraction is rounded.
std::string spell(std::size_t tenths, const char* unit) {
    return tenths % 10 == 0 ? fmt::format("{} {}", tenths / 10, unit)
                            : fmt::format("{}.{} {}", tenths / 10, tenths % 10, unit);
}

std::size_t unit_of(std::size_t bytes) {
    return bytes >= mebibyte ? mebibyte : kibibyte;
}
const char* name_of(std::size_t unit) {
    return unit == mebibyte ? "MiB" : "KiB";
}

} // namespace

std::string byte_size(std::size_t bytes) {
    const std::size_t unit = unit_of(bytes);
    return spell(bytes * 10 / unit, name_of(unit));
}

std::string byte_size_above(std::size_t bytes) {
    const std::size_t unit = unit_of(bytes);
    return spell((bytes * 10 + unit - 1) / unit, name_of(unit));
}

std::string oversized_reason(std::size_t bytes, std::size_t frame_bytes_max) {
    return fmt::format("frames of {} are larger than frame_max = {}: raise it in [memory]",
                       byte_size_above(bytes), byte_size(frame_bytes_max));
}

} // namespace ringcast
