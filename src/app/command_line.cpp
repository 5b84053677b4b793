#include "app/command_line.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

// g++ 12 reports a null pointer in CLI11's use of vectors when it optimises; there is none.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <CLI/CLI.hpp>
#pragma GCC diagnostic pop
#include <fmt/format.h>

#include "app/access_command_line.hpp"
#include "app/client_command_line.hpp"
#include "app/command_arguments.hpp"
#include "app/help_text.hpp"
#include "app/missing_inputs.hpp"
#include "app/source_word.hpp"
#include "app/usage_problems.hpp"
#include "config/describe.hpp"
#include "config/did_you_mean.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/units.hpp"
#include "input/video_file.hpp"

namespace ringcast::app {

namespace {

constexpr std::array<std::string_view, 12> option_names{
    "--config",    "--listen",  "--size",  "--fps",    "--quality", "--engine",
    "--log-level", "--through", "--check", "--reload", "--version", "--help"};

constexpr std::array<std::string_view, 5> command_words{passwd_word, token_word, link_word,
                                                        health_word, top_word};

/// The arguments as they were written. They are checked afterwards, all at once.
struct Written {
    std::optional<std::string> source;
    std::optional<std::string> config;
    std::vector<std::string> listen;
    std::optional<std::string> size;
    std::optional<std::string> fps;
    std::optional<std::string> quality;
    std::optional<std::string> engine;
    std::optional<std::string> log_level;
    std::optional<std::string> through;
    bool check = false;
    bool reload = false;
};

/// A number option, within the limits of the same setting in the configuration.
std::optional<double> number_option(std::string_view option, const std::string& written,
                                    const config::Key& key, UsageProblems& problems) {
    const auto number = config::parse_number(written);
    const bool whole_enough =
        key.kind != config::ValueKind::integer || written.find('.') == std::string::npos;
    if (!number || !whole_enough || !config::within_limits(key, *number)) {
        problems.add(fmt::format("{}: found \"{}\", expected {}", option, written,
                                 config::expected_text(key)));
        return std::nullopt;
    }
    return number;
}

/// `Source` produces pictures itself: a pattern, or a camera.
template <typename Source>
void apply_picture_options(const Written& written, Source& source, UsageProblems& problems) {
    const std::string_view name = config::source_name(source);
    if (written.size) {
        const config::Key& key = config::find_key("streams", "size", name);
        const auto size = config::parse_picture_size(*written.size);
        if (size && config::within_limits(key, *size)) {
            source.size = *size;
        } else {
            problems.add(fmt::format("--size: found \"{}\", expected {}", *written.size,
                                     config::expected_text(key)));
        }
    }
    if (written.fps) {
        source.fps =
            number_option("--fps", *written.fps, config::find_key("streams", "fps", name), problems)
                .value_or(source.fps);
    }
    if (written.quality) {
        source.quality =
            static_cast<int>(number_option("--quality", *written.quality,
                                           config::find_key("streams", "quality", name), problems)
                                 .value_or(source.quality));
    }
}

/// Options that describe a source apply only to sources with such a setting.
void apply_source_options(const Written& written, config::SourceConfig* source,
                          UsageProblems& problems) {
    if (auto* pattern = source == nullptr ? nullptr : std::get_if<config::PatternConfig>(source)) {
        return apply_picture_options(written, *pattern, problems);
    }
    if (auto* camera = source == nullptr ? nullptr : std::get_if<config::LibcameraConfig>(source)) {
        return apply_picture_options(written, *camera, problems);
    }
    const auto refuse = [&](std::string_view option, std::string_view where) {
        problems.add(
            fmt::format("{} applies to {}{}", option, where,
                        source == nullptr ? "; in a configuration, set it in the file" : ""));
    };
    if (written.size) {
        refuse("--size", "cameras and the pattern");
    }
    if (written.quality) {
        refuse("--quality", "cameras and the pattern");
    }
    auto* file = source == nullptr ? nullptr : std::get_if<config::FileConfig>(source);
    if (written.fps && file == nullptr) {
        refuse("--fps", "cameras, the pattern and files");
    } else if (written.fps) {
        file->fps = number_option("--fps", *written.fps, config::find_key("streams", "fps", "file"),
                                  problems);
    }
}

/// `task` takes no options.
void refuse_options(const Written& written, std::string_view task, UsageProblems& problems) {
    const std::array<std::pair<bool, std::string_view>, 7> options{{
        {!written.listen.empty(), "--listen"},
        {written.size.has_value(), "--size"},
        {written.fps.has_value(), "--fps"},
        {written.quality.has_value(), "--quality"},
        {written.engine.has_value(), "--engine"},
        {written.log_level.has_value(), "--log-level"},
        {written.check, "--check"},
    }};
    for (const auto& [given, option] : options) {
        if (given) {
            problems.add(fmt::format("{}, and takes no {}", task, option));
        }
    }
}

void apply_overrides(const Written& written, config::Config& config, UsageProblems& problems) {
    if (!written.listen.empty()) {
        config.http.listen.clear();
        config.http.listen_is_default = false;
    }
    for (config::ListenAddress& address : listen_addresses(written.listen, problems)) {
        config.http.listen.push_back({std::move(address)});
    }
    if (written.engine) {
        if (const auto engine = config::parse_engine(*written.engine)) {
            config.server.engine = *engine;
        } else {
            problems.add(fmt::format("--engine: found \"{}\", expected {}", *written.engine,
                                     config::expected_text(config::find_key("server", "engine"))));
        }
    }
    if (!written.log_level) {
        return;
    }
    if (const auto level = config::parse_log_level(*written.log_level)) {
        config.log.level = *level;
    } else {
        problems.add(fmt::format("--log-level: found \"{}\", expected {}", *written.log_level,
                                 config::expected_text(config::find_key("log", "level"))));
    }
}

/// The configuration that the arguments describe without a file.
config::Config quick_config(const Written& written, const std::string& word,
                            UsageProblems& problems) {
    config::Config config;
    auto source = recognise_source(word);
    if (!source) {
        problems.add(source.error().message);
    } else {
        apply_source_options(written, &*source, problems);
        const bool camera = std::holds_alternative<config::LibcameraConfig>(*source);
        const std::string name(camera ? camera_word : config::source_name(*source));
        config.streams.push_back({name, true, std::move(*source)});
    }
    return config;
}

/// `ringcast bench-encoder` takes the options of a picture.
tl::expected<CommandLine, EarlyExit> bench_encoder(const Written& written) {
    UsageProblems problems;
    const std::array<std::pair<bool, std::string_view>, 5> options{{
        {!written.listen.empty(), "--listen"},
        {written.fps.has_value(), "--fps"},
        {written.engine.has_value(), "--engine"},
        {written.log_level.has_value(), "--log-level"},
        {written.check, "--check"},
    }};
    for (const auto& [given, option] : options) {
        if (given) {
            problems.add(
                fmt::format("{} takes --size and --quality, and no {}", bench_word, option));
        }
    }
    config::PatternConfig pattern;
    apply_picture_options(written, pattern, problems);
    // Each line of the benchmark's picture has whole chroma samples.
    pattern.size.width = static_cast<std::uint16_t>(pattern.size.width & ~1U);
    pattern.size.height = static_cast<std::uint16_t>(pattern.size.height & ~1U);
    if (problems.any()) {
        return tl::unexpected(problems.exit());
    }
    CommandLine command_line;
    command_line.task = Task::bench_encoder;
    command_line.config.streams.push_back({std::string(bench_word), true, pattern});
    return command_line;
}

/// `ringcast doctor --through URL` looks at a proxy instead of this machine.
void apply_through(const Written& written, CommandLine& command_line, UsageProblems& problems) {
    if (!written.through) {
        return;
    }
    command_line.task = Task::examine_proxy;
    if (auto url = parse_public_url(*written.through)) {
        command_line.through = *std::move(url);
    } else {
        problems.add("--through: " + url.error().message);
    }
}

/// `ringcast --reload` stands alone: the running server knows its configuration.
tl::expected<CommandLine, EarlyExit> reload(const Written& written) {
    constexpr std::string_view task =
        "--reload asks the running ringcast to read its own configuration again";
    UsageProblems problems;
    refuse_options(written, task, problems);
    if (written.source || written.config) {
        problems.add(
            fmt::format("{}, and takes no {}", task, written.source ? "SOURCE" : "--config"));
    }
    if (written.through) {
        problems.add(fmt::format("{}, and takes no --through", task));
    }
    if (problems.any()) {
        return tl::unexpected(problems.exit());
    }
    CommandLine command_line;
    command_line.task = Task::reload;
    return command_line;
}

tl::expected<CommandLine, EarlyExit> interpret(Written written) {
    if (written.reload) {
        return reload(written);
    }
    UsageProblems problems;
    CommandLine command_line;
    if (written.source == doctor_word) {
        command_line.task = Task::examine_machine;
        written.source.reset();
        if (written.check) {
            problems.add("--check describes a configuration, doctor checks the machine: give "
                         "one of them");
        }
        apply_through(written, command_line, problems);
    } else if (written.through) {
        problems.add("--through applies to doctor: ringcast doctor --through URL");
    }
    if (written.source && input::lower_case_extension(*written.source) == ".toml" &&
        !written.config) {
        written.config = std::exchange(written.source, std::nullopt);
    }
    if (written.source && written.config) {
        problems.add("SOURCE and a configuration exclude each other: give one of them");
        return tl::unexpected(problems.exit());
    }
    if (written.source == cameras_word) {
        command_line.task = Task::list_cameras;
        refuse_options(written, "cameras only lists cameras", problems);
        return problems.any()
                   ? tl::expected<CommandLine, EarlyExit>(tl::unexpected(problems.exit()))
                   : command_line;
    }
    if (written.source == bench_word) {
        return bench_encoder(written);
    }
    if (written.config) {
        auto loaded = config::load(*written.config);
        if (!loaded) {
            return tl::unexpected(EarlyExit{ExitCode::usage_error, "", loaded.error().text()});
        }
        command_line.config = std::move(*loaded);
        command_line.from_file = true;
        apply_source_options(written, nullptr, problems);
    } else if (written.source) {
        command_line.config = quick_config(written, *written.source, problems);
        command_line.ends_with_input = *written.source == "-";
    } else if (command_line.task != Task::stream) {
        apply_source_options(written, nullptr, problems);
    } else {
        problems.add(fmt::format("no SOURCE was given, {}, or --config FILE", source_expected));
        return tl::unexpected(problems.exit());
    }
    apply_overrides(written, command_line.config, problems);
    if (problems.any()) {
        return tl::unexpected(problems.exit());
    }
    if (written.check) {
        return tl::unexpected(EarlyExit{ExitCode::ok, config::describe(command_line.config),
                                        missing_inputs(command_line.config)});
    }
    return command_line;
}

/// `problem`: CLI11's message, which begins with the option, as in "--fps: 1 required TEXT missing".
std::string option_problem(const std::string& problem) {
    struct Option {
        std::string_view name;
        std::string_view needs;
    };
    constexpr std::array options{
        Option{"--config", "a file, as in --config ringcast.toml"},
        Option{"--listen", "an address, as in --listen :8080"},
        Option{"--size", "a picture size, as in --size 1280x720"},
        Option{"--fps", "a number, as in --fps 15"},
        Option{"--quality", "a number from 1 to 100, as in --quality 80"},
        Option{"--engine", "an engine, as in --engine epoll"},
        Option{"--log-level", "a level, as in --log-level debug"},
        Option{"--through", "a URL, as in --through https://cam.example.org/door/stream"},
    };
    const auto* const found =
        std::ranges::find(options, problem.substr(0, problem.find(':')), &Option::name);
    return found == options.end() ? problem : fmt::format("{} needs {}", found->name, found->needs);
}

/// CLI11 takes the word behind an option for its value, even if that is the next option.
std::optional<EarlyExit> missing_values(const Written& written) {
    std::vector<std::pair<std::string_view, std::string>> values;
    const auto add = [&](std::string_view option, const std::optional<std::string>& value) {
        values.emplace_back(option, value.value_or(""));
    };
    add("--config", written.config);
    add("--size", written.size);
    add("--fps", written.fps);
    add("--quality", written.quality);
    add("--engine", written.engine);
    add("--log-level", written.log_level);
    add("--through", written.through);
    for (const std::string& address : written.listen) {
        add("--listen", address);
    }
    UsageProblems problems;
    for (const auto& [option, value] : values) {
        const std::string_view word = std::string_view(value).substr(0, value.find('='));
        if (std::ranges::find(option_names, word) != option_names.end()) {
            problems.add(option_problem(std::string(option)));
        }
    }
    return problems.any() ? std::optional(problems.exit()) : std::nullopt;
}

/// Arguments that CLI11 did not accept: unknown options, and words beyond the first SOURCE. Also
/// `source` if it is a command that has arguments of its own.
std::optional<EarlyExit> leftovers(const std::vector<std::string>& words,
                                   const std::string& source) {
    UsageProblems problems;
    if (is_access_word(source) || is_client_word(source)) {
        problems.add(fmt::format("{0} has to be the first argument, as in ringcast {0}{1} "
                                 "--config FILE",
                                 source, is_access_word(source) ? " NAME" : ""));
        return problems.exit();
    }
    for (const std::string& word : words) {
        if (!word.starts_with('-') || word == "-") {
            continue;
        }
        const auto hint = config::closest(word.substr(0, word.find('=')), option_names);
        problems.add(fmt::format("unknown option {}{}", word,
                                 hint ? fmt::format("; did you mean {}?", *hint) : ""));
    }
    // A word behind an unknown option is probably its value, so words are reported only alone.
    if (!problems.any() && !words.empty()) {
        const auto hint = config::closest(source, command_words);
        problems.add(fmt::format("expected one SOURCE, also found {}{}", fmt::join(words, " "),
                                 hint ? fmt::format("; did you mean {}?", *hint) : ""));
    }
    return problems.any() ? std::optional(problems.exit()) : std::nullopt;
}

} // namespace

tl::expected<CommandLine, EarlyExit> parse_command_line(std::span<const char* const> arguments) {
    if (arguments.size() < 2) {
        return tl::unexpected(EarlyExit{ExitCode::usage_error, std::string(examples_text), ""});
    }
    Written written;
    CLI::App app;
    app.set_help_flag("--help,-h");
    app.set_version_flag("--version", RINGCAST_VERSION);
    app.allow_extras();
    app.add_option("SOURCE", written.source);
    app.add_option("--config", written.config);
    // One value for each --listen: a list option would take SOURCE too.
    app.add_option("--listen", written.listen)->allow_extra_args(false);
    app.add_option("--size", written.size);
    app.add_option("--fps", written.fps);
    app.add_option("--quality", written.quality);
    app.add_option("--engine", written.engine);
    app.add_option("--log-level", written.log_level);
    app.add_option("--through", written.through);
    app.add_flag("--check", written.check);
    app.add_flag("--reload", written.reload);
    try {
        app.parse(static_cast<int>(arguments.size()), arguments.data());
    } catch (const CLI::CallForHelp&) {
        return tl::unexpected(EarlyExit{ExitCode::ok, std::string(help_text), ""});
    } catch (const CLI::CallForVersion&) {
        return tl::unexpected(EarlyExit{ExitCode::ok, "ringcast " RINGCAST_VERSION "\n", ""});
    } catch (const CLI::ParseError& error) {
        UsageProblems problems;
        problems.add(option_problem(error.what()));
        return tl::unexpected(problems.exit());
    }
    if (auto exit = missing_values(written)) {
        return tl::unexpected(std::move(*exit));
    }
    if (auto exit = leftovers(app.remaining(), written.source.value_or(""))) {
        return tl::unexpected(std::move(*exit));
    }
    return interpret(std::move(written));
}

} // namespace ringcast::app
