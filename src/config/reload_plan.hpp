#pragma once
// What has to be done to a running server so that another configuration is in force: a list of
// actions that touches only what differs. No I/O.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace ringcast::config {

/// One step. The enumerators are in the order in which the steps of a plan are carried out: nothing
/// that is new is reachable under old rules, and there is a default stream at any time.
struct Action {
    enum class Kind : std::uint8_t {
        change_setting,     ///< subject: the key, "viewers.max"
        switch_access_on,   ///< no subject
        switch_access_off,  ///< no subject
        reread_access,      ///< no subject: users, tokens, the key of links, names in lists
        change_viewers,     ///< subject: a stream, whose `viewers` changed
        change_renditions,  ///< subject: a stream, whose `renditions` or `adapt` changed
        close_listener,     ///< subject: the address
        replace_stream,     ///< subject: a stream that gets another source or other memory
        add_stream,         ///< subject: the stream
        set_default_stream, ///< subject: the stream
        remove_stream,      ///< subject: the stream
        change_listener,    ///< subject: an address whose other options changed
        open_listener,      ///< subject: the address
    };
    Kind kind = Kind::change_setting;
    std::string subject;
    friend bool operator==(const Action&, const Action&) = default;
};

/// The steps from `running` to `wanted`, both valid. Those of one kind are in the order of `wanted`,
/// and of `running` for what is removed. The files of [access] may have changed while the
/// configuration has not, so they are read again in any case.
[[nodiscard]] std::vector<Action> plan_reload(const Config& running, const Config& wanted);

/// The keys whose values differ and can't be changed in a process that runs: "server.engine".
[[nodiscard]] std::vector<std::string_view> keys_for_restart(const Config& running,
                                                             const Config& wanted);

/// For the log: "stream door: added".
[[nodiscard]] std::string action_text(const Action& action);

/// True if two of these can't run at the same time, or may not: cameras, programs (which may use a
/// camera or a port) and standard input.
[[nodiscard]] bool is_exclusive(const SourceConfig& source) noexcept;

} // namespace ringcast::config
