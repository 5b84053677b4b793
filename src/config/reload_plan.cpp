#include "config/reload_plan.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "config/listen_address.hpp"

namespace ringcast::config {

namespace {

using Kind = Action::Kind;

const StreamConfig* find_stream(const Config& config, std::string_view name) {
    const auto found = std::ranges::find(config.streams, name, &StreamConfig::name);
    return found == config.streams.end() ? nullptr : &*found;
}

std::string default_stream(const Config& config) {
    return std::ranges::find(config.streams, true, &StreamConfig::is_default)->name;
}

void plan_settings(const Config& running, const Config& wanted, std::vector<Action>& actions) {
    const auto compare = [&](std::string_view key, const auto& before, const auto& after) {
        if (before != after) {
            actions.push_back({Kind::change_setting, std::string(key)});
        }
    };
    compare("log.level", running.log.level, wanted.log.level);
    compare("http.cors_origins", running.http.cors_origins, wanted.http.cors_origins);
    compare("http.hosts", running.http.hosts, wanted.http.hosts);
    compare("http.base_path", running.http.base_path, wanted.http.base_path);
    compare("access.trusted_proxies", running.access.trusted_proxies,
            wanted.access.trusted_proxies);
    compare("viewers.max", running.viewers.max, wanted.viewers.max);
    compare("viewers.max_per_address", running.viewers.max_per_address,
            wanted.viewers.max_per_address);
    compare("viewers.stall_timeout", running.viewers.stall_timeout, wanted.viewers.stall_timeout);
    compare("viewers.send", running.viewers.send, wanted.viewers.send);
}

void plan_access(const Config& running, const Config& wanted, std::vector<Action>& actions) {
    if (running.access.restricted() || wanted.access.restricted()) {
        actions.push_back({!running.access.restricted()  ? Kind::switch_access_on
                           : !wanted.access.restricted() ? Kind::switch_access_off
                                                         : Kind::reread_access,
                           {}});
    }
    for (const StreamConfig& stream : wanted.streams) {
        const StreamConfig* const before = find_stream(running, stream.name);
        if (before != nullptr && before->viewers != stream.viewers) {
            actions.push_back({Kind::change_viewers, stream.name});
        }
    }
}

void plan_streams(const Config& running, const Config& wanted, std::vector<Action>& actions) {
    for (const StreamConfig& stream : running.streams) {
        if (find_stream(wanted, stream.name) == nullptr) {
            actions.push_back({Kind::remove_stream, stream.name});
        }
    }
    const bool other_memory = running.memory != wanted.memory;
    for (const StreamConfig& stream : wanted.streams) {
        const StreamConfig* const before = find_stream(running, stream.name);
        if (before == nullptr) {
            actions.push_back({Kind::add_stream, stream.name});
        } else if (other_memory || before->source != stream.source || before->turn != stream.turn ||
                   before->overlay != stream.overlay) {
            actions.push_back({Kind::replace_stream, stream.name});
        } else if (before->renditions != stream.renditions || before->adapt != stream.adapt) {
            actions.push_back({Kind::change_renditions, stream.name});
        }
    }
    if (default_stream(running) != default_stream(wanted)) {
        actions.push_back({Kind::set_default_stream, default_stream(wanted)});
    }
}

void plan_listeners(const Config& running, const Config& wanted, std::vector<Action>& actions) {
    const auto find = [](const Config& config, const ListenConfig& listen) {
        return std::ranges::find(config.http.listen, listen.address, &ListenConfig::address);
    };
    for (const ListenConfig& listen : running.http.listen) {
        if (find(wanted, listen) == wanted.http.listen.end()) {
            actions.push_back({Kind::close_listener, listen_address_text(listen.address)});
        }
    }
    for (const ListenConfig& listen : wanted.http.listen) {
        const auto before = find(running, listen);
        if (before == running.http.listen.end()) {
            actions.push_back({Kind::open_listener, listen_address_text(listen.address)});
        } else if (*before != listen) {
            actions.push_back({Kind::change_listener, listen_address_text(listen.address)});
        }
    }
}

} // namespace

std::vector<Action> plan_reload(const Config& running, const Config& wanted) {
    std::vector<Action> actions;
    plan_settings(running, wanted, actions);
    plan_access(running, wanted, actions);
    plan_streams(running, wanted, actions);
    plan_listeners(running, wanted, actions);
    std::ranges::stable_sort(actions, {}, &Action::kind);
    return actions;
}

std::vector<std::string_view> keys_for_restart(const Config& running, const Config& wanted) {
    std::vector<std::string_view> restarted;
    if (running.server != wanted.server) {
        restarted.emplace_back("server.engine");
    }
    if (running.encoder != wanted.encoder) {
        restarted.emplace_back("encoder.threads");
    }
    if (running.log.format != wanted.log.format) {
        restarted.emplace_back("log.format");
    }
    return restarted;
}

std::string action_text(const Action& action) {
    switch (action.kind) {
    case Kind::change_setting:
        return fmt::format("{}: changed", action.subject);
    case Kind::switch_access_on:
        return "access: passwords are asked for from now on";
    case Kind::switch_access_off:
        return "access: passwords are not asked for any more";
    case Kind::reread_access:
        return "access: users, tokens and the key of links have been read again";
    case Kind::change_viewers:
        return fmt::format("stream {}: its viewers have changed", action.subject);
    case Kind::change_renditions:
        return fmt::format("stream {}: its renditions, or who is moved between them, have changed",
                           action.subject);
    case Kind::close_listener:
        return fmt::format("{}: closed", action.subject);
    case Kind::remove_stream:
        return fmt::format("stream {}: removed", action.subject);
    case Kind::replace_stream:
        return fmt::format("stream {}: started anew with its changes", action.subject);
    case Kind::add_stream:
        return fmt::format("stream {}: added", action.subject);
    case Kind::set_default_stream:
        return fmt::format("stream {}: is the default from now on", action.subject);
    case Kind::change_listener:
        return fmt::format("{}: its options have changed", action.subject);
    case Kind::open_listener:
        return fmt::format("{}: opened", action.subject);
    }
    return {};
}

bool is_exclusive(const SourceConfig& source) noexcept {
    return std::holds_alternative<LibcameraConfig>(source) ||
           std::holds_alternative<ExecConfig>(source) ||
           std::holds_alternative<StdinConfig>(source);
}

} // namespace ringcast::config
