#include "app/findings.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

namespace ringcast::app {

namespace {

std::string_view word(Verdict verdict) {
    switch (verdict) {
    case Verdict::ok:
        return "ok";
    case Verdict::note:
        return "note";
    case Verdict::problem:
        return "problem";
    }
    return "";
}

} // namespace

std::string report(std::span<const Finding> findings) {
    std::string text;
    for (const Finding& finding : findings) {
        text +=
            fmt::format("{:<8} {}: {}\n", word(finding.verdict), finding.subject, finding.meaning);
        if (!finding.advice.empty()) {
            text += fmt::format("{:<8} to do: {}\n", "", finding.advice);
        }
    }
    const auto count = [&](Verdict verdict) {
        return std::ranges::count(findings, verdict, &Finding::verdict);
    };
    return text + fmt::format("{} ok, {} to note, {} to fix\n", count(Verdict::ok),
                              count(Verdict::note), count(Verdict::problem));
}

bool has_problem(std::span<const Finding> findings) {
    return std::ranges::find(findings, Verdict::problem, &Finding::verdict) != findings.end();
}

} // namespace ringcast::app
