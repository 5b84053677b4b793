#include "access/digest.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using access::hexadecimal;

namespace {

std::string hmac(std::string_view key, std::string_view data) {
    return hexadecimal(access::hmac_sha256(as_bytes(key), as_bytes(data)));
}

} // namespace

TEST_CASE("SHA-256 has the values of FIPS 180") {
    CHECK(hexadecimal(access::sha256(as_bytes("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hexadecimal(access::sha256({})) ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("HMAC-SHA-256 has the values of RFC 4231") {
    std::string counting_key;
    for (char c = 1; c <= 25; ++c) {
        counting_key.push_back(c);
    }
    const std::string long_key(131, '\xAA');
    CHECK(hmac(std::string(20, '\x0B'), "Hi There") ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hmac("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac(std::string(20, '\xAA'), std::string(50, '\xDD')) ==
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    CHECK(hmac(counting_key, std::string(50, '\xCD')) ==
          "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    CHECK(hmac(long_key, "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(hmac(long_key, "This is a test using a larger than block-size key and a larger than "
                         "block-size data. The key needs to be hashed before being used by the "
                         "HMAC algorithm.") ==
          "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST_CASE("bytes are equal only if all of them are, and as many") {
    CHECK(access::equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
    CHECK(access::equal_in_constant_time({}, {}));
    CHECK_FALSE(access::equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
    CHECK_FALSE(access::equal_in_constant_time(as_bytes("abc"), as_bytes("ab")));
}
