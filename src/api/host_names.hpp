#pragma once
// Decides by which names of the server a request may ask for anything. A page of a stranger can give
// its own name any address, such as 127.0.0.1 (DNS rebinding): its scripts are then of the same origin
// as this server, and could read its streams. So a server that is open to everybody answers only to
// names that no stranger's DNS can give it. No I/O.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringcast::api {

class HostNames {
public:
    /// `names`: further names, those of this machine and those of the configuration; any case.
    explicit HostNames(std::vector<std::string> names) : names_(std::move(names)) {}

    /// `authority`: host and port of a request, valid (http/authority.hpp); empty if there is none,
    /// as in HTTP/1.0, which no browser speaks. True for IP addresses, names of one label, the
    /// suffixes that the public DNS does not have (.local, .lan, .home.arpa, .internal, .localhost),
    /// and `names`.
    [[nodiscard]] bool contain(std::string_view authority) const noexcept;

private:
    std::vector<std::string> names_;
};

} // namespace ringcast::api
