#include "http/chunk_decoder.hpp"

#include <string_view>

#include <llhttp.h>

#include "base/assert.hpp"

namespace ringcast::http {

/// llhttp behind a head that announces a chunked body. It pauses at each piece of data and at the
/// end.
struct ChunkDecoder::Machine {
    llhttp_t parser{};
    llhttp_settings_t settings{};
    ConstByteSpan data;
    bool ended = false;

    Machine() noexcept {
        llhttp_settings_init(&settings);
        settings.on_body = [](llhttp_t* from, const char* at, std::size_t length) {
            Machine& machine = *static_cast<Machine*>(from->data);
            machine.data = std::as_bytes(std::span(at, length));
            return static_cast<int>(HPE_PAUSED);
        };
        settings.on_message_complete = [](llhttp_t* from) {
            static_cast<Machine*>(from->data)->ended = true;
            return static_cast<int>(HPE_PAUSED);
        };
    }
    // Not movable: `parser` holds pointers to `settings` and to this object.
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    Machine(Machine&&) = delete;
    Machine& operator=(Machine&&) = delete;
    ~Machine() = default;

    void begin() noexcept {
        constexpr std::string_view head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        llhttp_init(&parser, HTTP_RESPONSE, &settings);
        parser.data = this;
        ended = false;
        const llhttp_errno_t result = llhttp_execute(&parser, head.data(), head.size());
        RINGCAST_ASSERT(result == HPE_OK);
    }
};

ChunkDecoder::ChunkDecoder() : machine_(std::make_unique<Machine>()) {
    machine_->begin();
}
ChunkDecoder::~ChunkDecoder() = default;

void ChunkDecoder::begin() noexcept {
    machine_->begin();
    state_ = State::reading;
}

ChunkDecoder::Piece ChunkDecoder::read(ConstByteSpan bytes) noexcept {
    if (state_ != State::reading || bytes.empty()) {
        return {};
    }
    machine_->data = {};
    const auto* const begin = reinterpret_cast<const char*>(bytes.data());
    const llhttp_errno_t result = llhttp_execute(&machine_->parser, begin, bytes.size());
    if (result == HPE_OK) {
        return {bytes.size(), {}};
    }
    if (result != HPE_PAUSED) {
        state_ = State::malformed;
        return {};
    }
    const auto consumed = static_cast<std::size_t>(llhttp_get_error_pos(&machine_->parser) - begin);
    llhttp_resume(&machine_->parser);
    if (machine_->ended) {
        state_ = State::ended;
    }
    return {consumed, machine_->data};
}

} // namespace ringcast::http
