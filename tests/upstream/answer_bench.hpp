#pragma once
// Feeds the answers of an upstream server to a BodyReader, split as a test wants, and records what
// it publishes.

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "http/response_head.hpp"
#include "support/source_fixture.hpp"
#include "upstream/body_reader.hpp"

namespace ringcast::test {

inline ConstByteSpan bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// The head of an answer of status 200; `headers`, each with its line end, follow the status line.
inline std::string ok(std::string_view headers) {
    return std::string("HTTP/1.1 200 OK\r\n").append(headers).append("\r\n");
}
inline const std::string multipart_head =
    ok("Content-Type: multipart/x-mixed-replace; boundary=b\r\n");

/// A part with a length, and the line end behind it. `headers` as above.
inline std::string part(std::string_view content, std::string_view headers = "") {
    std::string text("--b\r\nContent-Type: image/jpeg\r\nContent-Length: ");
    text.append(std::to_string(content.size())).append("\r\n");
    return text.append(headers).append("\r\n").append(content).append("\r\n");
}

/// `text` in chunks of `chunk_bytes`, with the last chunk.
inline std::string chunked(std::string_view text, std::size_t chunk_bytes) {
    std::string result;
    for (; !text.empty(); text.remove_prefix(std::min(chunk_bytes, text.size()))) {
        const std::string_view chunk = text.substr(0, chunk_bytes);
        constexpr std::string_view digits = "0123456789abcdef";
        for (int shift = 28; shift >= 0; shift -= 4) {
            result += digits[(chunk.size() >> static_cast<unsigned>(shift)) & 0xFU];
        }
        result.append("\r\n").append(chunk).append("\r\n");
    }
    return result + "0\r\n\r\n";
}

class AnswerBench {
public:
    static constexpr std::size_t everything = SIZE_MAX;

    explicit AnswerBench(std::size_t frame_bytes_max = 8192) : sink(frame_bytes_max) {}

    /// Begins with the answer `head`; `rest` was received together with it.
    void begin(std::string_view head, std::string_view rest = "") {
        head_.begin();
        const ByteSpan space = head_.free_space();
        RINGCAST_ASSERT(head.size() + rest.size() <= space.size());
        std::memcpy(space.data(), head.data(), head.size());
        std::memcpy(space.data() + head.size(), rest.data(), rest.size());
        RINGCAST_ASSERT(head_.consume(head.size() + rest.size()) == http::ParseState::complete);
        RINGCAST_ASSERT(head_.rest().size() == rest.size());
        reader.begin(sink, head_.head(), false);
        reader.take(head_.rest());
    }
    /// Receives `bytes` in pieces of at most `piece_bytes`; returns those that were not asked for.
    std::string_view feed(std::string_view bytes, std::size_t piece_bytes = everything) {
        while (!bytes.empty() && reader.reading()) {
            const auto receive = reader.next_receive();
            RINGCAST_ASSERT(receive.has_value());
            RINGCAST_ASSERT(!receive->into.empty());
            const std::size_t count = std::min({bytes.size(), receive->into.size(), piece_bytes});
            std::memcpy(receive->into.data(), bytes.data(), count);
            bytes.remove_prefix(count);
            reader.take_received(count);
        }
        return bytes;
    }

    FakeEngine engine;
    source::SourceCounters counters;
    FakeSink sink;
    upstream::BodyReader reader{engine, counters, {"door", "the upstream server"}};

private:
    http::ResponseHeadReader head_;
};

} // namespace ringcast::test
