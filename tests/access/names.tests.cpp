#include "access/names.hpp"

#include <catch2/catch_test_macros.hpp>

#include "config/keys.hpp"

using namespace ringcast;

TEST_CASE("names of streams have the form that the configuration accepts") {
    for (const std::string& name :
         {std::string(), std::string("door"), std::string("0"), std::string("-door"),
          std::string("_"), std::string("a-B_9"), std::string("a.b"), std::string("a@b"),
          std::string("caf\xC3\xA9"), std::string("a\0b", 3), std::string(63, 'a'),
          std::string(64, 'a')}) {
        INFO(name);
        CHECK(access::is_stream_name(name) == config::stream_name_problem(name).empty());
    }
}
