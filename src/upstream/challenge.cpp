#include "upstream/challenge.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "http/field_syntax.hpp"
#include "http/header_value.hpp"
#include "http/letter_case.hpp"

namespace ringcast::upstream {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::string_view separators = ", \t";

} // namespace

std::optional<Challenge> ChallengeReader::next() {
    skip(separators);
    // Neither a scheme, nor after one.
    while (!text_.empty() && (parameter_follows() || peek_token().empty())) {
        skip_to_comma();
        skip(separators);
    }
    if (text_.empty()) {
        return std::nullopt;
    }
    Challenge challenge;
    challenge.scheme = http::lower_case(peek_token());
    text_.remove_prefix(challenge.scheme.size());
    skip(blanks);
    if (!text_.empty() && text_.front() != ',' && !parameter_follows()) {
        // Credentials of schemes such as Negotiate, in base64.
        skip_to_comma();
    }
    skip(separators);
    while (parameter_follows()) {
        read_parameter(challenge);
        skip(separators);
    }
    return challenge;
}

std::string_view ChallengeReader::peek_token() const noexcept {
    const auto* const end = std::find_if_not(text_.begin(), text_.end(), http::is_token_character);
    return text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
}

/// True exactly when `text_` begins with a name and an equals sign.
bool ChallengeReader::parameter_follows() const noexcept {
    const std::size_t name_bytes = peek_token().size();
    const std::size_t after_blanks = text_.find_first_not_of(blanks, name_bytes);
    return name_bytes > 0 && after_blanks != std::string_view::npos && text_[after_blanks] == '=';
}

void ChallengeReader::skip(std::string_view characters) noexcept {
    text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
}

void ChallengeReader::skip_to_comma() noexcept {
    text_.remove_prefix(std::min(text_.find(','), text_.size()));
}

void ChallengeReader::read_parameter(Challenge& challenge) {
    const std::string_view name = peek_token();
    text_.remove_prefix(text_.find('=') + 1);
    skip(blanks);
    std::string value = http::take_value(text_, separators);

    const std::array<std::pair<std::string_view, std::string*>, 6> parameters = {{
        {"realm", &challenge.realm},
        {"nonce", &challenge.nonce},
        {"opaque", &challenge.opaque},
        {"algorithm", &challenge.algorithm},
        {"qop", &challenge.qop},
        {"stale", &challenge.stale},
    }};
    for (const auto& [known, to] : parameters) {
        if (!http::equal_ignoring_case(name, known) || !to->empty()) {
            continue;
        }
        if (value.size() > Challenge::parameter_bytes_max ||
            std::any_of(value.begin(), value.end(), http::is_control_character)) {
            challenge.malformed = true;
        } else {
            *to = std::move(value);
        }
        return;
    }
}

} // namespace ringcast::upstream
