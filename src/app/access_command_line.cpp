#include "app/access_command_line.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "access/names.hpp"
#include "app/command_arguments.hpp"
#include "app/help_text.hpp"
#include "app/usage_problems.hpp"
#include "config/units.hpp"
#include "http/field_syntax.hpp"

namespace ringcast::app {

namespace {

constexpr Duration link_duration_min = std::chrono::seconds(1);
constexpr Duration link_duration_max = std::chrono::hours(365 * 24);
constexpr double link_fps_min = 0.001;
constexpr double link_fps_max = access::link_millifps_max / 1000.0;

constexpr OptionForm file_option{"--file", "a file, as in --file /etc/ringcast/users"};
constexpr OptionForm stream_option{"--stream", "the name of a stream, as in --stream door"};
constexpr OptionForm for_option{"--for", "a duration, as in --for 24h or --for 7d"};
constexpr OptionForm fps_option{"--fps", "a number, as in --fps 5"};
constexpr OptionForm base_option{"--base", "an address, as in --base https://cam.example.org/"};
constexpr OptionForm delete_option{"--delete", ""};
constexpr OptionForm replace_option{"--replace", ""};
constexpr OptionForm snapshot_option{"--snapshot-only", ""};
constexpr OptionForm revoke_option{"--revoke-all", ""};

constexpr std::array passwd_options{config_option, file_option, delete_option};
constexpr std::array token_options{config_option, file_option, stream_option, delete_option,
                                   replace_option};
constexpr std::array link_options{config_option, for_option,      fps_option,
                                  base_option,   snapshot_option, revoke_option};

/// The NAME of a user or token.
std::string entry_name(const CommandArguments& arguments, std::string_view command,
                       std::string_view why_no_more, UsageProblems& problems) {
    if (arguments.words().empty()) {
        problems.add(fmt::format("{0} needs a name, as in ringcast {0} anna", command));
        return {};
    }
    if (arguments.words().size() > 1) {
        problems.add(fmt::format("{} takes one name and nothing else{}", command, why_no_more));
    }
    const std::string_view name = arguments.words().front();
    if (!access::is_user_name(name)) {
        problems.add(fmt::format("invalid name, expected 1 to {} letters, digits, -, _, . and @",
                                 access::user_name_bytes_max));
    }
    return std::string(name);
}

AccessFileChoice file_choice(const CommandArguments& arguments, UsageProblems& problems) {
    return {arguments.value(file_option, problems), arguments.value(config_option, problems)};
}

PasswdCommand parse_passwd(const CommandArguments& arguments, UsageProblems& problems) {
    return {entry_name(arguments, passwd_word,
                       ": it asks for the password, because every user of this machine can see "
                       "arguments (ps)",
                       problems),
            file_choice(arguments, problems), arguments.given(delete_option)};
}

TokenCommand parse_token(const CommandArguments& arguments, UsageProblems& problems) {
    TokenCommand command;
    command.name = entry_name(arguments, token_word,
                              ": it makes the token; streams are named by --stream", problems);
    command.choice = file_choice(arguments, problems);
    command.replace = arguments.given(replace_option);
    command.remove = arguments.given(delete_option);
    for (std::string& stream : arguments.values(stream_option)) {
        if (!access::is_stream_name(stream)) {
            problems.add(
                fmt::format("--stream: found \"{}\", expected the name of a stream", stream));
        } else if (std::ranges::find(command.streams, stream) == command.streams.end()) {
            command.streams.push_back(std::move(stream));
        }
    }
    if (command.remove && (command.replace || !command.streams.empty())) {
        problems.add("--delete excludes --replace and --stream");
    }
    return command;
}

/// With a slash at the end.
std::optional<std::string> parse_base(std::string_view text) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        const std::string_view rest = text.substr(std::min(scheme.size(), text.size()));
        if (text.starts_with(scheme) && !rest.empty() && !rest.starts_with('/') &&
            rest.find_first_of(" ?#@\"<>\\") == std::string_view::npos &&
            std::ranges::none_of(rest, http::is_control_character)) {
            return std::string(text).append(text.ends_with('/') ? "" : "/");
        }
    }
    return std::nullopt;
}

void read_link_properties(const CommandArguments& arguments, LinkCommand& command,
                          UsageProblems& problems) {
    if (const std::string written = arguments.value(for_option, problems); written.empty()) {
        problems.add(fmt::format("link needs {}", for_option.needs));
    } else {
        command.duration = config::parse_duration(written).value_or(Duration::zero());
        if (command.duration < link_duration_min || command.duration > link_duration_max) {
            problems.add(
                fmt::format("--for: found \"{}\", expected a duration from {} to {}, as in "
                            "24h or 7d",
                            written, config::duration_text(link_duration_min),
                            config::duration_text(link_duration_max)));
        }
    }
    const bool snapshot_only = arguments.given(snapshot_option);
    command.kind =
        snapshot_only ? access::LinkKind::snapshot_only : access::LinkKind::stream_and_snapshot;
    if (const std::string written = arguments.value(fps_option, problems); !written.empty()) {
        const double fps = config::parse_number(written).value_or(0);
        if (snapshot_only) {
            problems.add("--fps and --snapshot-only exclude each other: give one of them");
        } else if (fps < link_fps_min || fps > link_fps_max) {
            problems.add(fmt::format("--fps: found \"{}\", expected a number from {} to {}",
                                     written, link_fps_min, link_fps_max));
        } else {
            command.millifps = static_cast<std::uint32_t>(std::lround(fps * 1000));
        }
    }
    if (const std::string written = arguments.value(base_option, problems); !written.empty()) {
        command.base = parse_base(written).value_or("");
        if (command.base.empty()) {
            problems.add(
                fmt::format("--base needs {}, without user name and query", base_option.needs));
        }
    }
}

LinkCommand parse_link(const CommandArguments& arguments, UsageProblems& problems) {
    LinkCommand command;
    command.config = arguments.value(config_option, problems);
    command.revoke_all = arguments.given(revoke_option);
    if (command.revoke_all) {
        const std::array others{for_option, fps_option, base_option, snapshot_option};
        if (!arguments.words().empty() ||
            std::ranges::any_of(others, [&](const auto& form) { return arguments.given(form); })) {
            problems.add("--revoke-all is for the links of all streams, and takes only --config");
        }
        return command;
    }
    if (arguments.words().empty()) {
        problems.add("link needs a stream, as in ringcast link door --for 24h");
    } else if (arguments.words().size() > 1) {
        problems.add("link takes one stream and nothing else");
    } else {
        command.stream = arguments.words().front();
    }
    read_link_properties(arguments, command, problems);
    return command;
}

} // namespace

bool is_access_word(std::string_view word) noexcept {
    return std::ranges::find(access_words, word) != access_words.end();
}

bool is_access_command(std::span<const char* const> arguments) noexcept {
    return arguments.size() > 1 && is_access_word(arguments[1]);
}

tl::expected<AccessCommand, EarlyExit>
parse_access_command(std::span<const char* const> arguments) {
    const std::string_view command = arguments[1];
    const auto others = arguments.subspan(2);
    if (command == passwd_word) {
        return parse_command<AccessCommand>(others, passwd_options, command, passwd_help_text,
                                            parse_passwd);
    }
    if (command == token_word) {
        return parse_command<AccessCommand>(others, token_options, command, token_help_text,
                                            parse_token);
    }
    return parse_command<AccessCommand>(others, link_options, command, link_help_text, parse_link);
}

} // namespace ringcast::app
