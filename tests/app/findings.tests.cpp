#include "app/findings.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::app;

TEST_CASE("the report has a line for each finding, its advice, and a summary") {
    const std::vector<Finding> findings = {{Verdict::ok, "this", "is good", {}},
                                           {Verdict::note, "that", "is so-so", "do something"},
                                           {Verdict::problem, "those", "are bad", {}}};
    CHECK(report(findings) == "ok       this: is good\n"
                              "note     that: is so-so\n"
                              "         to do: do something\n"
                              "problem  those: are bad\n"
                              "1 ok, 1 to note, 1 to fix\n");
    CHECK(has_problem(findings));
    CHECK_FALSE(has_problem(std::span(findings).first(2)));
}
