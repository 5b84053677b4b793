#pragma once
// One operation of the engine, and the attempt to do it now. Every attempt is made so that it can't
// block, whatever the flags of the descriptor: O_NONBLOCK would change the descriptor for all
// programs that share it.

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "io/engine.hpp"
#include "io/token.hpp"

namespace ringcast::epoll {

enum class OperationKind : std::uint8_t {
    accept,
    connect,
    receive,
    receive_all,
    read,
    send,
    poll_readable,
    poll_hangup,
};

/// What an operation waits for. Operations on one descriptor that wait for data, or for room, are
/// done in the order in which they were prepared; polls wait for nobody.
enum class Direction : std::uint8_t { none, in, out };

struct Operation {
    io::OpToken token;
    OperationKind kind = OperationKind::receive;
    int fd = -1;
    ByteSpan into{};       ///< accept, send: empty; else what is still to be filled
    ConstByteSpan bytes{}; ///< of a send: what is still to be sent
    const io::SocketAddress* address = nullptr; ///< of a connect
    io::SendOptions options{};                  ///< of a send
    std::int32_t done = 0; ///< bytes that earlier attempts have sent or received
};

[[nodiscard]] Direction direction_of(OperationKind kind) noexcept;

/// The result, as in io::Completion; none when the operation has to wait until the descriptor is
/// ready.
[[nodiscard]] std::optional<std::int32_t> attempt(Operation& operation) noexcept;

/// Does a read that has to wait, of a descriptor that can't be waited for (a regular file).
[[nodiscard]] std::int32_t read_at_once(const Operation& operation) noexcept;

/// The result of an operation that ends with `error` (-errno): the bytes so far, if there are any.
[[nodiscard]] inline std::int32_t ended_result(const Operation& operation,
                                               std::int32_t error) noexcept {
    return operation.done > 0 ? operation.done : error;
}

} // namespace ringcast::epoll
