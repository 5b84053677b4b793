#pragma once
// Tells the arguments of a command apart, such as those of `ringcast passwd`: words, options and
// their values. What they mean is the command's business.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <tl/expected.hpp>

#include "app/command_line.hpp"
#include "app/usage_problems.hpp"
#include "config/config.hpp"

namespace ringcast::app {

struct OptionForm {
    std::string_view name;
    std::string_view needs; ///< its value, for messages; empty: it has none
};

inline constexpr OptionForm config_option{"--config", "a file, as in --config ringcast.toml"};
inline constexpr OptionForm listen_option{"--listen", "an address, as in --listen :8080"};

/// The arguments behind the command. They outlive this object.
class CommandArguments {
public:
    CommandArguments(std::span<const char* const> arguments, std::span<const OptionForm> forms,
                     UsageProblems& problems);

    [[nodiscard]] bool help() const noexcept { return help_; }
    [[nodiscard]] std::span<const std::string_view> words() const noexcept { return words_; }
    [[nodiscard]] std::vector<std::string> values(const OptionForm& form) const;
    [[nodiscard]] bool given(const OptionForm& form) const { return !values(form).empty(); }
    /// Empty if the option is not given.
    [[nodiscard]] std::string value(const OptionForm& form, UsageProblems& problems) const;

private:
    /// Returns the number of arguments behind `argument` that belong to it.
    std::size_t take_option(std::string_view argument, std::string_view next,
                            UsageProblems& problems);
    void report_unknown(std::string_view name, UsageProblems& problems) const;

    std::span<const OptionForm> forms_;
    std::vector<std::string_view> words_;
    std::vector<std::pair<std::string_view, std::string_view>> options_;
    bool help_ = false;
};

/// Parses the arguments behind `command` with `parse`, a function of CommandArguments and
/// UsageProblems. For --help the result is the text `help`.
template <typename Command, typename Parse>
[[nodiscard]] tl::expected<Command, EarlyExit>
parse_command(std::span<const char* const> arguments, std::span<const OptionForm> forms,
              std::string_view command, std::string_view help, Parse parse) {
    const std::string help_command = fmt::format("ringcast {} --help", command);
    UsageProblems problems(help_command);
    const CommandArguments told_apart(arguments, forms, problems);
    if (told_apart.help()) {
        return tl::unexpected(EarlyExit{ExitCode::ok, std::string(help), ""});
    }
    Command parsed = parse(told_apart, problems);
    if (problems.any()) {
        return tl::unexpected(problems.exit());
    }
    return parsed;
}

/// The different addresses in the values of --listen.
[[nodiscard]] std::vector<config::ListenAddress>
listen_addresses(std::span<const std::string> values, UsageProblems& problems);

} // namespace ringcast::app
