#include "relay/renditions.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "base/assert.hpp"
#include "rendition/choice.hpp"

namespace ringcast::relay {

namespace {

/// Long enough for a picture or two of slow streams.
constexpr Duration wanted_for = std::chrono::seconds(1);
/// After a failure, memory is asked for again so much later.
constexpr Duration make_pause = std::chrono::seconds(5);

std::uint64_t ticket_of(io::StreamId id) noexcept {
    return (std::uint64_t{id.index} << 32U) | id.generation;
}

} // namespace

Renditions::Renditions(const RenditionParts& parts) : parts_(parts) {
    RINGCAST_ASSERT((parts.pictures.maker == nullptr) == (parts.pictures.workers == nullptr));
    list_.reserve(count_max);
}

tl::expected<const stream::RenditionSpec*, Renditions::Refusal>
Renditions::spec_of(const api::Route& route) const {
    constexpr int bad_request = 400;
    const stream::Stream& original = parts_.streams.get(*route.stream);
    const std::span<const stream::RenditionSpec> all = original.renditions();
    if (route.size == rendition::full_size) {
        return nullptr;
    }
    if (!route.size.empty()) {
        const auto found = std::ranges::find(all, route.size, &stream::RenditionSpec::name);
        if (found == all.end()) {
            return tl::unexpected(
                Refusal{bad_request, "size must be " + rendition::names_text(all) + "."});
        }
        return &*found;
    }
    if (!route.width) {
        return nullptr;
    }
    const stream::FrameStatistics& seen = original.statistics();
    return rendition::smallest_of_width(all, {seen.width, seen.height}, *route.width);
}

tl::expected<stream::Stream*, Renditions::Refusal> Renditions::find(const api::Route& route) {
    constexpr int unavailable = 503;
    stream::Stream& original = parts_.streams.get(*route.stream);
    const auto spec = spec_of(route);
    if (!spec) {
        return tl::unexpected(spec.error());
    }
    if (*spec == nullptr) {
        return &original;
    }
    auto made = obtain(original, **spec);
    if (!made) {
        return tl::unexpected(Refusal{unavailable, made.error().message});
    }
    return *made;
}

Result<stream::Stream*> Renditions::obtain(stream::Stream& original,
                                           const stream::RenditionSpec& spec) {
    if (stream::Stream* const made = running(original.id(), spec.name)) {
        return made;
    }
    if (parts_.pictures.maker == nullptr) {
        return tl::unexpected(Error{"This server makes no smaller pictures."});
    }
    if (list_.size() == count_max || parts_.streams.full()) {
        return tl::unexpected(Error{fmt::format(
            "Too many smaller pictures are watched, of all streams together at most {}.",
            count_max)});
    }
    Entry entry{{}, original.id(), spec.name, nullptr, parts_.engine.now()};
    auto made = parts_.pictures.maker->make(original, spec);
    if (!made) {
        return tl::unexpected(made.error());
    }
    entry.source = made->source;
    stream::Stream* stream = nullptr;
    try {
        stream = &parts_.streams.add(std::move(made->setup), parts_.engine, parts_.settings,
                                     parts_.painter);
    } catch (...) {
        parts_.pictures.maker->discard();
        throw;
    }
    parts_.pictures.maker->added(stream->id());
    entry.id = stream->id();
    list_.push_back(std::move(entry)); // there is room
    stream->start();
    return stream;
}

std::size_t Renditions::find_running(io::StreamId original, std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(list_, [&](const Entry& entry) {
        return entry.original == original && entry.name == name &&
               !parts_.streams.get(entry.id).retiring();
    });
    return static_cast<std::size_t>(found - list_.begin());
}

stream::Stream* Renditions::running(io::StreamId original, std::string_view name) const noexcept {
    const std::size_t position = find_running(original, name);
    return position == list_.size() ? nullptr : &parts_.streams.get(list_[position].id);
}

bool Renditions::make_wanted(stream::Stream& original, const stream::RenditionSpec& spec) noexcept {
    const Instant now = parts_.engine.now();
    if (now < make_again_at_) {
        return false;
    }
    bool made = false;
    try {
        made = obtain(original, spec).has_value();
    } catch (const std::bad_alloc&) {
        made = false; // as if it were refused
    }
    make_again_at_ = made ? now : now + make_pause;
    return made;
}

void Renditions::want(stream::Stream& original, const stream::RenditionSpec& spec) noexcept {
    if (stopping_ ||
        (running(original.id(), spec.name) == nullptr && !make_wanted(original, spec))) {
        return;
    }
    Entry& entry = list_[find_running(original.id(), spec.name)];
    if (entry.wanted_until == never) {
        parts_.streams.get(entry.id).set_follower_watching(true);
    }
    entry.wanted_until = parts_.engine.now() + wanted_for;
}

void Renditions::release_unwanted() noexcept {
    for (Entry& entry : list_) {
        stream::Stream& stream = parts_.streams.get(entry.id);
        if (entry.wanted_until != never &&
            (entry.wanted_until <= parts_.engine.now() || stream.retiring())) {
            entry.wanted_until = never;
            stream.set_follower_watching(false);
        }
    }
}

std::vector<io::StreamId> Renditions::of(io::StreamId original) const {
    std::vector<io::StreamId> ids;
    for (const Entry& entry : list_) {
        if (entry.original == original && !parts_.streams.get(entry.id).retiring()) {
            ids.push_back(entry.id);
        }
    }
    return ids;
}

void Renditions::step() noexcept {
    if (list_.empty()) {
        return;
    }
    std::erase_if(list_,
                  [this](const Entry& entry) { return parts_.streams.find(entry.id) == nullptr; });
    release_unwanted();
    if (!stopping_) {
        give_work();
        end_idle();
    }
}

/// In turn, so that none of them waits for long because others have more to do.
void Renditions::give_work() noexcept {
    for (std::size_t looked = 0; looked < list_.size() && parts_.pictures.workers->idle() > 0;
         ++looked) {
        next_ = next_ < list_.size() ? next_ : 0;
        const Entry& entry = list_[next_++];
        if (entry.source->ready()) {
            if (const auto task = entry.source->begin(ticket_of(entry.id))) {
                if (!parts_.pictures.workers->begin(*task)) {
                    return entry.source->give_back();
                }
            }
        }
    }
}

void Renditions::end_idle() noexcept {
    const Instant now = parts_.engine.now();
    for (Entry& entry : list_) {
        const stream::Stream& stream = parts_.streams.get(entry.id);
        if (stream.watched()) {
            entry.idle_since = never;
        } else if (entry.idle_since == never) {
            entry.idle_since = now;
        } else if (now - entry.idle_since >= parts_.settings.rendition_idle_after &&
                   !stream.retiring()) {
            parts_.streams.retire(entry.id);
        }
    }
}

void Renditions::on_completion(const io::Completion& completion) noexcept {
    RINGCAST_ASSERT(parts_.pictures.workers != nullptr);
    parts_.pictures.workers->on_completion(completion);
    while (const auto answer = parts_.pictures.workers->next_answer()) {
        const auto found = std::ranges::find(
            list_, answer->ticket, [](const Entry& entry) { return ticket_of(entry.id); });
        RINGCAST_ASSERT(found != list_.end()); // it is not gone while a worker has its frame
        found->source->finish(*answer);
    }
    if (parts_.pictures.workers->stopped()) { // tasks that had not begun are not answered
        for (const Entry& entry : list_) {
            entry.source->abandon();
        }
    }
}

Instant Renditions::deadline() const noexcept {
    Instant earliest = never;
    for (const Entry& entry : list_) {
        earliest = std::min(earliest, entry.wanted_until);
        if (entry.idle_since != never && !parts_.streams.get(entry.id).retiring()) {
            earliest = std::min(earliest, entry.idle_since + parts_.settings.rendition_idle_after);
        }
    }
    return earliest;
}

void Renditions::stop() noexcept {
    stopping_ = true;
    if (parts_.pictures.workers != nullptr) {
        parts_.pictures.workers->stop();
    }
}

} // namespace ringcast::relay
