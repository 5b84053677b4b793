#include "app/client_command_line.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "access/names.hpp"
#include "app/command_arguments.hpp"
#include "app/help_text.hpp"
#include "app/usage_problems.hpp"

namespace ringcast::app {

namespace {

constexpr std::array server_options{config_option, listen_option};

ServerChoice server_choice(const CommandArguments& arguments, UsageProblems& problems) {
    return {arguments.value(config_option, problems),
            listen_addresses(arguments.values(listen_option), problems)};
}

HealthCommand parse_health(const CommandArguments& arguments, UsageProblems& problems) {
    HealthCommand command{"", server_choice(arguments, problems)};
    if (arguments.words().size() > 1) {
        problems.add("health takes at most one stream, as in ringcast health door");
    } else if (!arguments.words().empty()) {
        command.stream = arguments.words().front();
        if (!access::is_stream_name(command.stream)) {
            problems.add(
                fmt::format("found \"{}\", expected the name of a stream", command.stream));
        }
    }
    return command;
}

} // namespace

bool is_client_word(std::string_view word) noexcept {
    return std::ranges::find(client_words, word) != client_words.end();
}

bool is_client_command(std::span<const char* const> arguments) noexcept {
    return arguments.size() > 1 && is_client_word(arguments[1]);
}

tl::expected<ClientCommand, EarlyExit>
parse_client_command(std::span<const char* const> arguments) {
    return parse_command<ClientCommand>(arguments.subspan(2), server_options, health_word,
                                        health_help_text, parse_health);
}

} // namespace ringcast::app
