#pragma once
// The seam to the resolution of names, which may block for seconds: the result arrives as a
// completion of the engine. One look-up at a time. Called by the loop's thread only.

#include <cstdint>
#include <span>
#include <string>

#include "base/immovable.hpp"
#include "io/engine.hpp"

namespace ringcast::io {

class Resolver : private Immovable {
public:
    virtual ~Resolver() = default;

    /// Looks up the addresses of `host`: a name, an IPv4 address, or an IPv6 address in brackets.
    /// One completion with `token` arrives when it is finished. Throws std::bad_alloc.
    virtual void resolve(OpToken token, const std::string& host, std::uint16_t port) = 0;
    /// The address of a UNIX socket, without a completion. None when the path is too long.
    [[nodiscard]] virtual std::span<const SocketAddress> unix_address(const std::string& path) = 0;
    /// Gives the look-up up; its completion arrives soon. No-op when none is under way.
    virtual void cancel() noexcept = 0;
    /// Called with each completion of the look-up. Returns false when another one follows.
    [[nodiscard]] virtual bool on_completion(const Completion& completion) noexcept = 0;

    /// The addresses found, best first, of both families; empty when the look-up failed or was
    /// given up. Valid until the next look-up.
    [[nodiscard]] virtual std::span<const SocketAddress> addresses() const noexcept = 0;
    /// Why the look-up failed: "Name or service not known".
    [[nodiscard]] virtual const std::string& error() const noexcept = 0;
    /// "192.0.2.10:8080", "unix".
    [[nodiscard]] virtual std::string text_of(const SocketAddress& address) const = 0;
};

} // namespace ringcast::io
