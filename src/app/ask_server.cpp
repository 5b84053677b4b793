#include "app/ask_server.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/core.h>

#include "app/stream_request.hpp"
#include "config/load.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

ServerAnswer ask(const DirectAddress& address, const std::string& target, Instant until) {
    StreamRequest request(address.request(target));
    StreamRequests requests;
    requests.add(request);
    requests.run(until, [&] { return request.ended(); });
    requests.remove(request);
    return {address, request.answer(), request.body()};
}

} // namespace

tl::expected<std::vector<config::ListenConfig>, EarlyExit>
server_addresses(const ServerChoice& choice) {
    config::Config config;
    if (!choice.config.empty()) {
        auto loaded = config::load(choice.config);
        if (!loaded) {
            return tl::unexpected(EarlyExit{ExitCode::usage_error, "", loaded.error().text()});
        }
        config = std::move(*loaded);
    }
    if (choice.listen.empty()) {
        return std::move(config.http.listen);
    }
    std::vector<config::ListenConfig> addresses;
    addresses.reserve(choice.listen.size());
    for (const config::ListenAddress& address : choice.listen) {
        addresses.push_back({address});
    }
    return addresses;
}

tl::expected<ServerAnswer, NoServerAnswer>
ask_server(std::span<const config::ListenConfig> addresses, const std::string& target,
           Duration time_max) {
    const Instant until = os::monotonic_now() + time_max;
    NoServerAnswer none;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const Result<DirectAddress> address = direct_address(addresses[i]);
        if (!address) {
            none.failures += fmt::format("ringcast: {}\n", address.error().message);
            continue;
        }
        const Instant now = os::monotonic_now();
        const auto left = static_cast<std::int64_t>(addresses.size() - i);
        ServerAnswer found = ask(*address, target, now + (until - now) / left);
        std::string failure = failure_of(found.answer);
        if (failure.empty() && found.answer.status != status_unauthorized) {
            return found;
        }
        if (failure.empty()) {
            none.asks_for_password = true;
            failure = "asks for a password";
        }
        none.failures += fmt::format("ringcast: {}: {}\n", address->shown, failure);
    }
    return tl::unexpected(std::move(none));
}

} // namespace ringcast::app
