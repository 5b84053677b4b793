#pragma once
// Viewers that adapt: moves each of them between the renditions of its stream, as its own
// connection::Adaptation decides. That decides by the link alone; this class knows which renditions
// have pictures.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"
#include "connection/adaptation.hpp"
#include "connection/connection.hpp"
#include "relay/renditions.hpp"
#include "stream/adaptive_sends.hpp"
#include "stream/stream.hpp"

namespace ringcast::relay {

class AdaptiveViewers final : public stream::AdaptiveSends {
public:
    AdaptiveViewers(connection::ConnectionContext& context, Renditions& renditions) noexcept
        : context_(context), renditions_(renditions) {}

    Offered offer(stream::Stream& stream, connection::Connection& viewer) noexcept override;
    /// All bytes of a part, `bytes` of a frame of `sent_by`, are in the socket of an idle viewer that
    /// is in no list. It may be moved.
    void on_sent(connection::Connection& viewer, stream::Stream& sent_by,
                 std::uint64_t bytes) noexcept;

private:
    /// A stream and those of its renditions that viewers are moved between, the largest first.
    /// Renditions of the configuration are not among them: they may have another rate or quality, and
    /// are for whoever asks for them.
    struct Ladder {
        static constexpr std::size_t count_max = 8;
        stream::Stream* original = nullptr;
        std::array<const stream::RenditionSpec*, count_max> specs{}; ///< the first one is null
        std::array<connection::RenditionCost, count_max> costs{};
        std::size_t count = 0;

        [[nodiscard]] connection::RenditionCosts all() const noexcept {
            return {costs.data(), count};
        }
        [[nodiscard]] std::uint8_t level_of(const stream::Stream& stream) const noexcept;
    };

    /// Unless the policy asks about the link, of the largest one alone, which is enough for links that
    /// carry it.
    [[nodiscard]] Ladder ladder_of(stream::Stream& stream, const connection::Connection& viewer,
                                   bool asks) const noexcept;
    /// The stream of this rendition if it has pictures now.
    [[nodiscard]] stream::Stream* live(const Ladder& ladder, std::uint8_t level) const noexcept;
    /// Makes pictures of it for a moment.
    void want(const Ladder& ladder, std::uint8_t level) noexcept;
    [[nodiscard]] static Offered hold(const stream::Stream& stream,
                                      connection::Connection& viewer) noexcept;
    void move(connection::Connection& viewer, stream::Stream& to) noexcept;
    void send(connection::Connection& viewer, stream::Stream& from,
              stream::Stream& watched) noexcept;
    void count_move(const stream::Stream& original, std::uint8_t before,
                    const connection::Adaptation& now) noexcept;

    connection::ConnectionContext& context_;
    Renditions& renditions_;
};

} // namespace ringcast::relay
