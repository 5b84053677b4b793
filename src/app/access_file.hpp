#pragma once
// The files of users and tokens, as `ringcast passwd` and `ringcast token` find and change them, and
// what to do afterwards so that a server uses them.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "app/access_command_line.hpp"
#include "app/command_line.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::app {

/// What users and tokens differ in.
struct AccessFileKind {
    std::string_view content;   ///< for messages
    std::string_view key;       ///< in [access]
    std::string_view file_name; ///< in AccessPaths::folder
    /// Why a server refuses `text`; empty if it does not.
    std::string (*problem)(std::string_view text, std::string_view file);
};
[[nodiscard]] const AccessFileKind& users_kind() noexcept;
[[nodiscard]] const AccessFileKind& tokens_kind() noexcept;

/// Used where the command line names nothing else. The unit in packaging/ has the same configuration.
struct AccessPaths {
    std::string config = "/etc/ringcast/ringcast.toml";
    std::string folder = "/etc/ringcast";
};

struct AccessFile {
    std::string path;        ///< absolute
    std::string config_path; ///< empty: no configuration is known
    std::optional<config::Config> config;
    bool configured = false; ///< the configuration names `path`
};

/// A command that has failed, and changed nothing.
[[nodiscard]] EarlyExit failed(const Error& error, ExitCode code = ExitCode::runtime_failure);

/// The configuration at `path`, or at the usual place if `path` is empty. `path` is set to where it
/// is.
[[nodiscard]] tl::expected<config::Config, EarlyExit> load_access_config(std::string& path,
                                                                         const AccessPaths& paths);

/// The file that `choice` names; or that of the configuration; or the usual one, whose folder it
/// creates. The exit says if the folder can't be written to, before the user types a password.
[[nodiscard]] tl::expected<AccessFile, EarlyExit> choose_access_file(const AccessFileKind& kind,
                                                                     const AccessFileChoice& choice,
                                                                     const AccessPaths& paths);

/// From the text of a file, empty if it does not exist, to its new text.
using EntryEdit = std::function<Result<std::string>(const std::string&)>;

/// Changes the file. What a server would refuse is an error if the change is the cause. On success,
/// returns lines for the user: whether the server still refuses the file, who can read it if it is
/// new, and how a server learns of it.
[[nodiscard]] Result<std::string>
change_access_file(const AccessFile& file, const AccessFileKind& kind, const EntryEdit& edit);

/// Removes the entry of `name`. `noun`: "user" or "token".
[[nodiscard]] Result<std::string> remove_access_entry(const AccessFile& file,
                                                      const AccessFileKind& kind,
                                                      std::string_view noun,
                                                      const std::string& name);

/// How a running server learns that a file has changed: a line for the user.
inline constexpr std::string_view reload_hint =
    "A running ringcast reads it again after: sudo systemctl reload ringcast (or SIGHUP)\n";

} // namespace ringcast::app
