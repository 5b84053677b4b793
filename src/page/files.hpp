#pragma once
// The files of the web pages (src/page/web), embedded in the program when it is built. Knows no HTTP.

#include <cstdint>
#include <span>
#include <string_view>

namespace ringcast::page {

enum class FileType : std::uint8_t { style, script };

struct File {
    std::string_view name; ///< "page.css"
    FileType type = FileType::script;
    std::string_view plain;
    std::string_view gzip; ///< the same, compressed (RFC 1952)
};

/// In the order of their names.
[[nodiscard]] std::span<const File> files() noexcept;
/// Hexadecimal digits that differ whenever a file differs, so that a browser may keep what it has
/// loaded from an address with them.
[[nodiscard]] std::string_view version() noexcept;
/// Null if there is none.
[[nodiscard]] const File* find_file(std::string_view name) noexcept;

} // namespace ringcast::page
