#pragma once
// llhttp, given one line of a head at a time. Included by sources of this module only, because it
// includes llhttp's header.

#include <string_view>

#include <llhttp.h>

namespace ringcast::http {

class LineParser {
public:
    explicit LineParser(llhttp_type_t type) noexcept;
    // Not movable: llhttp holds pointers to `settings_` and to this object.
    LineParser(const LineParser&) = delete;
    LineParser& operator=(const LineParser&) = delete;
    LineParser(LineParser&&) = delete;
    LineParser& operator=(LineParser&&) = delete;
    ~LineParser() = default;

    /// Prepares for the next head.
    void begin() noexcept;
    /// Parses a line; a header becomes `name()` and `value()`, which point into it.
    [[nodiscard]] llhttp_errno_t feed(std::string_view line) noexcept;
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    /// Blanks at its end may be included.
    [[nodiscard]] std::string_view value() const noexcept { return value_; }

private:
    llhttp_type_t type_;
    llhttp_t machine_{};
    llhttp_settings_t settings_{};
    std::string_view name_;
    std::string_view value_;
};

} // namespace ringcast::http
