#pragma once
// Parses the query part of a request target. QueryReader decodes into small fixed buffers, and allocates
// nothing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringcast::http {

/// Decodes %XX. Empty when an escape is malformed or encodes a control character, or when `into` is
/// too small.
[[nodiscard]] std::optional<std::string_view> percent_decode(std::string_view text,
                                                             std::span<char> into) noexcept;

struct QueryParameter {
    std::string_view name;
    /// Empty when it can't be decoded or is longer than `decoded_bytes_max`.
    std::optional<std::string_view> value;
};

/// Iterates over the parameters of a query. A second '?' separates like '&', because clients in the
/// field request "?action=stream?dummy=param.mjpg". Parameters whose name is empty or can't be
/// decoded are skipped.
class QueryReader {
public:
    static constexpr std::size_t decoded_bytes_max = 256; // a link has up to 146

    explicit QueryReader(std::string_view query) noexcept : rest_(query) {}
    /// The next parameter, or nothing at the end. Its views are valid until the next call.
    [[nodiscard]] std::optional<QueryParameter> next() noexcept;

private:
    std::string_view rest_;
    std::array<char, decoded_bytes_max> name_{};
    std::array<char, decoded_bytes_max> value_{};
};

/// The value of the first parameter of this name: empty if it has none, or none that can be read.
/// Nothing if there is no such parameter. Throws std::bad_alloc.
[[nodiscard]] std::optional<std::string> find_parameter(std::string_view query,
                                                        std::string_view name);

/// The whole text as an integer within [lowest, highest].
[[nodiscard]] std::optional<std::int64_t> read_integer(std::string_view text, std::int64_t lowest,
                                                       std::int64_t highest) noexcept;
/// The whole text as a finite decimal number.
[[nodiscard]] std::optional<double> read_number(std::string_view text) noexcept;
/// True for "1", false for "0", else nothing.
[[nodiscard]] std::optional<bool> read_flag(std::string_view text) noexcept;

} // namespace ringcast::http
