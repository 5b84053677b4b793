#pragma once
// The seam to whoever paints "no signal" pictures. Painting takes milliseconds, so it happens off
// the loop, and its completions arrive through the engine.

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/immovable.hpp"
#include "io/engine.hpp"

namespace ringcast::source {

class PlaceholderPainter : private Immovable {
public:
    virtual ~PlaceholderPainter() = default;

    /// Asks for a picture; a newer request replaces one that has not begun. Sizes in pixels, as a
    /// JPEG claimed them: any may come, and the painter bounds what it paints.
    virtual void request(io::StreamId stream, std::string_view stream_name, std::string_view reason,
                         std::uint16_t width, std::uint16_t height) noexcept = 0;
    /// The completion of an operation of OpKind::painter.
    virtual void on_completion(const io::Completion& completion) noexcept = 0;
    /// The newest finished picture of `stream`, a JPEG; empty while there is none for the newest
    /// request. Valid until the next call of `request` or `on_completion`.
    [[nodiscard]] virtual ConstByteSpan picture(io::StreamId stream) const noexcept = 0;
    virtual void stop() noexcept = 0;
    [[nodiscard]] virtual bool stopped() const noexcept = 0;
};

} // namespace ringcast::source
