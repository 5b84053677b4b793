#include "http/accept_encoding.hpp"

#include <optional>

#include "http/field_syntax.hpp"
#include "http/letter_case.hpp"

namespace ringcast::http {

namespace {

/// "0", "0.", "0.000": the coding is not acceptable. `parameters`: all behind the coding's name.
bool has_zero_weight(std::string_view parameters) noexcept {
    const std::string_view weight = trimmed(parameters, " \t;");
    return weight.size() > 2 && equal_ignoring_case(weight.substr(0, 2), "q=") &&
           weight.find_first_not_of("0.", 2) == std::string_view::npos;
}

} // namespace

bool accepts_gzip(std::string_view accept_encoding) noexcept {
    std::optional<bool> named;
    bool any = false;
    for_each_element(accept_encoding, [&](std::string_view element) {
        const std::size_t end = std::min(element.find(';'), element.size());
        const std::string_view coding = trimmed(element.substr(0, end));
        const bool acceptable = !has_zero_weight(element.substr(end));
        if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {
            named = acceptable;
        } else if (coding == "*") {
            any = acceptable;
        }
    });
    return named.value_or(any);
}

} // namespace ringcast::http
