#pragma once
// The renditions that are watched: made when somebody asks for the first time, fed with the newest
// frames whenever a worker is idle, and ended some time after the last viewer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "api/routes.hpp"
#include "base/immovable.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "io/engine.hpp"
#include "rendition/rendition_source.hpp"
#include "source/picture_workers.hpp"
#include "source/placeholder_painter.hpp"
#include "stream/settings.hpp"
#include "stream/stream_table.hpp"

namespace ringcast::relay {

/// Makes what a rendition consists of. The application implements it, which knows memory.
class RenditionMaker : private Immovable {
public:
    virtual ~RenditionMaker() = default;

    struct Made {
        stream::StreamSetup setup;
        rendition::RenditionSource* source = nullptr; ///< that of `setup`
    };
    /// The error is one line for whoever asked. Throws std::bad_alloc.
    [[nodiscard]] virtual Result<Made> make(stream::Stream& original,
                                            const stream::RenditionSpec& spec) = 0;
    /// The relay has the stream that was made last, and uses it until Relay::has_stream says no.
    virtual void added(io::StreamId id) noexcept = 0;
    /// It does not have it.
    virtual void discard() noexcept = 0;
};

/// Null together: then there are no renditions.
struct PictureMaking {
    RenditionMaker* maker = nullptr;
    source::PictureWorkers* workers = nullptr;
};

/// Everything outlives the renditions.
struct RenditionParts {
    io::Engine& engine;
    stream::StreamTable& streams;
    const stream::StreamSettings& settings;
    source::PlaceholderPainter* painter = nullptr;
    PictureMaking pictures{};
};

class Renditions {
public:
    /// At a time, of all streams together.
    static constexpr std::size_t count_max = 64;

    explicit Renditions(const RenditionParts& parts);

    struct Refusal {
        int status = 0;
        std::string message; ///< one line for whoever asked
    };
    /// The rendition that a request for a stream or a snapshot means; null: the stream itself.
    [[nodiscard]] tl::expected<const stream::RenditionSpec*, Refusal>
    spec_of(const api::Route& route) const;
    /// The stream that a request for a stream or a snapshot means; a rendition is made if there is none
    /// yet. Throws std::bad_alloc.
    [[nodiscard]] tl::expected<stream::Stream*, Refusal> find(const api::Route& route);
    /// The stream with this rendition of `original`; it is made if there is none yet. The error is one
    /// line for whoever asked. Throws std::bad_alloc, and has changed nothing then.
    [[nodiscard]] Result<stream::Stream*> obtain(stream::Stream& original,
                                                 const stream::RenditionSpec& spec);
    /// That of `original` with this name, if there is one that does not end.
    [[nodiscard]] stream::Stream* running(io::StreamId original,
                                          std::string_view name) const noexcept;
    /// Makes its pictures for a short time, as if somebody watched, if there is memory for it.
    void want(stream::Stream& original, const stream::RenditionSpec& spec) noexcept;
    /// How many there are, those included that end.
    [[nodiscard]] std::size_t count() const noexcept { return list_.size(); }
    /// Those of `original` that do not end.
    [[nodiscard]] std::vector<io::StreamId> of(io::StreamId original) const;

    /// Once per turn: gives frames to idle workers, and ends what nobody has watched for a while.
    void step() noexcept;
    void on_completion(const io::Completion& completion) noexcept;
    /// When `step` has something to do without a completion.
    [[nodiscard]] Instant deadline() const noexcept;
    void stop() noexcept;
    [[nodiscard]] bool stopped() const noexcept {
        return parts_.pictures.workers == nullptr || parts_.pictures.workers->stopped();
    }

private:
    struct Entry {
        io::StreamId id;
        io::StreamId original;
        std::string name;
        rendition::RenditionSource* source = nullptr;
        Instant idle_since = never;   ///< `never` while somebody watches
        Instant wanted_until = never; ///< `never` while it is not wanted
    };

    /// Its position in the list; that of the end if there is none.
    [[nodiscard]] std::size_t find_running(io::StreamId original,
                                           std::string_view name) const noexcept;
    [[nodiscard]] bool make_wanted(stream::Stream& original,
                                   const stream::RenditionSpec& spec) noexcept;
    void release_unwanted() noexcept;
    void give_work() noexcept;
    void end_idle() noexcept;

    RenditionParts parts_;
    std::vector<Entry> list_;
    std::size_t next_ = 0; ///< in `list_`: whose turn it is
    bool stopping_ = false;
    Instant make_again_at_{}; ///< what is wanted, after a failure
};

} // namespace ringcast::relay
