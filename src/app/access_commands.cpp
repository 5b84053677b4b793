#include "app/access_commands.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "access/entries.hpp"
#include "access/password_hash.hpp"
#include "access/tokens.hpp"
#include "app/link_key.hpp"
#include "config/did_you_mean.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

EarlyExit done(std::string output, std::string_view first_line, std::string_view hints) {
    return {ExitCode::ok, std::move(output), fmt::format("ringcast: {}\n{}", first_line, hints)};
}

/// Empty if the configuration has the stream.
std::string unknown_stream(const config::Config& config, std::string_view name,
                           std::string_view config_path) {
    std::vector<std::string_view> names;
    names.reserve(config.streams.size());
    for (const config::StreamConfig& stream : config.streams) {
        names.emplace_back(stream.name);
    }
    if (std::ranges::find(names, name) != names.end()) {
        return {};
    }
    const auto hint = config::closest(name, names);
    return fmt::format("{} has no stream \"{}\"; {}", config_path, name,
                       hint ? fmt::format("did you mean {}?", *hint)
                            : fmt::format("its streams: {}", fmt::join(names, ", ")));
}

/// The streams of the present token `name`, which a new one keeps.
Result<std::vector<std::string>> streams_of(const std::string& name, std::string_view text,
                                            std::string_view file) {
    auto tokens = access::parse_tokens(text, file);
    if (!tokens) {
        return tl::unexpected<Error>(std::move(tokens.error()));
    }
    const auto found = std::ranges::find(*tokens, name, &access::Token::name);
    return found == tokens->end() ? std::vector<std::string>() : std::move(found->streams);
}

/// The text of a tokens file with a new token.
Result<std::string> with_token(const TokenCommand& command, const std::string& digest,
                               const std::string& text, const std::string& file) {
    std::vector<std::string> streams = command.streams;
    if (access::without_entry(text, command.name) != text) {
        if (!command.replace) {
            return fail(fmt::format("{} has a token {} already: --replace makes a new one, and the "
                                    "old one becomes invalid",
                                    file, command.name));
        }
        if (streams.empty()) {
            auto present = streams_of(command.name, text, file);
            if (!present) {
                return tl::unexpected<Error>(std::move(present.error()));
            }
            streams = *std::move(present);
        }
    }
    return access::with_entry(text, command.name,
                              fmt::format("{}:{}{}{}", command.name, digest,
                                          streams.empty() ? "" : ":", fmt::join(streams, ",")));
}

/// In local time: "2025-10-05 12:00:00 +0200".
std::string time_text(access::LinkExpiry time) {
    const std::time_t seconds = time.time_since_epoch().count();
    std::tm parts{};
    std::array<char, 32> text{};
    static_cast<void>(::localtime_r(&seconds, &parts));
    const std::size_t size =
        std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S %z", &parts);
    return {text.data(), size};
}

/// With a slash at the end.
Result<std::string> link_base(const LinkCommand& command, const config::Config& config,
                              const HostInfo& host) {
    if (!command.base.empty()) {
        return command.base;
    }
    auto url = first_url(config.http.listen, host);
    if (!url) {
        return fail(
            "the configuration has no TCP address with a port that viewers can use: name the one by "
            "which they reach the server, as in --base https://cam.example.org/");
    }
    url->pop_back();
    return *url + config.http.base_path + "/";
}

EarlyExit revoke_links(const config::Config& config) {
    if (const auto replaced = replace_link_key(config.access); !replaced) {
        return failed(replaced.error());
    }
    return done(
        "",
        fmt::format("{} is a new key: all links made before are invalid as soon as ringcast "
                    "has read it",
                    config.access.link_key_file),
        reload_hint);
}

} // namespace

