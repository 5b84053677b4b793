#pragma once
// Reads the query part of a request target, decoding into small fixed buffers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ringcast::http {

/// Decodes %XX. Nothing when an escape is broken, stands for a control character, or `into` is too
/// small.
[[nodiscard]] std::optional<std::string_view> percent_decode(std::string_view text,
                                                             std::span<char> into) noexcept;

struct QueryParameter {
    std::string_view name;
    /// Nothing when it can't be decoded or is longer than any value that is understood.
    std::optional<std::string_view> value;
};

/// Walks the parameters of a query. A second '?' separates like '&': viewers in the field ask for
/// "?action=stream?dummy=param.mjpg". Parameters whose name can't be decoded are passed over.
class QueryReader {
public:
    static constexpr std::size_t decoded_bytes_max = 128;

    explicit QueryReader(std::string_view query) noexcept : rest_(query) {}
    /// The views are valid until the next call. Nothing at the end.
    [[nodiscard]] std::optional<QueryParameter> next() noexcept;

private:
    std::string_view rest_;
    std::array<char, decoded_bytes_max> name_{};
    std::array<char, decoded_bytes_max> value_{};
};

/// The whole text as a number within [lowest, highest].
[[nodiscard]] std::optional<std::int64_t> read_integer(std::string_view text, std::int64_t lowest,
                                                       std::int64_t highest) noexcept;
/// The whole text as a finite decimal number.
[[nodiscard]] std::optional<double> read_number(std::string_view text) noexcept;
/// "1" or "0".
[[nodiscard]] std::optional<bool> read_flag(std::string_view text) noexcept;

} // namespace ringcast::http
