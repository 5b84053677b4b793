#pragma once
// The operations that wait until their descriptor is ready: in order for each descriptor, and to be
// found by their tokens. Makes no system call.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/immovable.hpp"
#include "epoll/operation.hpp"
#include "io/token.hpp"

namespace ringcast::epoll {

/// Allocates at construction, and when a descriptor has a higher number than all before it.
class PendingOperations : private Immovable {
public:
    using Index = std::uint32_t;
    static constexpr Index none = std::numeric_limits<Index>::max();

    /// For at most `operations_max` at the same time; descriptors below `descriptor_count` need
    /// no further memory.
    PendingOperations(std::size_t operations_max, std::size_t descriptor_count);

    /// Adds the operation behind those of its descriptor. False when there is no memory for it.
    [[nodiscard]] bool add(const Operation& operation) noexcept;
    /// Removes an operation, which must be pending.
    void remove(Index index) noexcept;

    /// The first operation with this token.
    [[nodiscard]] Index find(io::OpToken token) const noexcept;
    /// The first operation of a descriptor, and the one after another.
    [[nodiscard]] Index first(int fd) const noexcept;
    [[nodiscard]] Index next(Index index) const noexcept { return entries_[index].next; }
    [[nodiscard]] Operation& at(Index index) noexcept { return entries_[index].operation; }

    /// True when an operation of the descriptor waits in this direction.
    [[nodiscard]] bool waits(int fd, Direction direction) const noexcept;

    /// Whether events of the descriptor are reported until it is closed. Kept here because it is
    /// looked up together with the descriptor's operations.
    [[nodiscard]] bool watched(int fd) const noexcept;
    void set_watched(int fd, bool watched) noexcept;

private:
    struct Entry {
        Operation operation;
        Index next = none;           ///< of the same descriptor
        Index next_in_bucket = none; ///< or of the list of free entries
    };
    struct Descriptor {
        Index first = none;
        Index last = none;
        bool watched = false;
    };

    [[nodiscard]] std::size_t bucket_of(io::OpToken token) const noexcept;
    [[nodiscard]] const Descriptor* find_descriptor(int fd) const noexcept;

    std::vector<Entry> entries_; ///< grows within its capacity
    Index free_ = none;
    std::vector<Index> buckets_; ///< a power of two
    std::vector<Descriptor> descriptors_;
};

} // namespace ringcast::epoll
