#include "app/health.hpp"

#include <chrono>
#include <string>

#include <fmt/core.h>

#include "app/ask_server.hpp"

namespace ringcast::app {

namespace {

constexpr Duration check_time_max = std::chrono::seconds(5);

std::string advice(const HealthCommand& command, const NoServerAnswer& none) {
    if (none.asks_for_password) {
        return fmt::format("`ringcast health` sends no password. Set viewers = \"public\" in "
                           "[streams.{}], or access = \"public\" for a local address; or leave {} "
                           "out to check the server alone",
                           command.stream, command.stream);
    }
    return command.server.config.empty() && command.server.listen.empty()
               ? "is ringcast running? --config FILE or --listen ADDRESS says where it listens"
               : "is ringcast running, and does it listen there?";
}

} // namespace

EarlyExit check_health(const HealthCommand& command) {
    const auto addresses = server_addresses(command.server);
    if (!addresses) {
        return addresses.error();
    }
    const std::string query = command.stream.empty() ? "" : "stream=" + command.stream;
    const auto found = ask_server(*addresses, with_query("/healthz", query), check_time_max);
    if (!found) {
        return {ExitCode::runtime_failure, "",
                fmt::format("{}ringcast: {}\n", found.error().failures,
                            advice(command, found.error()))};
    }
    const bool healthy = found->answer.status == status_ok;
    return {healthy ? ExitCode::ok : ExitCode::runtime_failure, found->answer.text + "\n", ""};
}

} // namespace ringcast::app
