#pragma once
// The state of a source that reads another server's stream, for status, metrics and the detection
// of loops: plain data, filled by the source. Knows neither connections nor how it is rendered.

#include <cstdint>
#include <string>
#include <vector>

namespace ringcast::source {

/// State of a source that reads another server's stream.
struct UpstreamStatus {
    std::string address; ///< as configured, without secrets: "printer.local:8080/stream"
    std::string peer;    ///< numeric address of the connection: "192.0.2.10:8080"; empty: none
    /// "resting", "waiting", "connecting", "requesting", "receiving" or "polling"
    std::string state;
    std::string server; ///< the Server header of its last answer; empty: unknown
    /// "upstream": the ages of frames count from its timestamps; "arrival": from when they arrived;
    /// empty before the first frame.
    std::string clock;
    std::vector<std::string> via;           ///< ids of the ringcasts on the way, nearest first
    std::uint64_t connections = 0;          ///< that were made
    std::uint64_t parts_without_signal = 0; ///< "no signal" pictures of a ringcast: no frames

    /// Frames arrive, or would if the other server had any.
    [[nodiscard]] bool connected() const noexcept {
        return state == "receiving" || state == "polling";
    }
};

} // namespace ringcast::source
