#include "stream/stream_table.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::stream {

StreamTable::StreamTable(std::uint32_t capacity) : sends_(capacity), entries_(capacity) {
    RINGCAST_ASSERT(capacity > 0);
    RINGCAST_ASSERT(capacity <= io::stream_id_limit);
    live_.reserve(capacity);
    directory_.reserve(capacity);
}

StreamTable::~StreamTable() = default;

Stream& StreamTable::create(StreamSetup setup, io::Engine& engine, const StreamSettings& settings,
                            source::PlaceholderPainter* painter) {
    RINGCAST_ASSERT(!full());
    RINGCAST_ASSERT(setup.arena != nullptr);
    RINGCAST_ASSERT(setup.source != nullptr);
    const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                    [](const Entry& other) { return other.stream == nullptr; });
    const auto index = static_cast<std::uint32_t>(entry - entries_.begin());
    // Generation 0 names nothing.
    const std::uint32_t generation =
        entry->generation + 1 < io::stream_id_limit ? entry->generation + 1 : 1;
    entry->stream = std::make_unique<Stream>(io::StreamId{index, generation}, std::move(setup),
                                             engine, settings, painter, sends_[index]);
    entry->generation = generation;
    sends_[index].counters = {};
    return *entry->stream;
}

Stream& StreamTable::add(StreamSetup setup, io::Engine& engine, const StreamSettings& settings,
                         source::PlaceholderPainter* painter) {
    const bool rendition = setup.original != nullptr;
    DirectoryEntry listed{setup.name, {}};
    Stream& stream = create(std::move(setup), engine, settings, painter);
    listed.id = stream.id();
    if (rendition) {
        stream.original()->add_rendition();
    } else {
        directory_.push_back(std::move(listed)); // there is room for all
    }
    live_.push_back(&stream);
    return stream;
}

Stream& StreamTable::add_in_place_of(io::StreamId predecessor, StreamSetup setup,
                                     io::Engine& engine, const StreamSettings& settings,
                                     source::PlaceholderPainter* painter) {
    const auto listed = std::ranges::find(directory_, predecessor, &DirectoryEntry::id);
    RINGCAST_ASSERT(listed != directory_.end());
    RINGCAST_ASSERT(listed->name == setup.name);
    Stream& stream = create(std::move(setup), engine, settings, painter);
    listed->id = stream.id();
    live_.insert(std::ranges::find(live_, &get(predecessor)) + 1, &stream);
    return stream;
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
    // A stream is gone only after its renditions.
    for (const bool renditions : {true, false}) {
        std::erase_if(live_, [&](Stream* stream) {
            Stream* const original = stream->original();
            if ((original != nullptr) != renditions || !stream->gone()) {
                return false;
            }
            if (original != nullptr) {
                original->remove_rendition(stream->sends().counters);
            }
            entries_[stream->id().index].stream.reset();
            return true;
        });
    }
}

} // namespace ringcast::stream
