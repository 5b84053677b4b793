#include "api/status.hpp"

namespace ringcast::api {

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
