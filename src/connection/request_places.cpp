#include "connection/request_places.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

#include "base/assert.hpp"
#include "connection/connection.hpp"

namespace ringcast::connection {

namespace {

using All = container::IntrusiveList<Connection, SilenceListTag>;
using OfAddress = container::IntrusiveList<Connection, AddressSilenceListTag>;

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): each bit of the result depends on each of
/// the number.
std::uint64_t mix(std::uint64_t number) noexcept {
    number = (number ^ (number >> 30U)) * 0xBF58476D1CE4E5B9U;
    number = (number ^ (number >> 27U)) * 0x94D049BB133111EBU;
    return number ^ (number >> 31U);
}

} // namespace

RequestPlaces::RequestPlaces(const Settings& settings)
    : share_(settings.share), hash_seed_(settings.hash_seed), addresses_(settings.connections_max),
      chains_(std::bit_ceil(settings.connections_max)),
      same_count_(std::size_t{settings.connections_max} + 1) {}

// --- addresses ---

RequestPlaces::ChainList& RequestPlaces::chain_of(std::uint64_t network) noexcept {
    return chains_[mix(network ^ hash_seed_) % chains_.size()];
}

Address& RequestPlaces::address_of(std::uint64_t network) noexcept {
    ChainList& chain = chain_of(network);
    for (Address* address = chain.first(); address != nullptr; address = chain.next(*address)) {
        if (address->network == network) {
            return *address;
        }
    }
    const Handle<Address> id = addresses_.insert(); // as many as connections at most
    Address& address = addresses_.get(id);
    address.id = id;
    address.network = network;
    chain.push_back(address);
    return address;
}

void RequestPlaces::set_requests(Address& address, std::uint32_t requests) noexcept {
    if (address.requests > 0) {
        CountList::remove(address);
    }
    address.requests = requests;
    if (requests > 0) {
        same_count_[requests].push_back(address);
    }
    requests_max_ = std::max(requests_max_, requests);
    if (requests_max_ > 0 && same_count_[requests_max_].empty()) {
        --requests_max_; // counts change by one, so `address` has this one now
    }
}

// --- connections ---

void RequestPlaces::enter(Connection& connection, std::uint64_t network) noexcept {
    PlaceHolder& holder = connection;
    RINGCAST_ASSERT(holder.address_ == nullptr);
    holder.address_ = &address_of(network);
    ++holder.address_->connections;
}

void RequestPlaces::move(Connection& connection, std::uint64_t network) noexcept {
    const PlaceHolder& holder = connection;
    RINGCAST_ASSERT(holder.placed());
    if (holder.address_->network == network) {
        return;
    }
    remove(connection);
    leave(connection); // first, so that there is an entry for the other address
    enter(connection, network);
    set_busy(connection);
}

void RequestPlaces::unlink(Connection& connection) noexcept {
    All::remove(connection);
    OfAddress::remove(connection);
}

void RequestPlaces::set_idle(Connection& connection) noexcept {
    take_step(connection, true);
}

void RequestPlaces::set_busy(Connection& connection) noexcept {
    take_step(connection, false);
}

void RequestPlaces::take_step(Connection& connection, bool idle) noexcept {
    const PlaceHolder& holder = connection;
    if (holder.viewer_) {
        return;
    }
    RINGCAST_ASSERT(holder.address_ != nullptr);
    if (holder.placed()) {
        unlink(connection);
    } else {
        ++size_;
        set_requests(*holder.address_, holder.address_->requests + 1);
    }
    (idle ? silence_.idle : silence_.busy).push_back(connection);
    auto& of_address = holder.address_->silence;
    (idle ? of_address.idle : of_address.busy).push_back(connection);
}

void RequestPlaces::remove(Connection& connection) noexcept {
    const PlaceHolder& holder = connection;
    if (holder.placed()) {
        unlink(connection);
        --size_;
        set_requests(*holder.address_, holder.address_->requests - 1);
    }
}

void RequestPlaces::set_viewer(Connection& connection) noexcept {
    remove(connection);
    PlaceHolder& holder = connection;
    holder.viewer_ = true;
    ++holder.address_->viewers;
}

void RequestPlaces::leave(Connection& connection) noexcept {
    PlaceHolder& holder = connection;
    RINGCAST_ASSERT(!holder.placed());
    Address& address = *std::exchange(holder.address_, nullptr);
    address.viewers -= std::exchange(holder.viewer_, false) ? 1U : 0U;
    if (--address.connections == 0) {
        ChainList::remove(address);
        addresses_.erase(address.id);
    }
}

std::uint32_t RequestPlaces::viewers_from(const Connection& connection) const noexcept {
    return static_cast<const PlaceHolder&>(connection).address_->viewers;
}

RequestPlaces::Yielding RequestPlaces::next_to_yield() noexcept {
    if (requests_max_ > share_) {
        Address& address = same_count_[requests_max_].front();
        return {address.silence.longest_silent(), address.requests, true};
    }
    Connection& connection = silence_.longest_silent();
    return {connection, static_cast<PlaceHolder&>(connection).address_->requests, false};
}

} // namespace ringcast::connection
