#include "access/password_hash.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include <crypt.h>
#include <fmt/core.h>
#include <openssl/crypto.h>

#include "access/digest.hpp"
#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace ringcast::access {

namespace {

static_assert(password_bytes_max + 1 == CRYPT_MAX_PASSPHRASE_SIZE);

// Costs above these take more than some seconds for each attempt on a small computer.
constexpr unsigned bcrypt_cost_min = 4; // crypt(5)
constexpr unsigned bcrypt_cost_max = 15;
constexpr unsigned sha_rounds_min = 1000;     // "Unix crypt using SHA-256 and SHA-512", Drepper
constexpr unsigned sha_rounds_default = 5000; // as above
constexpr unsigned sha_rounds_max = 1'000'000;
/// What libxcrypt writes for the costs 1 to 7. At 7 a hash takes 64 MiB of memory.
constexpr std::array<std::string_view, 7> yescrypt_parameters{"j75", "j85", "j7T", "j8T",
                                                              "j9T", "jAT", "jBT"};

// Characters of salt and hash, from crypt(5).
constexpr std::size_t bcrypt_characters = 53;
constexpr std::size_t yescrypt_salt_characters_max = 86;
constexpr std::size_t yescrypt_characters = 43;
constexpr std::size_t sha_salt_characters_max = 16;
constexpr std::size_t sha512_characters = 86;
constexpr std::size_t sha256_characters = 43;
constexpr std::size_t des_characters = 13;

constexpr std::string_view incomplete = "the hash is incomplete or malformed";

struct KnownHash {
    std::string_view prefix;
    std::string_view name;
};
// crypt(5), and what web servers' users files contain.
constexpr std::array rejected_hashes{
    KnownHash{"$apr1$", "MD5 (apr1)"},
    KnownHash{"$1$", "MD5"},
    KnownHash{"$md5", "MD5 (Sun)"},
    KnownHash{"$sha1$", "SHA-1"},
    KnownHash{"{SHA}", "SHA-1"},
    KnownHash{"{SSHA}", "SHA-1"},
    KnownHash{"$2$", "bcrypt (2)"},
    KnownHash{"$2x$", "bcrypt (2x)"},
    KnownHash{"$3$", "NT"},
    KnownHash{"$7$", "scrypt"},
    KnownHash{"$gy$", "gost-yescrypt"},
    KnownHash{"$argon2", "Argon2"},
    KnownHash{"_", "DES (BSDi)"},
};

/// True exactly when `text` consists of `min` to `max` characters of crypt's base64.
bool is_crypt_text(std::string_view text, std::size_t min, std::size_t max) noexcept {
    constexpr std::string_view alphabet =
        "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return text.size() >= min && text.size() <= max &&
           text.find_first_not_of(alphabet) == std::string_view::npos;
}

/// Removes the text before the next $ from `rest`, and the $. Without a $ that is all.
std::string_view take_field(std::string_view& rest) noexcept {
    const std::size_t end = rest.find('$');
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return field;
}

/// A decimal number of at most 9 digits; 0 for other text.
unsigned decimal(std::string_view text) noexcept {
    unsigned value = 0;
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    return text.size() <= 9 && result.ec == std::errc{} && result.ptr == end ? value : 0;
}

std::string bcrypt_problem(std::string_view rest) {
    const std::string_view cost_text = take_field(rest);
    const unsigned cost = decimal(cost_text);
    if (cost_text.size() != 2 || cost < bcrypt_cost_min ||
        !is_crypt_text(rest, bcrypt_characters, bcrypt_characters)) {
        return std::string(incomplete);
    }
    return cost <= bcrypt_cost_max
               ? std::string()
               : fmt::format("the cost of the hash is too high, expected at most {}",
                             bcrypt_cost_max);
}

std::string sha_problem(std::string_view rest, std::size_t characters) {
    constexpr std::string_view rounds_prefix = "rounds=";
    std::string_view salt = take_field(rest);
    unsigned rounds = sha_rounds_default;
    if (salt.starts_with(rounds_prefix)) {
        rounds = decimal(salt.substr(rounds_prefix.size()));
        salt = take_field(rest);
    }
    if (rounds < sha_rounds_min || !is_crypt_text(salt, 1, sha_salt_characters_max) ||
        !is_crypt_text(rest, characters, characters)) {
        return std::string(incomplete);
    }
    return rounds <= sha_rounds_max
               ? std::string()
               : fmt::format("the hash has too many rounds, expected at most {}", sha_rounds_max);
}

std::string yescrypt_problem(std::string_view rest) {
    const std::string_view parameters = take_field(rest);
    const std::string_view salt = take_field(rest);
    if (parameters.empty() || !is_crypt_text(salt, 1, yescrypt_salt_characters_max) ||
        !is_crypt_text(rest, yescrypt_characters, yescrypt_characters)) {
        return std::string(incomplete);
    }
    return std::ranges::find(yescrypt_parameters, parameters) != yescrypt_parameters.end()
               ? std::string()
               : fmt::format("the hash has other yescrypt parameters than the costs 1 to {} of "
                             "crypt(5)",
                             yescrypt_parameters.size());
}

std::string_view password_problem(std::string_view password) noexcept {
    if (password.empty()) {
        return "the password is empty";
    }
    if (password.size() > password_bytes_max) {
        return "the password is too long, expected at most 511 bytes";
    }
    if (password.find('\0') != std::string_view::npos) {
        return "the password contains a null character, expected none";
    }
    return {};
}

/// The memory that libxcrypt works in (32 KiB), wiped in the end.
class CryptWork {
public:
    CryptWork() = default;
    ~CryptWork() { OPENSSL_cleanse(&data_, sizeof(data_)); }
    CryptWork(const CryptWork&) = delete;
    CryptWork& operator=(const CryptWork&) = delete;
    CryptWork(CryptWork&&) = delete;
    CryptWork& operator=(CryptWork&&) = delete;

