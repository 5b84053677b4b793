#include "access/password_hash.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::access;

namespace {

struct Vector {
    std::string_view password;
    std::string_view hash;
};

// Those of Openwall's crypt_blowfish.
constexpr std::array bcrypt_vectors{
    Vector{"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
    Vector{"U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
    Vector{"U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"},
    Vector{"\xA3", "$2a$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"},
    Vector{"\xA3", "$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"},
    Vector{"\xA3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"},
};
// Those of the specification, "Unix crypt using SHA-256 and SHA-512".
constexpr std::array sha_vectors{
    Vector{"Hello world!", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/"
                           "O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"},
    Vector{"Hello world!", "$6$rounds=10000$saltstringsaltst$OW1/"
                           "O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/"
                           "UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."},
    Vector{"This is just a test", "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoN"
                                  "eKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0"},
    Vector{"Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"},
    Vector{"Hello world!",
           "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"},
};
// Made by libxcrypt 4.4.33.
constexpr Vector yescrypt_vector{
    "secret", "$y$j75$k2XAnEHBqQ1Ct2aMXFKNa/$Tg4ZRR7tz/WRlmYbADZh9OJYakPewgSPQqW55EXAJ14"};

void check_vector(const Vector& vector) {
    INFO(vector.hash);
    CHECK(hash_problem(vector.hash).empty());
    CHECK(verify_password(vector.password, vector.hash));
    CHECK_FALSE(verify_password(std::string(vector.password).append("x"), vector.hash));
    std::string other(vector.hash);
    // The first character of the hash proper: the last one has unused bits.
    const std::size_t at = vector.hash.starts_with("$2") ? 29 : vector.hash.rfind('$') + 1;
    other[at] = other[at] == 'a' ? 'b' : 'a';
    CHECK(hash_problem(other).empty());
    CHECK_FALSE(verify_password(vector.password, other));
}

std::string bcrypt_of_cost(std::string_view cost) {
    return std::string("$2b$").append(cost).append("$").append(53, 'a');
}

std::string sha256_of_rounds(std::string_view rounds) {
    return std::string("$5$rounds=").append(rounds).append("$salt$").append(43, 'a');
}

std::string yescrypt_of(std::string_view parameters) {
    return std::string("$y$").append(parameters).append("$salt$").append(43, 'a');
}

} // namespace

TEST_CASE("published hashes match their passwords, and no others") {
    for (const Vector& vector : bcrypt_vectors) {
        check_vector(vector);
    }
    for (const Vector& vector : sha_vectors) {
        check_vector(vector);
    }
    check_vector(yescrypt_vector);
}

TEST_CASE("bcrypt ignores what follows 72 bytes") {
    constexpr std::string_view hash =
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    const std::string password =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    CHECK(verify_password(password, hash));
    CHECK(verify_password(password + "chars after 72 are ignored", hash));
    CHECK_FALSE(verify_password(password.substr(1), hash));
}

TEST_CASE("a new hash is yescrypt, matches its password and has its own salt") {
    const auto first = make_password_hash("front door");
    const auto second = make_password_hash("front door");
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(first->starts_with("$y$j9T$"));
    CHECK(hash_problem(*first).empty());
    CHECK(verify_password("front door", *first));
    CHECK_FALSE(verify_password("front doo", *first));
    CHECK(*first != *second);
}

TEST_CASE("a password has 1 to 511 bytes and no null character") {
    CHECK(make_password_hash(std::string(511, 'a')).has_value());
    CHECK(make_password_hash("").error().message == "the password is empty");
    CHECK(make_password_hash(std::string(512, 'a')).error().message ==
          "the password is too long, expected at most 511 bytes");
    const std::string with_null("secret\0x", 8);
    CHECK(make_password_hash(with_null).error().message ==
          "the password contains a null character, expected none");
    CHECK(verify_password("secret", yescrypt_vector.hash));
    CHECK_FALSE(verify_password(with_null, yescrypt_vector.hash));
    // Of the empty password, from crypt_blowfish.
    CHECK_FALSE(
        verify_password("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"));
}

TEST_CASE("hashes of other kinds are rejected by name") {
    const auto rejects = [](std::string_view hash, std::string_view name) {
        return hash_problem(hash) ==
               std::string(name).append(
                   " hashes are not accepted, expected yescrypt, bcrypt, SHA-512 or SHA-256");
    };
    CHECK(rejects("$apr1$saltsalt$abcdefghijklmnopqrstuv", "MD5 (apr1)"));
    CHECK(rejects("$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1", "MD5"));
    CHECK(rejects("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "SHA-1"));
    CHECK(rejects("$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaa4EbggVDjb8P19RukzXSM3e", "bcrypt (2x)"));
    CHECK(rejects("$argon2id$v=19$m=65536", "Argon2"));
    CHECK(rejects("_J9..K0AyUubDrfOgO4s", "DES (BSDi)"));
    CHECK(rejects("rl.3StKT.4T8M", "DES"));
    CHECK_FALSE(verify_password("rasmuslerdorf", "rl.3StKT.4T8M"));
    for (const std::string_view text : {"secret", "", "$9$abc", "*", "!", "$", "$$"}) {
        CHECK(hash_problem(text) ==
              "not a hash of a known kind, expected yescrypt, bcrypt, SHA-512 or SHA-256");
    }
}

TEST_CASE("every shortened or lengthened hash is rejected") {
    for (const std::string_view hash :
         {bcrypt_vectors[0].hash, sha_vectors[0].hash, sha_vectors[1].hash, sha_vectors[3].hash,
          yescrypt_vector.hash}) {
        for (std::size_t size = 0; size < hash.size(); ++size) {
            CHECK_FALSE(hash_problem(hash.substr(0, size)).empty());
        }
        for (const std::string_view more : {"a", "$", ":", "$a", " "}) {
            CHECK_FALSE(hash_problem(std::string(hash).append(more)).empty());
        }
    }
}

TEST_CASE("a hash that would take minutes to verify is rejected") {
    CHECK(hash_problem(bcrypt_of_cost("15")).empty());
    CHECK(hash_problem(bcrypt_of_cost("16")) ==
          "the cost of the hash is too high, expected at most 15");
    CHECK_FALSE(hash_problem(bcrypt_of_cost("03")).empty());
    CHECK_FALSE(hash_problem(bcrypt_of_cost("5")).empty());
    CHECK_FALSE(hash_problem(bcrypt_of_cost("-5")).empty());
    CHECK(hash_problem(sha256_of_rounds("1000000")).empty());
    CHECK(hash_problem(sha256_of_rounds("1000001")) ==
          "the hash has too many rounds, expected at most 1000000");
    CHECK_FALSE(hash_problem(sha256_of_rounds("999")).empty());
    CHECK_FALSE(hash_problem(sha256_of_rounds("")).empty());
    CHECK_FALSE(hash_problem(sha256_of_rounds("99999999999999999999")).empty());
    CHECK(hash_problem(yescrypt_of("jBT")).empty());
    CHECK(hash_problem(yescrypt_of("jFT")) ==
          "the hash has other yescrypt parameters than the costs 1 to 7 of crypt(5)");
}
