#include "app/reload_preparation.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "app/access_rules.hpp"
#include "app/own_host_names.hpp"
#include "app/server_parts.hpp"
#include "capture/cameras.hpp"
#include "config/listen_address.hpp"

namespace ringcast::app {

namespace {

using config::Action;

/// Settings of a camera that have to be made before libcamera starts.
bool set_before_start(const config::LibcameraConfig& camera) {
    return camera.hdr || !camera.tuning.empty();
}

/// Fails for what can't be done while the server runs, and without libcamera. Loads it here, because
/// that would hold the loop.
Result<void> check_cameras(const config::Config& running, const config::Config& wanted) {
    for (const config::StreamConfig& stream : wanted.streams) {
        const auto* const camera = std::get_if<config::LibcameraConfig>(&stream.source);
        if (camera == nullptr) {
            continue;
        }
        if (auto loaded = capture::load_camera_library(); !loaded) {
            return loaded;
        }
        if (!set_before_start(*camera)) {
            continue;
        }
        const bool known = std::ranges::any_of(running.streams, [&](const auto& other) {
            const auto* const before = std::get_if<config::LibcameraConfig>(&other.source);
            return before != nullptr && before->camera == camera->camera &&
                   before->hdr == camera->hdr && before->tuning == camera->tuning;
        });
        if (!known) {
            return fail(fmt::format("stream {}: tuning and hdr of a camera are read only when "
                                    "ringcast starts: restart it",
                                    stream.name));
        }
    }
    return {};
}

Result<void> open_added_listeners(const RunningServer& running, PreparedReload& prepared) {
    std::vector<config::ListenConfig> added;
    std::vector<int> closing;
    std::size_t stay = 0;
    for (const Action& action : prepared.actions) {
        if (action.kind == Action::Kind::open_listener) {
            added.push_back(*std::ranges::find(
                prepared.config.http.listen, action.subject,
                [](const auto& listen) { return config::listen_address_text(listen.address); }));
        }
    }
    for (const Listener& listener : running.listeners) {
        const bool wanted =
            listener.passed ||
            std::ranges::any_of(prepared.config.http.listen, [&](const auto& other) {
                return other.address == listener.configured;
            });
        if (!wanted) {
            closing.push_back(listener.fd.get());
        }
        stay += wanted ? 1 : 0;
    }
    auto opened = open_listeners(added, prepared.config.viewers.stall_timeout, closing);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    if (stay + opened->size() > running.listeners_max) {
        return fail(fmt::format("{} addresses to listen on are too many for this process, which "
                                "has room for {}: raise its limit of open files and restart it",
                                stay + opened->size(), running.listeners_max));
    }
    prepared.listeners = std::move(*opened);
    return {};
}

/// With a failure, those that were changed become as before.
Result<void> change_socket_files(const RunningServer& running, const PreparedReload& prepared) {
    std::vector<const config::ListenConfig*> earlier;
    for (const Action& action : prepared.actions) {
        if (action.kind != Action::Kind::change_listener) {
            continue;
        }
        const auto address = [](const config::ListenConfig& listen) {
            return config::listen_address_text(listen.address);
        };
        auto changed = change_socket_file(
            *std::ranges::find(prepared.config.http.listen, action.subject, address));
        if (!changed) {
            std::string problems = changed.error().message;
            for (const config::ListenConfig* const listen : earlier) {
                if (const auto undone = change_socket_file(*listen); !undone) {
                    problems.append("\n").append(undone.error().message);
                }
            }
            return fail(problems);
        }
        earlier.push_back(&*std::ranges::find(running.config.http.listen, action.subject, address));
    }
    return {};
}

Result<void> prepare_memory(PreparedReload& prepared) {
    for (const Action& action : prepared.actions) {
        if (!makes_stream(action)) {
            continue;
        }
        auto memory = map_stream_memory(prepared.config.memory);
        if (!memory) {
            return tl::unexpected(memory.error());
        }
        // Here, because the loop would be held up for it.
        if (auto filled = memory->populate(); !filled) {
            return filled;
        }
        prepared.memory.push_back(std::move(*memory));
    }
    return {};
}

} // namespace

bool makes_stream(const Action& action) noexcept {
    return action.kind == Action::Kind::add_stream || action.kind == Action::Kind::replace_stream;
}

Result<PreparedReload> prepare_reload(const RunningServer& running, const LoadConfig& load) {
    auto config = load();
    if (!config) {
        return tl::unexpected(config.error());
    }
    PreparedReload prepared;
    prepared.config = std::move(*config);
    prepared.actions = config::plan_reload(running.config, prepared.config);
    if (auto checked = check_cameras(running.config, prepared.config); !checked) {
        return tl::unexpected(checked.error());
    }
    const OpenFileNeeds needs = open_file_needs(prepared.config);
    prepared.limits = connection_limits(needs, running.open_files_max);
    if (prepared.limits.viewers_max == 0) {
        return fail(fmt::format("the limit of {} open files is too low for even one viewer: raise "
                                "it to {} and restart ringcast",
                                running.open_files_max, open_files_needed(needs)));
    }
    if (auto warning = open_files_warning(needs, running.open_files_max)) {
        prepared.warnings.push_back(std::move(*warning));
    }
    prepared.hosts = own_host_names();
    if (prepared.config.access.restricted()) {
        auto rules = load_access_rules(prepared.config);
        if (!rules) {
            return tl::unexpected(rules.error());
        }
        if (std::string warning = unknown_names_warning(*rules); !warning.empty()) {
            prepared.warnings.push_back(std::move(warning));
        }
        prepared.rules = std::move(*rules);
    }
    if (auto done = prepare_memory(prepared); !done) {
        return tl::unexpected(done.error());
    }
    if (auto done = open_added_listeners(running, prepared); !done) {
        return tl::unexpected(done.error());
    }
    if (auto done = change_socket_files(running, prepared); !done) {
        return tl::unexpected(done.error());
    }
    return prepared;
}

} // namespace ringcast::app
