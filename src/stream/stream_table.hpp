#pragma once
// The streams of a relay, by handle. A stream can end and another begin while the loop runs: what
// still refers to the earlier one is recognised by its generation.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "base/immovable.hpp"
#include "stream/directory.hpp"
#include "stream/stream.hpp"

namespace ringcast::stream {

class StreamTable : private Immovable {
public:
    /// At most `capacity` streams at a time.
    explicit StreamTable(std::uint32_t capacity);
    ~StreamTable();

    /// The table is not full. The arguments are those of Stream, without id and sends. A rendition is
    /// not listed. Changes nothing if it throws std::bad_alloc.
    Stream& add(StreamSetup setup, io::Engine& engine, const StreamSettings& settings,
                source::PlaceholderPainter* painter);
    /// As `add`, for a stream that is listed in the place of `predecessor`, which is not retiring and
    /// is retired next.
    Stream& add_in_place_of(io::StreamId predecessor, StreamSetup setup, io::Engine& engine,
                            const StreamSettings& settings, source::PlaceholderPainter* painter);
    [[nodiscard]] bool full() const noexcept { return live_.size() == entries_.size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return entries_.size(); }
    /// How many can be added.
    [[nodiscard]] std::size_t free_count() const noexcept { return entries_.size() - live_.size(); }
    /// Null when the stream is gone.
    [[nodiscard]] Stream* find(io::StreamId id) const noexcept;
    /// The stream exists. Inline: it is called for each frame that is sent.
    [[nodiscard]] Stream& get(io::StreamId id) const noexcept {
        const Entry& entry = entries_[id.index];
        RINGCAST_ASSERT(entry.generation == id.generation);
        RINGCAST_ASSERT(entry.stream != nullptr);
        return *entry.stream;
    }
    /// The stream serves no new requests and ends; `erase_gone` removes it.
    void retire(io::StreamId id) noexcept;
    void erase_gone() noexcept;

    /// All that exist, retiring ones included, in the order in which they were added, those that
    /// replace another one behind that one.
    [[nodiscard]] std::span<Stream* const> all() const noexcept { return live_; }
    /// All that are neither retiring nor renditions.
    [[nodiscard]] std::span<const DirectoryEntry> directory() const noexcept { return directory_; }
    /// By index of the stream; for ConnectionContext.
    [[nodiscard]] std::span<connection::StreamSends> sends() noexcept { return sends_; }

private:
    Stream& create(StreamSetup setup, io::Engine& engine, const StreamSettings& settings,
                   source::PlaceholderPainter* painter);

    struct Entry {
        std::uint32_t generation = 0;
        std::unique_ptr<Stream> stream;
    };

    std::vector<connection::StreamSends> sends_;
    std::vector<Entry> entries_;
    std::vector<Stream*> live_;
    std::vector<DirectoryEntry> directory_;
};

} // namespace ringcast::stream
