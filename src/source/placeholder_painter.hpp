#pragma once
// The interface for painting "no signal" pictures. Painting takes milliseconds, so it is done in
// another thread, and its completions arrive through the engine.

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/immovable.hpp"
#include "io/engine.hpp"

namespace ringcast::source {

class PlaceholderPainter : private Immovable {
public:
    virtual ~PlaceholderPainter() = default;

    /// Requests a picture; replaces an earlier request whose painting has not begun. Width and
    /// height, in pixels, are from a JPEG's header and not validated: the painter limits them.
    virtual void request(io::StreamId stream, std::string_view stream_name, std::string_view reason,
                         std::uint16_t width, std::uint16_t height) noexcept = 0;
    /// The completion of an operation of OpKind::painter.
    virtual void on_completion(const io::Completion& completion) noexcept = 0;
    /// The picture of `stream`, a JPEG; empty until the newest request is finished. Valid until the
    /// next call of `request` or `on_completion`.
    [[nodiscard]] virtual ConstByteSpan picture(io::StreamId stream) const noexcept = 0;
    virtual void stop() noexcept = 0;
    [[nodiscard]] virtual bool stopped() const noexcept = 0;
};

} // namespace ringcast::source
