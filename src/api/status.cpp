#include "api/status.hpp"

namespace ringcast::api {

std::string_view send_path_name(SendPath send_path) noexcept {
    switch (send_path) {
    case SendPath::copy:
        return "copy";
    case SendPath::zero_copy:
        return "zero-copy";
    }
    return {};
}

// Frames that are sent from registered buffers of the camera need no registered slots.
std::string_view tier_of(const StreamStatus& stream) {
    if (stream.camera && stream.camera->tier == "registered") {
        return "registered";
    }
    if (!stream.registered) {
        return "unregistered";
    }
    const bool copied = stream.camera && stream.camera->tier == "copied";
    return copied ? "copied" : "registered";
}

std::string_view tier_reason_of(const StreamStatus& stream) {
    const std::string_view tier = tier_of(stream);
    if (tier == "unregistered") {
        return stream.tier_reason;
    }
    return tier == "copied" ? std::string_view(stream.camera->tier_reason) : std::string_view();
}

void hide_details(StatusSnapshot& status, const stream::Directory& directory) {
    status.viewers.clear();
    status.viewers_next.reset();
    std::erase_if(status.streams, [&](const StreamStatus& stream) {
        return !directory.find(stream.name).has_value();
    });
    status.viewers_total = 0;
    for (StreamStatus& stream : status.streams) {
        stream.camera.reset();
        stream.upstream.reset();
        status.viewers_total += stream.viewers;
    }
}

} // namespace ringcast::api