    /// The hash of `password` with the method, cost and salt of `setting`, which may be a hash.
    /// Empty if libxcrypt rejects the setting.
    [[nodiscard]] std::string_view hash(std::string_view password, std::string_view setting) {
        // Both arrays are zeroed, so the texts end in a null character.
        RINGCAST_ASSERT(password.size() < sizeof(data_.input));
        RINGCAST_ASSERT(setting.size() < sizeof(data_.setting));
        std::ranges::copy(password, std::begin(data_.input));
        std::ranges::copy(setting, std::begin(data_.setting));
        const char* const result =
            crypt_r(std::data(data_.input), std::data(data_.setting), &data_);
        // Errors are texts that begin with an asterisk.
        return result == nullptr || *result == '*' ? std::string_view() : result;
    }

private:
    crypt_data data_{};
};

} // namespace

std::string hash_problem(std::string_view hash) {
    if (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$")) {
        return bcrypt_problem(hash.substr(4));
    }
    if (hash.starts_with("$y$")) {
        return yescrypt_problem(hash.substr(3));
    }
    if (hash.starts_with("$6$")) {
        return sha_problem(hash.substr(3), sha512_characters);
    }
    if (hash.starts_with("$5$")) {
        return sha_problem(hash.substr(3), sha256_characters);
    }
    constexpr std::string_view accepted = "yescrypt, bcrypt, SHA-512 or SHA-256";
    for (const KnownHash& rejected : rejected_hashes) {
        if (hash.starts_with(rejected.prefix)) {
            return fmt::format("{} hashes are not accepted, expected {}", rejected.name, accepted);
        }
    }
    if (is_crypt_text(hash, des_characters, des_characters)) {
        return fmt::format("DES hashes are not accepted, expected {}", accepted);
    }
    return fmt::format("not a hash of a known kind, expected {}", accepted);
}

bool verify_password(std::string_view password, std::string_view hash) {
    if (!password_problem(password).empty() || !hash_problem(hash).empty()) {
        return false;
    }
    const auto work = std::make_unique<CryptWork>();
    return equal_in_constant_time(as_bytes(work->hash(password, hash)), as_bytes(hash));
}

Result<std::string> make_password_hash(std::string_view password) {
    if (const std::string_view problem = password_problem(password); !problem.empty()) {
        return fail(std::string(problem));
    }
    std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
    // Without bytes to use, libxcrypt takes random ones from the system. Cost 0 is its default.
    if (crypt_gensalt_rn("$y$", 0, nullptr, 0, setting.data(), static_cast<int>(setting.size())) ==
        nullptr) {
        return fail("libcrypt made no yescrypt salt: install libxcrypt 4.2 or later");
    }
    const auto work = std::make_unique<CryptWork>();
    std::string hash(work->hash(password, setting.data()));
    if (hash.empty()) {
        return fail("libcrypt made no yescrypt hash: is there enough memory?");
    }
    return hash;
}

} // namespace ringcast::access
