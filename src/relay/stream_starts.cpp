#include "relay/stream_starts.hpp"

#include <algorithm>

namespace ringcast::relay {

StreamStarts::Pending StreamStarts::prepare(std::span<const io::StreamId> after) {
    pending_.reserve(pending_.size() + 1);
    return {{}, {after.begin(), after.end()}};
}

void StreamStarts::start_due(const stream::StreamTable& streams) noexcept {
    std::erase_if(pending_, [&](const Pending& pending) {
        stream::Stream* const stream = streams.find(pending.stream);
        if (stream == nullptr || stream->retiring()) {
            return true;
        }
        const bool waits = std::ranges::any_of(pending.after, [&](io::StreamId id) {
            const stream::Stream* const earlier = streams.find(id);
            return earlier != nullptr && !earlier->source_stopped();
        });
        if (!waits) {
            stream->start();
        }
        return !waits;
    });
}

} // namespace ringcast::relay
