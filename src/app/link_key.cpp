#include "app/link_key.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/core.h>

#include "access/base64url.hpp"
#include "access/tokens.hpp"
#include "app/private_file.hpp"

namespace ringcast::app {

namespace {

constexpr std::string_view key_content = "the key of links";
constexpr std::size_t key_file_bytes_max = 256; // a key has 43 characters

Result<access::LinkKey> parse_link_key(std::string_view text, const std::string& path) {
    const auto bytes = access::base64url_decode(text.substr(0, text.find_last_not_of(" \r\n") + 1));
    access::LinkKey key{};
    if (!bytes || bytes->size() != key.size()) {
        return fail(
            fmt::format("{} is damaged: expected the key of links, {} characters; make a new "
                        "one by ringcast link --revoke-all",
                        path, access::base64url_characters(key.size())));
    }
    std::ranges::copy(*bytes, key.begin());
    return key;
}

/// The file whose readers may read the key.
std::string file_beside(const config::AccessConfig& access) {
    std::error_code error;
    return std::filesystem::exists(access.users_file, error) ? access.users_file
                                                             : access.tokens_file;
}

/// A token has as many random bytes as a key.
Result<std::string> make_key_text() {
    auto text = access::make_token();
    if (text) {
        *text += '\n';
    }
    return text;
}

} // namespace

Result<std::optional<access::LinkKey>> load_link_key(const std::string& path) {
    const auto text = read_private_file_if_exists(path, key_content, key_file_bytes_max);
    if (!text) {
        return tl::unexpected<Error>(text.error());
    }
    if (!*text) {
        return std::optional<access::LinkKey>();
    }
    const auto key = parse_link_key(**text, path);
    if (!key) {
        return tl::unexpected<Error>(key.error());
    }
    return std::optional(*key);
}

Result<CreatedLinkKey> load_or_create_link_key(const config::AccessConfig& access) {
    const std::string& path = access.link_key_file;
    const auto present = load_link_key(path);
    if (!present) {
        return tl::unexpected<Error>(present.error());
    }
    if (*present) {
        return CreatedLinkKey{**present, false};
    }
    std::string text;
    bool made = false;
    const auto changed =
        change_private_file(path, key_content, key_file_bytes_max, file_beside(access),
                            [&](const std::optional<std::string>& other) -> Result<std::string> {
                                // Another process may have made the key meanwhile.
                                made = !other;
                                const auto content =
                                    other ? Result<std::string>(*other) : make_key_text();
                                text = content.value_or("");
                                return content;
                            });
    if (!changed) {
        return tl::unexpected<Error>(changed.error());
    }
    const auto key = parse_link_key(text, path);
    if (!key) {
        return tl::unexpected<Error>(key.error());
    }
    return CreatedLinkKey{*key, made};
}

Result<void> replace_link_key(const config::AccessConfig& access) {
    const auto changed =
        change_private_file(access.link_key_file, key_content, key_file_bytes_max,
                            file_beside(access), [](const auto&) { return make_key_text(); });
    if (!changed) {
        return tl::unexpected<Error>(changed.error());
    }
    return {};
}

} // namespace ringcast::app
