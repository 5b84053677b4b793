#pragma once
// The states of a connection, and what it reports to the relay.

#include <cstdint>

namespace ringcast::connection {

enum class ConnectionState : std::uint8_t {
    free,
    reading_proxy_header, ///< the PROXY header in front of the first request is being received
    reading,   ///< a request's head or body is being received, or the next one is awaited
    waiting,   ///< a request waits for its answer; no operation is under way
    replying,  ///< a response other than live frames is being sent
    idle,      ///< streaming; ready for the next frame
    following, ///< answered with events, and none of them is being sent
    sending,   ///< streaming; a frame's bytes are not all in the socket yet
    draining,  ///< everything is sent; input is discarded, so that no reset destroys the answer
    aborting,  ///< terminated; its operations are being joined
    closing,   ///< the descriptor is being closed
};

/// What the relay has to do after a completion. The connection's own state has changed already.
enum class ConnectionEvent : std::uint8_t {
    none,
    request,          ///< the request's head is complete, or its body
    bad_request,      ///< the parser rejects the request: answer its error and close
    bad_proxy_header, ///< the PROXY header is malformed or late: abort
    streaming,        ///< the stream's head is sent: the viewer is idle and ready for frames
    following,        ///< the head of an answer with events, or one of these, is sent, or the
                      ///< peer's input has ended
    frame_sent,       ///< a live frame's bytes are in the socket: the viewer is idle
    closed,           ///< everything is joined and the descriptor is closed: free the slot
};

} // namespace ringcast::connection
