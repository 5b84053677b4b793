#include "app/access_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/entries.hpp"
#include "access/tokens.hpp"
#include "access/users_file.hpp"
#include "app/private_file.hpp"
#include "config/load.hpp"
#include "config/toml_text.hpp"

namespace ringcast::app {

namespace {

constexpr AccessFileKind users{"the users", "users_file", "users",
                               [](std::string_view text, std::string_view file) {
                                   const auto parsed = access::parse_users(text, file);
                                   return parsed ? std::string() : parsed.error().message;
                               }};
constexpr AccessFileKind tokens{"the tokens", "tokens_file", "tokens",
                                [](std::string_view text, std::string_view file) {
                                    const auto parsed = access::parse_tokens(text, file);
                                    return parsed ? std::string() : parsed.error().message;
                                }};

bool exists(const std::string& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
}

std::string absolute_path(const std::string& path) {
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(path, error);
    return error ? path : absolute.lexically_normal().string();
}

const std::string& configured_file(const config::Config& config, const AccessFileKind& kind) {
    return kind.key == users.key ? config.access.users_file : config.access.tokens_file;
}

/// The owner of a new file is that of the other file, if there is one.
std::string other_file(const AccessFile& file, const AccessFileKind& kind) {
    return file.config ? configured_file(*file.config, kind.key == users.key ? tokens : users)
                       : std::string();
}

/// Creates the folder of the usual files, so that nothing has to be set up. Its files are private,
/// the folder need not be.
void create_usual_folder(const std::string& folder) noexcept {
    constexpr mode_t mode = 0755;
    if (::mkdir(folder.c_str(), mode) == 0) {
        static_cast<void>(::chmod(folder.c_str(), mode)); // whatever the umask
    }
}

/// Empty if files in the folder of `path` can be replaced.
std::string folder_problem(const std::string& path) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0) {
        return {};
    }
    const int error = errno;
    const std::string parent = folder.substr(0, folder.rfind('/', folder.size() - 2) + 1);
    const bool permitted =
        ::faccessat(AT_FDCWD, parent.c_str(), W_OK | X_OK, AT_EACCESS) == 0 || errno != EACCES;
    return fmt::format("{} can't be written to: {}: {}, or name another file by --file", folder,
                       std::strerror(error),
                       error == ENOENT && permitted ? "create it" : "use sudo");
}

/// Lines for the user about a new file.
std::string reader_hint(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IRGRP) != 0) {
        return {};
    }
    return fmt::format(
        "Only the user that runs this command can read {}. If ringcast runs as another "
        "user, let a group of that user read it:\n"
        "  sudo chgrp GROUP {} && sudo chmod 640 {}\n",
        path, path, path);
}

/// Lines for the user.
std::string use_hint(const AccessFile& file, const AccessFileKind& kind, bool created) {
    if (file.configured || (!file.config && !created)) {
        return std::string(reload_hint);
    }
    const std::string where = file.config ? file.config_path : "the configuration";
    const bool has_section = file.config && file.config->access.restricted();
    return fmt::format("To use it, add {} {}, and restart ringcast:\n{}  {} = {}\n",
                       has_section ? "under [access] in" : "to", where,
                       has_section ? "" : "  [access]\n", kind.key, config::toml_quoted(file.path));
}

} // namespace

const AccessFileKind& users_kind() noexcept {
    return users;
}

const AccessFileKind& tokens_kind() noexcept {
    return tokens;
}

EarlyExit failed(const Error& error, ExitCode code) {
    return {code, "", fmt::format("ringcast: {}\n", error.message)};
}

tl::expected<config::Config, EarlyExit> load_access_config(std::string& path,
                                                           const AccessPaths& paths) {
    if (path.empty()) {
        path = paths.config;
        if (!exists(path)) {
            return tl::unexpected(
                failed({fmt::format("there is no {}: name the configuration of the "
                                    "server by --config FILE",
                                    path)},
                       ExitCode::usage_error));
        }
    }
    auto loaded = config::load(path);
    if (!loaded) {
        return tl::unexpected(EarlyExit{ExitCode::usage_error, "", loaded.error().text()});
    }
    return *std::move(loaded);
}

tl::expected<AccessFile, EarlyExit> choose_access_file(const AccessFileKind& kind,
                                                       const AccessFileChoice& choice,
                                                       const AccessPaths& paths) {
    AccessFile file;
    if (!choice.config.empty() || (choice.file.empty() && exists(paths.config))) {
        file.config_path = choice.config;
        auto config = load_access_config(file.config_path, paths);
        if (!config) {
            return tl::unexpected(config.error());
        }
        file.config = *std::move(config);
    }
    const std::string configured = file.config ? configured_file(*file.config, kind) : "";
    if (!choice.file.empty()) {
        file.path = absolute_path(choice.file);
    } else if (!configured.empty()) {
        file.path = configured;
    } else {
        file.path = fmt::format("{}/{}", paths.folder, kind.file_name);
    }
    if (file.path.substr(0, file.path.rfind('/')) == paths.folder) {
        create_usual_folder(paths.folder);
    }
    file.configured = file.path == configured;
    if (const std::string problem = folder_problem(file.path); !problem.empty()) {
        return tl::unexpected(failed({problem}));
    }
    return file;
}

Result<std::string> change_access_file(const AccessFile& file, const AccessFileKind& kind,
                                       const EntryEdit& edit) {
    std::string problem;
    const auto changed = change_private_file(
        file.path, kind.content, access::access_file_bytes_max, other_file(file, kind),
        [&](const std::optional<std::string>& old) -> Result<std::string> {
            const std::string before = old.value_or("");
            auto text = edit(before);
            if (!text) {
                return text;
            }
            problem = kind.problem(*text, file.path);
            const bool was_accepted =
                !access::has_entries(before) || kind.problem(before, file.path).empty();
            if (!problem.empty() && was_accepted) {
                return fail(problem);
            }
            return text;
        });
    if (!changed) {
        return tl::unexpected<Error>(changed.error());
    }
    std::string lines;
    if (!problem.empty()) {
        lines = fmt::format("ringcast refuses this file until another line is corrected:\n  {}\n",
                            problem);
    }
    if (changed->created) {
        lines += reader_hint(file.path);
    }
    return lines + use_hint(file, kind, changed->created);
}

Result<std::string> remove_access_entry(const AccessFile& file, const AccessFileKind& kind,
                                        std::string_view noun, const std::string& name) {
    return change_access_file(file, kind, [&](const std::string& text) -> Result<std::string> {
        std::string without = access::without_entry(text, name);
        if (without == text) {
            return fail(fmt::format("{} has no {} {}", file.path, noun, name));
        }
        if (!access::has_entries(without)) {
            return fail(
                fmt::format("{0} is the last {1} in {2}, and ringcast refuses an empty file: "
                            "add another {1} first, or remove {3} from the configuration",
                            name, noun, file.path, kind.key));
        }
        return without;
    });
}

} // namespace ringcast::app
