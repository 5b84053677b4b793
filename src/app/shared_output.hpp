#pragma once
// Writes to a descriptor whose open file description other processes may share, such as standard
// error, without waiting for a reader that does not read.

#include <climits>
#include <cstddef>
#include <string_view>

#include "base/time.hpp"
#include "base/unique_fd.hpp"

namespace ringcast::app {

class SharedOutput {
public:
    /// A pipe takes so much in one piece or not at all.
    static constexpr std::size_t piece_bytes_max = PIPE_BUF;

    /// `fd` stays open as long as this object exists.
    explicit SharedOutput(int fd) noexcept;

    /// Writes the beginning of `text`, at most piece_bytes_max, as soon as the reader makes room,
    /// for which it waits up to `patience`. Returns the number of bytes written: 0 if there was no
    /// room, or on failure. A terminal may take only a part of a piece.
    [[nodiscard]] std::size_t write(std::string_view text, Duration patience) noexcept;

private:
    int fd_;
    UniqueFd own_; ///< preferred for writing; empty when reopening failed
};

} // namespace ringcast::app
