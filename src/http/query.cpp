#include "http/query.hpp"

#include <charconv>
#include <cmath>

namespace ringcast::http {
namespace {

std::optional<unsigned> hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a') + 10U;
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A') + 10U;
    }
    return std::nullopt;
}

std::optional<char> decode_escape(std::string_view escape) noexcept {
    if (escape.size() < 3) {
        return std::nullopt;
    }
    const auto high = hex_digit(escape[1]);
    const auto low = hex_digit(escape[2]);
    if (!high || !low) {
        return std::nullopt;
    }
    const unsigned value = *high * 16U + *low;
    // Decoded text may be repeated in a reply or a log line, so control characters are rejected.
    if (value < 0x20 || value == 0x7F) {
        return std::nullopt;
    }
    return static_cast<char>(value);
}

template <typename Number>
std::optional<Number> read_whole(std::string_view text) noexcept {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

} // namespace

std::optional<std::string_view> percent_decode(std::string_view text,
                                               std::span<char> into) noexcept {
    std::size_t count = 0;
    while (!text.empty()) {
        if (count == into.size()) {
            return std::nullopt;
        }
        std::optional<char> c = text.front();
        std::size_t taken = 1;
        if (c == '%') {
            c = decode_escape(text);
            taken = 3;
        }
        if (!c) {
            return std::nullopt;
        }
        into[count++] = *c;
        text.remove_prefix(taken);
    }
    return std::string_view(into.data(), count);
}

std::optional<QueryParameter> QueryReader::next() noexcept {
    while (!rest_.empty()) {
        const std::string_view pair = rest_.substr(0, rest_.find_first_of("&?"));
        rest_.remove_prefix(pair.size() == rest_.size() ? pair.size() : pair.size() + 1);
        const std::size_t name_end = pair.find('=');
        const auto name = percent_decode(pair.substr(0, name_end), name_);
        if (!name || name->empty()) {
            continue;
        }
        const std::string_view value =
            name_end == std::string_view::npos ? std::string_view{} : pair.substr(name_end + 1);
        return QueryParameter{*name, percent_decode(value, value_)};
    }
    return std::nullopt;
}

std::optional<std::string> find_parameter(std::string_view query, std::string_view name) {
    QueryReader reader(query);
    while (const auto parameter = reader.next()) {
        if (parameter->name == name) {
            return std::string(parameter->value.value_or(""));
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> read_integer(std::string_view text, std::int64_t lowest,
                                         std::int64_t highest) noexcept {
    const auto value = read_whole<std::int64_t>(text);
    return value && *value >= lowest && *value <= highest ? value : std::nullopt;
}

std::optional<double> read_number(std::string_view text) noexcept {
    const auto value = read_whole<double>(text);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<bool> read_flag(std::string_view text) noexcept {
    if (text == "1") {
        return true;
    }
    if (text == "0") {
        return false;
    }
    return std::nullopt;
}

} // namespace ringcast::http
