#pragma once
// Reads a password from a terminal, without showing it, or from any other input.

#include <array>
#include <cstddef>
#include <string_view>

#include "access/password_hash.hpp"
#include "base/result.hpp"

namespace ringcast::app {

/// A line of secret text, overwritten when it is destroyed.
class SecretLine {
public:
    SecretLine() = default;
    SecretLine(const SecretLine&) = delete;
    SecretLine& operator=(const SecretLine&) = delete;
    SecretLine(SecretLine&&) = delete;
    SecretLine& operator=(SecretLine&&) = delete;
    ~SecretLine() { clear(); }

    [[nodiscard]] std::string_view text() const noexcept { return {bytes_.data(), size_}; }
    /// False if the line is full.
    [[nodiscard]] bool append(char c) noexcept;
    void clear() noexcept;

private:
    std::array<char, access::password_bytes_max> bytes_{};
    std::size_t size_ = 0;
};

/// Where the user types, and where the questions are written.
struct Console {
    int input = 0;
    int questions = 2;
};

/// Reads a new password for the user `name` into `password`: from a terminal twice, without showing
/// it; from anything else one line. Signals that end or stop the program take effect after the
/// terminal is as before. The error says why the input is no password that browsers and other
/// clients could send.
[[nodiscard]] Result<void> ask_for_password(const Console& console, std::string_view name,
                                            SecretLine& password);

} // namespace ringcast::app
