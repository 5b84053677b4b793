#pragma once
// Looks names up by getaddrinfo, in a thread that is started for each look-up, so that everything
// works that the system is configured for (/etc/hosts, mDNS). Nobody can end getaddrinfo: a look-up
// that is given up goes on in its thread, and its result is dropped.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/resolver.hpp"

namespace ringcast::input {

class NameResolver final : public io::Resolver {
public:
    explicit NameResolver(io::Engine& engine) noexcept;
    ~NameResolver() override;

    void resolve(io::OpToken token, const std::string& host, std::uint16_t port) override;
    [[nodiscard]] std::span<const io::SocketAddress> unix_address(const std::string& path) override;
    void cancel() noexcept override;
    [[nodiscard]] bool on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] std::span<const io::SocketAddress> addresses() const noexcept override {
        return addresses_;
    }
    [[nodiscard]] const std::string& error() const noexcept override { return error_; }
    [[nodiscard]] std::string text_of(const io::SocketAddress& address) const override;

private:
    struct Lookup;

    /// Finds the result at once, or starts a thread for it.
    static void begin(const std::shared_ptr<Lookup>& lookup);

    io::Engine* engine_;
    io::OpToken token_{};
    /// Shared with the thread, which may outlive both the look-up and the resolver.
    std::shared_ptr<Lookup> lookup_;
    bool cancelled_ = false;
    std::vector<io::SocketAddress> addresses_;
    std::string error_;
};

} // namespace ringcast::input
