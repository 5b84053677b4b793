#include "base/printable.hpp"

#include <array>
#include <cstdint>

namespace ringcast {

namespace {

constexpr char replacement = '?';

struct Character {
    std::uint32_t code = 0;
    std::size_t bytes = 1;
    bool valid = false;
};

/// A form of RFC 3629: lead bytes from `lead` to `lead_last`, followed by `tail` continuation bytes.
struct Form {
    unsigned char lead;
    unsigned char lead_last;
    std::size_t tail;
    std::uint32_t code_min; ///< smaller ones have a shorter form
};
constexpr std::array forms{
    Form{0xC2, 0xDF, 1, 0x80},
    Form{0xE0, 0xEF, 2, 0x800},
    Form{0xF0, 0xF4, 3, 0x10000},
};

/// The character at the beginning of `text`, which is not empty; one invalid byte if there is none.
Character first_character(std::span<const char> text) noexcept {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) {
        return {lead, 1, true};
    }
    for (const Form& form : forms) {
        if (lead < form.lead || lead > form.lead_last) {
            continue;
        }
        if (text.size() <= form.tail) {
            return {};
        }
        std::uint32_t code = lead & (0x3FU >> form.tail);
        for (std::size_t i = 1; i <= form.tail; ++i) {
            if ((byte(i) & 0xC0U) != 0x80) {
                return {};
            }
            code = code << 6U | (byte(i) & 0x3FU);
        }
        const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        if (code < form.code_min || surrogate || code > 0x10FFFF) {
            return {};
        }
        return {code, form.tail + 1, true};
    }
    return {};
}

bool is_printable(std::uint32_t code) noexcept {
    const auto within = [code](std::uint32_t first, std::uint32_t last) {
        return code >= first && code <= last;
    };
    const bool control = code < 0x20 || within(0x7F, 0x9F); // C0; DEL and C1
    const bool separator = within(0x2028, 0x2029);
    // The characters with the property Bidi_Control (Unicode Standard Annex 9).
    const bool direction = code == 0x061C || within(0x200E, 0x200F) || within(0x202A, 0x202E) ||
                           within(0x2066, 0x2069);
    return !control && !separator && !direction;
}

} // namespace

std::size_t make_printable(std::span<char> text) noexcept {
    std::size_t written = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Character character = first_character(text.subspan(at));
        if (!character.valid || !is_printable(character.code)) {
            text[written++] = replacement;
        } else {
            for (std::size_t i = 0; i < character.bytes; ++i) {
                text[written++] = text[at + i];
            }
        }
        at += character.bytes;
    }
    return written;
}

std::string printable_text(std::string_view text) {
    std::string copy(text);
    copy.resize(make_printable(copy));
    return copy;
}

} // namespace ringcast
