#include "access/check_queue.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::access {

std::optional<Ticket> CheckQueue::find(const Digest& fingerprint,
                                       std::uint64_t address) const noexcept {
    const auto same = [&](const Check& check) {
        return check.fingerprint == fingerprint && check.address == address;
    };
    if (current_ && same(*current_)) {
        return current_->ticket;
    }
    for (const Queue* queue : {&first_, &later_}) {
        const auto found = std::ranges::find_if(*queue, same);
        if (found != queue->end()) {
            return found->ticket;
        }
    }
    return std::nullopt;
}

std::optional<Ticket> CheckQueue::add(Check check, bool has_failures) {
    const auto of_address = [&check](const Check& other) { return other.address == check.address; };
    const bool goes_first = !has_failures && std::ranges::none_of(first_, of_address);
    Queue& queue = goes_first ? first_ : later_;
    const bool too_many =
        !goes_first &&
        static_cast<std::size_t>(std::ranges::count_if(later_, of_address)) >= per_address_max;
    if (queue.size() >= waiting_max || too_many) {
        return std::nullopt;
    }
    check.ticket = ++last_ == 0 ? ++last_ : last_; // 0 is no ticket
    queue.push_back(std::move(check));
    return last_;
}

const Check* CheckQueue::begin() {
    Queue& queue = first_.empty() ? later_ : first_;
    if (current_ || queue.empty()) {
        return nullptr;
    }
    current_.emplace(std::move(queue.front()));
    queue.pop_front();
    return &*current_;
}

Check CheckQueue::finish() {
    RINGCAST_ASSERT(current_.has_value());
    Check finished = std::move(*current_);
    current_.reset();
    return finished;
}

} // namespace ringcast::access
