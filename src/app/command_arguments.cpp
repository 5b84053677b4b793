#include "app/command_arguments.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "config/did_you_mean.hpp"
#include "config/listen_address.hpp"
#include "config/load.hpp"

namespace ringcast::app {

CommandArguments::CommandArguments(std::span<const char* const> arguments,
                                   std::span<const OptionForm> forms, UsageProblems& problems)
    : forms_(forms) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (!argument.starts_with('-')) {
            words_.push_back(argument);
        } else if (argument == "--help" || argument == "-h") {
            help_ = true;
        } else {
            const bool has_next = i + 1 < arguments.size();
            i += take_option(argument, has_next ? arguments[i + 1] : std::string_view(), problems);
        }
    }
}

std::vector<std::string> CommandArguments::values(const OptionForm& form) const {
    std::vector<std::string> values;
    for (const auto& [name, value] : options_) {
        if (name == form.name) {
            values.emplace_back(value);
        }
    }
    return values;
}

std::string CommandArguments::value(const OptionForm& form, UsageProblems& problems) const {
    const std::vector<std::string> all = values(form);
    if (all.size() > 1) {
        problems.add(fmt::format("{} is given {} times, expected once", form.name, all.size()));
    }
    return all.empty() ? std::string() : all.front();
}

std::size_t CommandArguments::take_option(std::string_view argument, std::string_view next,
                                          UsageProblems& problems) {
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const auto form = std::ranges::find(forms_, name, &OptionForm::name);
    if (form == forms_.end()) {
        report_unknown(name, problems);
        return 0;
    }
    const bool attached = equals != std::string_view::npos;
    if (form->needs.empty()) {
        if (attached) {
            problems.add(fmt::format("{} takes no value", name));
        }
        options_.emplace_back(form->name, "");
        return 0;
    }
    const std::string_view value = attached ? argument.substr(equals + 1) : next;
    if (value.empty() || (!attached && value.starts_with("--"))) {
        problems.add(fmt::format("{} needs {}", name, form->needs));
        return 0;
    }
    options_.emplace_back(form->name, value);
    return attached ? 0 : 1;
}

void CommandArguments::report_unknown(std::string_view name, UsageProblems& problems) const {
    std::vector<std::string_view> names{"--help"};
    for (const OptionForm& form : forms_) {
        names.push_back(form.name);
    }
    const auto hint = config::closest(name, names);
    problems.add(fmt::format("unknown option {}{}", name,
                             hint ? fmt::format("; did you mean {}?", *hint) : ""));
}

std::vector<config::ListenAddress> listen_addresses(std::span<const std::string> values,
                                                    UsageProblems& problems) {
    std::vector<config::ListenAddress> addresses;
    for (const std::string& text : values) {
        auto address = config::parse_listen_address(text);
        if (!address) {
            problems.add(fmt::format("--listen: found \"{}\": {}; expected {}", text,
                                     address.error().message, config::listen_address_expected));
        } else if (std::ranges::find(addresses, *address) == addresses.end()) {
            addresses.push_back(std::move(*address));
        }
    }
    if (addresses.size() > config::listen_addresses_max) {
        problems.add(fmt::format("--listen: found {} addresses, expected at most {}",
                                 addresses.size(), config::listen_addresses_max));
    }
    return addresses;
}

} // namespace ringcast::app