EarlyExit set_password(const PasswdCommand& command, const Console& console,
                       const AccessPaths& paths) {
    const auto file = choose_access_file(users_kind(), command.choice, paths);
    if (!file) {
        return file.error();
    }
    if (command.remove) {
        const auto hints = remove_access_entry(*file, users_kind(), "user", command.name);
        return hints ? done("", fmt::format("removed {} from {}", command.name, file->path), *hints)
                     : failed(hints.error());
    }
    SecretLine password;
    if (const auto asked = ask_for_password(console, command.name, password); !asked) {
        return failed(asked.error());
    }
    const auto hash = access::make_password_hash(password.text());
    if (!hash) {
        return failed(hash.error());
    }
    const std::string line = command.name + ":" + *hash;
    const auto hints = change_access_file(*file, users_kind(), [&](const std::string& text) {
        return Result<std::string>(access::with_entry(text, command.name, line));
    });
    return hints ? done("", fmt::format("{} has a new password in {}", command.name, file->path),
                        *hints)
                 : failed(hints.error());
}

EarlyExit change_token(const TokenCommand& command, const AccessPaths& paths) {
    const auto file = choose_access_file(tokens_kind(), command.choice, paths);
    if (!file) {
        return file.error();
    }
    if (command.remove) {
        const auto hints = remove_access_entry(*file, tokens_kind(), "token", command.name);
        return hints ? done("", fmt::format("removed {} from {}", command.name, file->path), *hints)
                     : failed(hints.error());
    }
    for (const std::string& stream : command.streams) {
        const std::string problem =
            file->config ? unknown_stream(*file->config, stream, file->config_path) : "";
        if (!problem.empty()) {
            return failed({"--stream: " + problem}, ExitCode::usage_error);
        }
    }
    const auto token = access::make_token();
    if (!token) {
        return failed(token.error());
    }
    const std::string digest = access::token_digest(*token);
    const auto hints = change_access_file(*file, tokens_kind(), [&](const std::string& text) {
        return with_token(command, digest, text, file->path);
    });
    if (!hints) {
        return failed(hints.error());
    }
    return done(
        *token + "\n",
        fmt::format("{} has a new token in {}, which has only its digest: keep the token",
                    command.name, file->path),
        "Send it in a URL, as ?token=TOKEN, or in the header Authorization: Bearer TOKEN\n" +
            *hints);
}

EarlyExit make_link(const LinkCommand& command, const AccessPaths& paths, const HostInfo& host,
                    WallTime now) {
    std::string config_path = command.config;
    const auto config = load_access_config(config_path, paths);
    if (!config) {
        return config.error();
    }
    if (!config->access.restricted()) {
        return failed(
            {fmt::format("{} has no [access], so that everybody who reaches the server can "
                         "watch without a link: see ringcast passwd --help",
                         config_path)},
            ExitCode::usage_error);
    }
    if (command.revoke_all) {
        return revoke_links(*config);
    }
    if (const std::string problem = unknown_stream(*config, command.stream, config_path);
        !problem.empty()) {
        return failed({problem}, ExitCode::usage_error);
    }
    const auto base = link_base(command, *config, host);
    if (!base) {
        return failed(base.error(), ExitCode::usage_error);
    }
    const auto key = load_or_create_link_key(config->access);
    if (!key) {
        return failed(key.error());
    }
    const access::Link link{command.stream,
                            std::chrono::ceil<std::chrono::seconds>(now + command.duration),
                            command.kind, command.millifps};
    const bool snapshot_only = command.kind == access::LinkKind::snapshot_only;
    const std::string created_hint =
        key->created ? fmt::format("{} is a new key that signs links, for ringcast alone.\n{}",
                                   config->access.link_key_file, reload_hint)
                     : "";
    return done(fmt::format("{}{}/{}?token={}\n", *base, command.stream,
                            snapshot_only ? "snapshot" : "stream",
                            access::sign_link(key->key, link)),
                fmt::format("whoever has this link can watch until {}", time_text(link.expiry)),
                created_hint);
}

EarlyExit run_access_command(std::span<const char* const> arguments) {
    const auto parsed = parse_access_command(arguments);
    if (!parsed) {
        return parsed.error();
    }
    const AccessPaths paths;
    if (const auto* passwd = std::get_if<PasswdCommand>(&*parsed)) {
        return set_password(*passwd, Console{}, paths);
    }
    if (const auto* token = std::get_if<TokenCommand>(&*parsed)) {
        return change_token(*token, paths);
    }
    return make_link(std::get<LinkCommand>(*parsed), paths, host_info(), os::wall_now());
}

} // namespace ringcast::app
