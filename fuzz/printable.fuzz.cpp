// Any bytes made printable are valid UTF-8 without control characters, as a decoder that shares no
// code with the function sees it; and what is printable already is not changed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/printable.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// True exactly when `text` is valid UTF-8 that a terminal or a page shows as it is. Compares
/// bytes with the table of well-formed sequences (Unicode Standard, table 3-7), and with the
/// encoded forms of the characters that must not occur.
bool is_harmless(std::string_view text) {
    const auto within = [&](std::size_t at, unsigned first, unsigned last) {
        const unsigned byte = at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
        return byte >= first && byte <= last;
    };
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t last = at + 1;
        if (within(at, 0x20, 0x7E)) {
            at += 1;
        } else if (within(at, 0xC2, 0xDF) && within(last, 0x80, 0xBF)) {
            if ((within(at, 0xC2, 0xC2) && within(last, 0x80, 0x9F)) || // C1
                (within(at, 0xD8, 0xD8) && within(last, 0x9C, 0x9C))) { // U+061C
                return false;
            }
            at += 2;
        } else if (within(at + 2, 0x80, 0xBF) &&
                   ((within(at, 0xE0, 0xE0) && within(last, 0xA0, 0xBF)) ||
                    (within(at, 0xE1, 0xEC) && within(last, 0x80, 0xBF)) ||
                    (within(at, 0xED, 0xED) && within(last, 0x80, 0x9F)) ||
                    (within(at, 0xEE, 0xEF) && within(last, 0x80, 0xBF)))) {
            const bool punctuation = within(at, 0xE2, 0xE2);
            if (punctuation && within(last, 0x80, 0x80) &&
                (within(at + 2, 0x8E, 0x8F) || within(at + 2, 0xA8, 0xAE))) { // U+200E, U+2028
                return false;
            }
            if (punctuation && within(last, 0x81, 0x81) && within(at + 2, 0xA6, 0xA9)) { // U+2066
                return false;
            }
            at += 3;
        } else if (within(at + 2, 0x80, 0xBF) && within(at + 3, 0x80, 0xBF) &&
                   ((within(at, 0xF0, 0xF0) && within(last, 0x90, 0xBF)) ||
                    (within(at, 0xF1, 0xF3) && within(last, 0x80, 0xBF)) ||
                    (within(at, 0xF4, 0xF4) && within(last, 0x80, 0x8F)))) {
            at += 4;
        } else {
            return false;
        }
    }
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const std::string shown = ringcast::printable_text(text);
    require(shown.size() <= text.size());
    require(is_harmless(shown));
    require(ringcast::printable_text(shown) == shown);
    require(is_harmless(text) == (shown == text));
    return 0;
}
