#include "app/access_rules.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "access/entries.hpp"
#include "access/tokens.hpp"
#include "access/users_file.hpp"
#include "app/link_key.hpp"
#include "app/private_file.hpp"

namespace ringcast::app {

namespace {

/// A file of [access].
struct EntriesFile {
    const std::string& path; ///< empty: there is none
    std::string_view content;
    std::string_view command; ///< that makes it
};

template <typename Entries, typename Parse>
Result<Entries> read_entries_of(const EntriesFile& file, Parse parse) {
    if (file.path.empty()) {
        return Entries();
    }
    const auto text =
        read_private_file_if_exists(file.path, file.content, access::access_file_bytes_max + 1);
    if (!text) {
        return tl::unexpected(text.error());
    }
    if (!text->has_value()) {
        return fail(fmt::format("{} in {} can't be read: there is no such file; make it with: "
                                "ringcast {} NAME --file {}",
                                file.content, file.path, file.command, file.path));
    }
    return parse(**text, file.path);
}

access::StreamRule rule_of(const config::StreamConfig& stream) {
    using config::StreamViewers;
    using Kind = access::StreamRule::Kind;
    const Kind kind = stream.viewers.kind == StreamViewers::Kind::everybody ? Kind::everybody
                      : stream.viewers.kind == StreamViewers::Kind::named   ? Kind::named
                                                                            : Kind::known;
    return {stream.name, kind, stream.viewers.names};
}

} // namespace

Result<access::Rules> load_access_rules(const config::Config& config) {
    access::Rules::Parts parts;
    auto user_list = read_entries_of<std::vector<access::User>>(
        {config.access.users_file, "the users", "passwd"}, &access::parse_users);
    if (!user_list) {
        return tl::unexpected(user_list.error());
    }
    auto token_list = read_entries_of<std::vector<access::Token>>(
        {config.access.tokens_file, "the tokens", "token"}, &access::parse_tokens);
    if (!token_list) {
        return tl::unexpected(token_list.error());
    }
    for (const access::Token& token : *token_list) {
        if (std::ranges::find(*user_list, token.name, &access::User::name) != user_list->end()) {
            return fail(
                fmt::format("{} and {} both contain the name {}: lists of viewers could not "
                            "tell them apart, so rename one",
                            config.access.users_file, config.access.tokens_file, token.name));
        }
    }
    auto key = load_link_key(config.access.link_key_file);
    if (!key) {
        return tl::unexpected(key.error());
    }
    parts.users = std::move(*user_list);
    parts.tokens = std::move(*token_list);
    parts.link_key = *key;
    parts.admins = config.access.admins;
    for (const config::StreamConfig& stream : config.streams) {
        parts.streams.push_back(rule_of(stream));
    }
    return access::Rules(std::move(parts));
}

std::string unknown_names_warning(const access::Rules& rules) {
    const std::vector<std::string> names = rules.unknown_names();
    return names.empty()
               ? std::string()
               : fmt::format(
                     "neither users nor tokens contain {}, which the configuration names as "
                     "viewer or administrator",
                     fmt::join(names, ", "));
}

} // namespace ringcast::app
