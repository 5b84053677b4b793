#include "epoll/pending_operations.hpp"

#include <algorithm>
#include <bit>
#include <new>

#include "base/assert.hpp"

namespace ringcast::epoll {

PendingOperations::PendingOperations(std::size_t operations_max, std::size_t descriptor_count)
    : buckets_(std::bit_ceil(operations_max), none), descriptors_(descriptor_count) {
    RINGCAST_ASSERT(operations_max > 0);
    RINGCAST_ASSERT(operations_max < none);
    entries_.reserve(operations_max);
}

bool PendingOperations::add(const Operation& operation) noexcept {
    RINGCAST_ASSERT(operation.fd >= 0);
    const auto fd = static_cast<std::size_t>(operation.fd);
    if (fd >= descriptors_.size()) {
        try {
            descriptors_.resize(std::max(fd + 1, descriptors_.size() * 2));
        } catch (const std::bad_alloc&) {
            return false;
        }
    }
    Index index = free_;
    if (index != none) {
        free_ = entries_[index].next_in_bucket;
    } else if (entries_.size() < entries_.capacity()) {
        index = static_cast<Index>(entries_.size());
        entries_.emplace_back();
    } else {
        return false;
    }
    Descriptor& descriptor = descriptors_[fd];
    Index& bucket = buckets_[bucket_of(operation.token)];
    entries_[index] = {operation, none, bucket};
    bucket = index;
    (descriptor.first == none ? descriptor.first : entries_[descriptor.last].next) = index;
    descriptor.last = index;
    return true;
}

void PendingOperations::remove(Index index) noexcept {
    Entry& entry = entries_[index];
    Descriptor& descriptor = descriptors_[static_cast<std::size_t>(entry.operation.fd)];
    Index before = none;
    Index* link = &descriptor.first;
    while (*link != index) {
        RINGCAST_ASSERT(*link != none);
        before = *link;
        link = &entries_[before].next;
    }
    *link = entry.next;
    if (descriptor.last == index) {
        descriptor.last = before;
    }
    link = &buckets_[bucket_of(entry.operation.token)];
    while (*link != index) {
        RINGCAST_ASSERT(*link != none);
        link = &entries_[*link].next_in_bucket;
    }
    *link = entry.next_in_bucket;
    entry.next_in_bucket = free_;
    free_ = index;
}

PendingOperations::Index PendingOperations::find(io::OpToken token) const noexcept {
    // Each is inserted in front, so the last match is the first operation.
    Index found = none;
    for (Index index = buckets_[bucket_of(token)]; index != none;
         index = entries_[index].next_in_bucket) {
        found = entries_[index].operation.token == token ? index : found;
    }
    return found;
}

PendingOperations::Index PendingOperations::first(int fd) const noexcept {
    const Descriptor* const descriptor = find_descriptor(fd);
    return descriptor != nullptr ? descriptor->first : none;
}

bool PendingOperations::waits(int fd, Direction direction) const noexcept {
    for (Index index = first(fd); index != none; index = next(index)) {
        if (direction_of(entries_[index].operation.kind) == direction) {
            return true;
        }
    }
    return false;
}

bool PendingOperations::watched(int fd) const noexcept {
    const Descriptor* const descriptor = find_descriptor(fd);
    return descriptor != nullptr && descriptor->watched;
}

void PendingOperations::set_watched(int fd, bool watched) noexcept {
    // A descriptor without an entry has never had an operation.
    if (find_descriptor(fd) != nullptr) {
        descriptors_[static_cast<std::size_t>(fd)].watched = watched;
    }
}

std::size_t PendingOperations::bucket_of(io::OpToken token) const noexcept {
    constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15; // Fibonacci hashing
    constexpr unsigned high_bits = 32;
    return ((token.pack() * golden_ratio) >> high_bits) & (buckets_.size() - 1);
}

const PendingOperations::Descriptor* PendingOperations::find_descriptor(int fd) const noexcept {
    const auto index = static_cast<std::size_t>(fd);
    return index < descriptors_.size() ? &descriptors_[index] : nullptr;
}

} // namespace ringcast::epoll
