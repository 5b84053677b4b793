#pragma once
// Runs a part of a test in a child process: the part drops limits or privileges permanently, or
// examines what a child inherits. Of ringcast, uses only UniqueFd.

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "base/unique_fd.hpp"

namespace ringcast::test_support {

/// Runs `function`, which returns a text, in a child process and returns that text.
template <typename Function>
std::string in_child(Function function) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const std::string text = function();
        const ssize_t written = ::write(writing.get(), text.data(), text.size());
        ::_exit(written == static_cast<ssize_t>(text.size()) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    writing.reset();
    std::string text;
    std::array<char, 1024> piece{};
    for (ssize_t got = 1; got > 0;) {
        got = ::read(reading.get(), piece.data(), piece.size());
        text.append(piece.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    return text;
}

/// True exactly when `check` returned true in a child process.
template <typename Check>
bool holds_in_child(Check check) {
    return in_child([&check] { return std::string(check() ? "held" : "did not hold"); }) == "held";
}

/// True exactly when no memory is mapped at `address`. Queries the kernel, because an access would
/// crash.
inline bool is_unmapped(const std::byte* address) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return false;
    }
    const UniqueFd reading(ends[0]);
    const UniqueFd writing(ends[1]);
    return ::write(writing.get(), address, 1) == -1 && errno == EFAULT;
}

} // namespace ringcast::test_support
