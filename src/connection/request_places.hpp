#pragma once
// The connections that are not streams, in the order in which they yield when all places are taken:
// first those between two requests or after the last reply, then the others; the one that has been
// silent longest first. Knows neither limits nor what a connection does.

#include <cstdint>

#include "container/intrusive_list.hpp"

namespace ringcast::connection {

class Connection;
struct SilenceListTag;

class RequestPlaces {
public:
    /// The connection waits for another request, or for the peer to close.
    void set_idle(Connection& connection) noexcept { move_to_end(idle_, connection); }
    /// The connection has taken a step: it was opened, has a request or has sent a part of a reply.
    void set_busy(Connection& connection) noexcept { move_to_end(busy_, connection); }
    /// The connection is ending, or a stream. Not an error when it was removed before.
    void remove(Connection& connection) noexcept;

    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    /// The one that yields. There is at least one.
    [[nodiscard]] Connection& longest_silent() noexcept;

private:
    using List = container::IntrusiveList<Connection, SilenceListTag>;

    void move_to_end(List& list, Connection& connection) noexcept;

    List idle_;
    List busy_;
    std::uint32_t size_ = 0;
};

} // namespace ringcast::connection
