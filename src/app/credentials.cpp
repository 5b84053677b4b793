#include "app/credentials.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/core.h>
#include <unistd.h>

#include "app/private_file.hpp"
#include "http/field_syntax.hpp"

namespace ringcast::app {

namespace {

constexpr std::size_t credentials_bytes_max = 1024; ///< that are read: the first line fits

Result<Credentials> parse(std::string_view text, const std::string& path) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (line.size() == credentials_bytes_max) {
        return fail(fmt::format("{}: its first line is too long, expected at most {} bytes", path,
                                credentials_bytes_max - 1));
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 ||
        std::ranges::any_of(line, http::is_control_character)) {
        return fail(fmt::format("{}: expected USER:PASSWORD in its first line", path));
    }
    return Credentials{std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))};
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
    const auto text = read_private_file(path, "the credentials", credentials_bytes_max);
    if (!text) {
        return tl::unexpected<Error>(text.error());
    }
    auto credentials = parse(*text, path);
    if (!credentials) {
        return tl::unexpected<Error>(std::move(credentials.error()));
    }
    return std::optional(std::move(*credentials));
}

} // namespace ringcast::app
