#include "http/multipart.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/assert.hpp"

namespace ringcast::http {
namespace {

// Appends to memory that the caller has found large enough.
class Writer {
public:
    explicit Writer(ByteSpan into) noexcept : into_(into) {}

    void text(std::string_view text) noexcept {
        RINGCAST_ASSERT(text.size() <= into_.size() - written_);
        std::memcpy(into_.data() + written_, text.data(), text.size());
        written_ += text.size();
    }
    void printable_ascii(std::string_view text) noexcept {
        RINGCAST_ASSERT(text.size() <= into_.size() - written_);
        for (const char c : text) {
            into_[written_++] = static_cast<std::byte>(c >= ' ' && c <= '~' ? c : '?');
        }
    }
    void number(std::uint64_t value, std::size_t digits_min = 1) noexcept {
        std::array<char, 20> digits{};
        const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
        const auto count = static_cast<std::size_t>(end - digits.begin());
        for (std::size_t i = count; i < digits_min; ++i) {
            text("0");
        }
        text({digits.data(), count});
    }
    [[nodiscard]] std::size_t written() const noexcept { return written_; }

private:
    ByteSpan into_;
    std::size_t written_ = 0;
};

// UNIX seconds with six decimals. A time before 1970 (a clock that was never set) is written as 0.
void write_timestamp(Writer& writer, WallTime captured) noexcept {
    const auto since_epoch = std::max(captured.time_since_epoch(), Duration::zero());
    const auto microseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count());
    writer.number(microseconds / 1'000'000);
    writer.text(".");
    writer.number(microseconds % 1'000'000, 6);
}

void write_reason(Writer& writer, std::string_view reason) noexcept {
    constexpr std::string_view name = "X-Ringcast-Reason: ";
    if (!reason.empty()) {
        writer.text("\r\n");
        writer.text(name);
        writer.printable_ascii(reason.substr(0, part_line_bytes_max - name.size()));
    }
}

} // namespace

Boundary::Boundary(std::uint64_t random_high, std::uint64_t random_low) noexcept {
    constexpr std::string_view prefix = "ringcast";
    constexpr std::string_view hex = "0123456789abcdef";
    static_assert(prefix.size() + std::size_t{32} == length);
    auto next = std::copy(prefix.begin(), prefix.end(), text_.begin());
    for (const std::uint64_t half : {random_high, random_low}) {
        for (unsigned shift = 64; shift > 0;) {
            shift -= 4;
            *next++ = hex[(half >> shift) & 0xFU];
        }
    }
}

std::size_t write_part_header(ByteSpan headroom, const PartInfo& part) noexcept {
    RINGCAST_ASSERT(headroom.size() >= part_header_bytes_max);
    // The length is only known after writing, and the header must end where the JPEG begins.
    std::array<std::byte, part_header_bytes_max> header;
    Writer writer{header};
    writer.text("Content-Type: image/jpeg\r\nContent-Length: ");
    writer.number(part.jpeg_bytes);
    writer.text("\r\nX-Timestamp: ");
    write_timestamp(writer, part.captured);
    if (!part.rendition.empty()) {
        writer.text("\r\nX-Ringcast-Rendition: ");
        writer.text(part.rendition);
    }
    if (part.placeholder) {
        writer.text("\r\nX-Ringcast-Signal: none");
        write_reason(writer, part.reason);
    }
    writer.text("\r\n\r\n");
    const std::size_t bytes = writer.written();
    std::memcpy(headroom.last(bytes).data(), header.data(), bytes);
    return bytes;
}

void write_part_tail(ByteSpan tailroom, const Boundary& boundary) noexcept {
    RINGCAST_ASSERT(tailroom.size() >= PartTail::advance_bytes);
    Writer writer{tailroom};
    writer.text("\r\n--");
    writer.text(boundary.text());
    writer.text("\r\n");
    RINGCAST_ASSERT(writer.written() == PartTail::standard_bytes);
    writer.text(PartTail::advance_headers);
}

} // namespace ringcast::http
