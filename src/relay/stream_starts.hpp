#pragma once
// Streams whose sources start when those of other streams have stopped: two sources can't use one
// camera at a time.

#include <span>
#include <utility>
#include <vector>

#include "io/token.hpp"
#include "stream/stream_table.hpp"

namespace ringcast::relay {

class StreamStarts {
public:
    struct Pending {
        io::StreamId stream;
        std::vector<io::StreamId> after; ///< those that must stop before
    };

    /// One for `add`, which then needs no memory. Throws std::bad_alloc.
    [[nodiscard]] Pending prepare(std::span<const io::StreamId> after);
    void add(Pending pending) noexcept { pending_.push_back(std::move(pending)); }
    /// Starts those that wait for nothing any more, and forgets those that have been ended.
    void start_due(const stream::StreamTable& streams) noexcept;

private:
    std::vector<Pending> pending_;
};

} // namespace ringcast::relay
