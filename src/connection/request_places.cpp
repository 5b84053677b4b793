#include "connection/request_places.hpp"

#include "connection/connection.hpp"

namespace ringcast::connection {

namespace {

using Hook = container::TaggedHook<SilenceListTag>;

} // namespace

void RequestPlaces::remove(Connection& connection) noexcept {
    if (static_cast<Hook&>(connection).linked()) {
        List::remove(connection);
        --size_;
    }
}

void RequestPlaces::move_to_end(List& list, Connection& connection) noexcept {
    remove(connection);
    list.push_back(connection);
    ++size_;
}

Connection& RequestPlaces::longest_silent() noexcept {
    return idle_.empty() ? busy_.front() : idle_.front();
}

} // namespace ringcast::connection
