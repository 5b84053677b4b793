#include "stream/stream_table.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::stream {

StreamTable::StreamTable(std::uint32_t capacity) : sends_(capacity), entries_(capacity) {
    RINGCAST_ASSERT(capacity > 0);
    RINGCAST_ASSERT(capacity <= io::stream_id_limit);
}

StreamTable::~StreamTable() = default;

Stream& StreamTable::add(StreamSetup setup, io::Engine& engine, const StreamSettings& settings,
                         source::PlaceholderPainter* painter) {
    RINGCAST_ASSERT(!full());
    RINGCAST_ASSERT(setup.arena != nullptr);
    RINGCAST_ASSERT(setup.source != nullptr);
    const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                    [](const Entry& other) { return other.stream == nullptr; });
    const auto index = static_cast<std::uint32_t>(entry - entries_.begin());
    // Generation 0 names nothing.
    entry->generation = entry->generation + 1 < io::stream_id_limit ? entry->generation + 1 : 1;
    sends_[index].counters = {};
    const io::StreamId id{index, entry->generation};
    directory_.push_back({setup.name, id});
    entry->stream =
        std::make_unique<Stream>(id, std::move(setup), engine, settings, painter, sends_[index]);
    live_.push_back(entry->stream.get());
    return *entry->stream;
}

Stream* StreamTable::find(io::StreamId id) const noexcept {
    if (id.index >= entries_.size()) {
        return nullptr;
    }
    const Entry& entry = entries_[id.index];
    return entry.generation == id.generation ? entry.stream.get() : nullptr;
}

void StreamTable::retire(io::StreamId id) noexcept {
    get(id).retire();
    std::erase_if(directory_, [id](const DirectoryEntry& entry) { return entry.id == id; });
}

void StreamTable::erase_gone() noexcept {
    std::erase_if(live_, [this](Stream* stream) {
        if (!stream->gone()) {
            return false;
        }
        entries_[stream->id().index].stream.reset();
        return true;
    });
}

} // namespace ringcast::stream
