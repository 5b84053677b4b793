#include "http/query.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

std::vector<std::pair<std::string, std::string>> parameters(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> all;
    QueryReader reader(query);
    while (const auto parameter = reader.next()) {
        all.emplace_back(parameter->name, parameter->value.value_or("(unreadable)"));
    }
    return all;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

} // namespace

TEST_CASE("a query is split into its parameters") {
    CHECK(parameters("").empty());
    CHECK(parameters("a=1&b=2") == Pairs{{"a", "1"}, {"b", "2"}});
    CHECK(parameters("&&a=1&&b&") == Pairs{{"a", "1"}, {"b", ""}});
    CHECK(parameters("a=b=c") == Pairs{{"a", "b=c"}});
    CHECK(parameters("=1&a=2") == Pairs{{"a", "2"}});
    CHECK(parameters("1732342342") == Pairs{{"1732342342", ""}});
}

TEST_CASE("a second question mark separates parameters too") {
    CHECK(parameters("action=stream?dummy=param.mjpg") ==
          Pairs{{"action", "stream"}, {"dummy", "param.mjpg"}});
}

TEST_CASE("names and values are percent-decoded") {
    CHECK(parameters("%61ction=a%20b%26%3D%3f") == Pairs{{"action", "a b&=?"}});
    CHECK(parameters("a=%C3%A4") == Pairs{{"a", "\xC3\xA4"}});
}

TEST_CASE("values that can't be decoded are distinguished from empty ones") {
    for (const std::string value : {"%", "%4", "%4g", "%%41", "%00", "%0a", "%7f"}) {
        CAPTURE(value);
        CHECK(parameters("a=" + value + "&b=") == Pairs{{"a", "(unreadable)"}, {"b", ""}});
    }
    CHECK(parameters("a=" + std::string(QueryReader::decoded_bytes_max + 1, 'x')) ==
          Pairs{{"a", "(unreadable)"}});
    const std::string longest(QueryReader::decoded_bytes_max, 'x');
    CHECK(parameters("a=" + longest) == Pairs{{"a", longest}});
}

TEST_CASE("parameters whose name can't be decoded are skipped") {
    CHECK(parameters("%zz=1&b=2") == Pairs{{"b", "2"}});
    CHECK(parameters(std::string(QueryReader::decoded_bytes_max + 1, 'x') + "=1&b=2") ==
          Pairs{{"b", "2"}});
}

TEST_CASE("an integer must be the whole text and within its range") {
    CHECK(read_integer("0", 0, 10) == 0);
    CHECK(read_integer("10", 0, 10) == 10);
    CHECK(read_integer("-3", -5, 10) == -3);
    for (const std::string_view text :
         {"11", "-1", "", " 1", "1 ", "1.0", "0x1", "1e1", "+1", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK(!read_integer(text, 0, 10));
    }
}

TEST_CASE("a number must be the whole text and finite") {
    CHECK(read_number("0.5") == 0.5);
    CHECK(read_number("30") == 30.0);
    for (const std::string_view text : {"", "x", "1x", "inf", "nan", "1e999", "0,5", " 1"}) {
        CAPTURE(text);
        CHECK(!read_number(text));
    }
}

TEST_CASE("flags are 1 or 0") {
    CHECK(read_flag("1") == true);
    CHECK(read_flag("0") == false);
    CHECK(!read_flag(""));
    CHECK(!read_flag("true"));
    CHECK(!read_flag("10"));
}

} // namespace ringcast::http
