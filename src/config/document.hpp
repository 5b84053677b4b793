#pragma once
// A parsed TOML file as a tree with the position of each key and value, in the order of the file
// (toml++'s tables are sorted by name). Knows no keys. Its source file is the only one that
// includes toml++.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "config/load.hpp"

namespace ringcast::config {

struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
};

struct Node;
struct Entry;

using List = std::vector<Node>;
struct Table {
    std::vector<Entry> entries; ///< in the order of the file

    [[nodiscard]] const Node* find(std::string_view key) const noexcept;
};
/// A TOML date or time, which no key accepts.
struct Moment {};

struct Node {
    Position position;
    std::variant<std::string, std::int64_t, double, bool, List, Table, Moment> value;

    template <typename Type>
    [[nodiscard]] const Type* as() const noexcept {
        return std::get_if<Type>(&value);
    }
};

struct Entry {
    std::string key;
    Position position; ///< of the key; the value's is in `value`
    Node value;
};

/// The root table, or the first syntax error.
[[nodiscard]] tl::expected<Node, Problem> parse_document(std::string_view text);

} // namespace ringcast::config
