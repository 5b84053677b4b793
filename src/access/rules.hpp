#pragma once
// Who may do what: the content of the users file, the tokens file and the key of links, together with
// the lists of names in the configuration. Replaced as a whole when the files are read again. No I/O,
// no clock.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/link.hpp"
#include "access/tokens.hpp"
#include "access/users_file.hpp"

namespace ringcast::access {

/// Who may watch a stream.
struct StreamRule {
    enum class Kind : std::uint8_t { known, named, everybody };
    std::string stream;
    Kind kind = Kind::known;          ///< `known`: all users and tokens
    std::vector<std::string> viewers; ///< names of users and tokens, for `named`
};

/// Names a caller together with the secret that proved who that is: it differs when the secret does.
/// Fits into the memory of a viewer, and says later whether the viewer may stay.
enum class Identity : std::uint64_t {
    nobody = 0,         ///< has proven nothing
    guest = UINT64_MAX, ///< came where nobody is asked
};

/// Who sends a request.
struct Caller {
    Identity identity = Identity::nobody;
    bool administrates = false;
    std::optional<Link> link; ///< set exactly for those that came with a link
};

class Rules {
public:
    struct Parts {
        std::vector<User> users;
        std::vector<Token> tokens;
        std::optional<LinkKey> link_key;
        std::vector<std::string> admins;
        std::vector<StreamRule> streams; ///< those without a rule are for all users and tokens
    };
    Rules() = default;
    explicit Rules(Parts parts);

    [[nodiscard]] const User* find_user(std::string_view name) const noexcept;
    [[nodiscard]] std::span<const User> users() const noexcept { return parts_.users; }
    [[nodiscard]] std::span<const Token> tokens() const noexcept { return parts_.tokens; }
    [[nodiscard]] const std::optional<LinkKey>& link_key() const noexcept {
        return parts_.link_key;
    }

    [[nodiscard]] Caller caller_of(const User& user) const;
    [[nodiscard]] Caller caller_of(const Token& token) const;
    /// `link` was signed with the present key.
    [[nodiscard]] Caller caller_of(Link link) const;

    /// Administrators may watch every stream.
    [[nodiscard]] bool may_watch(const Caller& caller, std::string_view stream) const noexcept;
    /// For somebody who has begun to watch, also under earlier rules. Does not look at the stream of a
    /// link, which does not change.
    [[nodiscard]] bool may_stay(Identity identity, std::string_view stream) const noexcept;
    /// True exactly when the identity is that of a user, a token or a link.
    [[nodiscard]] bool is_known(Identity identity) const noexcept {
        return principals_.contains(identity);
    }

    /// Names in lists of the configuration that neither file contains, each once.
    [[nodiscard]] std::vector<std::string> unknown_names() const;

private:
    struct Principal {
        std::string name; ///< empty: a link
        bool administrates = false;
        std::vector<std::string> streams; ///< of a token; empty: all
    };

    void add(Identity identity, Principal principal);
    [[nodiscard]] const StreamRule* find_rule(std::string_view stream) const noexcept;
    [[nodiscard]] bool is_admin(std::string_view name) const noexcept;

    Parts parts_;
    std::map<Identity, Principal> principals_;
};

} // namespace ringcast::access
