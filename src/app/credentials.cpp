#include "app/credentials.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "http/field_syntax.hpp"

namespace ringcast::app {

namespace {

constexpr std::size_t file_bytes_max = 1024; ///< that are read: the first line fits

Result<Credentials> parse(std::string_view text, const std::string& path) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (line.size() == file_bytes_max) {
        return fail(fmt::format("{}: its first line is too long, expected at most {} bytes", path,
                                file_bytes_max - 1));
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 ||
        std::ranges::any_of(line, http::is_control_character)) {
        return fail(fmt::format("{}: expected USER:PASSWORD in its first line", path));
    }
    return Credentials{std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))};
}

Result<Credentials> read_file(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file.valid() || ::fstat(file.get(), &status) != 0) {
        return fail(
            fmt::format("the credentials in {} can't be read: {}", path, std::strerror(errno)));
    }
    if ((status.st_mode & S_IRWXO) != 0) {
        return fail(fmt::format("everybody on this machine can read the password in {}: "
                                "chmod 600 {}",
                                path, path));
    }
    std::string text(file_bytes_max, '\0');
    const ssize_t count = ::read(file.get(), text.data(), text.size());
    if (count < 0) {
        return fail(
            fmt::format("the credentials in {} can't be read: {}", path, std::strerror(errno)));
    }
    return parse(std::string_view(text).substr(0, static_cast<std::size_t>(count)), path);
}

/// The file that systemd provides for the stream (LoadCredential=NAME:...); empty if there is none.
std::string systemd_file(const std::string& stream_name) {
    const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr) {
        return {};
    }
    std::string path = fmt::format("{}/{}", folder, stream_name);
    return ::access(path.c_str(), F_OK) == 0 ? path : std::string();
}

} // namespace

Result<std::optional<Credentials>> find_credentials(const config::UpstreamConfig& upstream,
                                                    const std::string& stream_name) {
    if (!upstream.url.user.empty()) {
        return std::optional(Credentials{upstream.url.user, upstream.url.password});
    }
    const std::string path =
        upstream.credentials_file.empty() ? systemd_file(stream_name) : upstream.credentials_file;
    if (path.empty()) {
        return std::optional<Credentials>();
    }
    auto credentials = read_file(path);
    if (!credentials) {
        return tl::unexpected<Error>(std::move(credentials.error()));
    }
    return std::optional(std::move(*credentials));
}

} // namespace ringcast::app
