#include "app/client_command_line.hpp"

#include <algorithm>
#include <utility>

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

TopCommand parse_top(const CommandArguments& arguments, UsageProblems& problems) {
    TopCommand command{{}, server_choice(arguments, problems)};
    if (arguments.words().empty()) {
        return command;
    }
    if (arguments.words().size() > 1) {
        problems.add("top takes at most one URL");
    } else if (!command.server.config.empty() || !command.server.listen.empty()) {
        problems.add("URL excludes --config and --listen: give one of them");
    }
    if (auto url = parse_public_url(arguments.words().front())) {
        command.url = *std::move(url);
    } else {
        problems.add("expected the URL of a server, as in http://192.0.2.10:8080/");
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
    const auto others = arguments.subspan(2);
    if (arguments[1] == health_word) {
        return parse_command<ClientCommand>(others, server_options, health_word, health_help_text,
                                            parse_health);
    }
    return parse_command<ClientCommand>(others, server_options, top_word, top_help_text, parse_top);
}

} // namespace ringcast::app
