#pragma once
// The connections that are not streams, and who of them yields when all places are taken. An address
// that has more than its share of the places yields first. Among its connections, or among all when
// no address has more than its share, those between two requests or after the last reply yield
// before the others, and the one that has been silent longest first. All in constant time. Knows
// neither limits nor what a connection does.

#include <cstdint>
#include <vector>

#include "base/strong_id.hpp"
#include "container/intrusive_list.hpp"
#include "container/slab.hpp"

namespace ringcast::connection {

class Connection;
class RequestPlaces;
struct Address;

struct SilenceListTag;
struct AddressSilenceListTag;
/// The part of a connection that belongs to RequestPlaces.
class PlaceHolder : public container::TaggedHook<SilenceListTag>,
                    public container::TaggedHook<AddressSilenceListTag> {
private:
    friend class RequestPlaces;

    [[nodiscard]] bool placed() const noexcept {
        return container::TaggedHook<SilenceListTag>::linked();
    }

    Address* address_ = nullptr;
    bool viewer_ = false; ///< a stream, which holds none of these places
};

/// Connections that have taken no step for some time, the longest first.
template <typename Tag>
struct SilenceLists {
    container::IntrusiveList<Connection, Tag> idle;
    container::IntrusiveList<Connection, Tag> busy;

    [[nodiscard]] Connection& longest_silent() noexcept {
        return idle.empty() ? busy.front() : idle.front();
    }
};

struct HashChainTag;
struct SameCountTag;
/// The connections of one address (io::Peer::network).
struct Address : container::TaggedHook<HashChainTag>, container::TaggedHook<SameCountTag> {
    Handle<Address> id;
    std::uint64_t network = 0;
    std::uint32_t connections = 0; ///< that are not closed
    std::uint32_t requests = 0;    ///< in the lists below
    std::uint32_t viewers = 0;
    SilenceLists<AddressSilenceListTag> silence;
};

class RequestPlaces {
public:
    struct Settings {
        std::uint32_t connections_max = 1;
        /// Requests of one address that yield like those of any other.
        std::uint32_t share = 1;
        /// Makes the places of addresses in the hash table unpredictable.
        std::uint64_t hash_seed = 0;
    };
    explicit RequestPlaces(const Settings& settings);

    /// A new connection, of this address (io::Peer::network). Its first step follows.
    void enter(Connection& connection, std::uint64_t network) noexcept;
    /// The connection is another address's from here on, and takes a step. Not for a stream.
    void move(Connection& connection, std::uint64_t network) noexcept;
    /// The connection waits for another request, or for the peer to close. No-op for a stream.
    void set_idle(Connection& connection) noexcept;
    /// The connection has taken a step: it was opened, has a request or has sent a part of a reply.
    /// No-op for a stream.
    void set_busy(Connection& connection) noexcept;
    /// The connection becomes a stream.
    void set_viewer(Connection& connection) noexcept;
    /// The connection is ending: it holds no place. No-op for a stream, and the second time.
    void remove(Connection& connection) noexcept;
    /// The connection is closed.
    void leave(Connection& connection) noexcept;

    /// Connections that hold a place: those that are neither streams nor ending.
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    /// Streams of the connection's address that are not closed.
    [[nodiscard]] std::uint32_t viewers_from(const Connection& connection) const noexcept;

    struct Yielding {
        Connection& connection;
        std::uint32_t requests; ///< places that its address holds
        bool over_share;        ///< its address holds more than its share
    };
    /// The one that yields next. There is at least one.
    [[nodiscard]] Yielding next_to_yield() noexcept;

private:
    using ChainList = container::IntrusiveList<Address, HashChainTag>;
    using CountList = container::IntrusiveList<Address, SameCountTag>;

    [[nodiscard]] ChainList& chain_of(std::uint64_t network) noexcept;
    [[nodiscard]] Address& address_of(std::uint64_t network) noexcept;
    void take_step(Connection& connection, bool idle) noexcept;
    static void unlink(Connection& connection) noexcept;
    void set_requests(Address& address, std::uint32_t requests) noexcept;

    std::uint32_t share_;
    std::uint64_t hash_seed_;
    container::Slab<Address> addresses_;
    std::vector<ChainList> chains_;     ///< hash table: addresses by network
    std::vector<CountList> same_count_; ///< addresses by `requests`; none at 0
    std::uint32_t requests_max_ = 0;    ///< the largest `requests` of an address
    std::uint32_t size_ = 0;
    SilenceLists<SilenceListTag> silence_;
};

} // namespace ringcast::connection
