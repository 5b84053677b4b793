#pragma once
// The raw picture that a frame was encoded from, while its memory is lent: renditions are made of it
// instead of the JPEG. Knows no format and no camera.

#include <cstdint>
#include <utility>

#include "base/immovable.hpp"
#include "base/picture_turn.hpp"
#include "config/overlay_config.hpp"
#include "os/dmabuf_access.hpp"

namespace ringcast::encode {
struct RawPicture;
}

namespace ringcast::source {

/// Where raw pictures return to.
class RawFrameOwner : private Immovable {
public:
    virtual ~RawFrameOwner() = default;
    /// Nobody reads the picture with this number any more.
    virtual void take_back(std::uint64_t number) noexcept = 0;
};

/// Move-only; empty when moved from. The picture is not changed while it exists.
class RawFrame {
public:
    RawFrame() noexcept = default;
    RawFrame(RawFrameOwner& owner, std::uint64_t number, const encode::RawPicture& picture) noexcept
        : owner_(&owner), number_(number), picture_(&picture) {}
    RawFrame(RawFrame&& other) noexcept
        : turn(other.turn), overlay(other.overlay), dmabufs(other.dmabufs),
          owner_(std::exchange(other.owner_, nullptr)), number_(other.number_),
          picture_(other.picture_) {}
    RawFrame& operator=(RawFrame&& other) noexcept {
        release();
        turn = other.turn;
        overlay = other.overlay;
        dmabufs = other.dmabufs;
        owner_ = std::exchange(other.owner_, nullptr);
        number_ = other.number_;
        picture_ = other.picture_;
        return *this;
    }
    RawFrame(const RawFrame&) = delete;
    RawFrame& operator=(const RawFrame&) = delete;
    ~RawFrame() { release(); }

    [[nodiscard]] bool valid() const noexcept { return owner_ != nullptr; }
    [[nodiscard]] const encode::RawPicture* picture() const noexcept { return picture_; }
    void release() noexcept {
        if (RawFrameOwner* const owner = std::exchange(owner_, nullptr)) {
            owner->take_back(number_);
        }
    }

    // What is done to the stream's pictures, and has not been done to this one:
    PictureTurn turn;
    const config::OverlayConfig* overlay = nullptr; ///< valid as long as the source
    os::Dmabufs dmabufs = os::no_dmabufs;           ///< that hold it

private:
    RawFrameOwner* owner_ = nullptr;
    std::uint64_t number_ = 0;
    const encode::RawPicture* picture_ = nullptr;
};

} // namespace ringcast::source
