#pragma once
// The interface to threads that make a smaller or turned picture of a JPEG or a raw picture. Their answers arrive through the
// engine. The tasks are the callers': whose turn it is when the workers are busy is not decided here.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/immovable.hpp"
#include "base/picture_turn.hpp"
#include "base/time.hpp"
#include "config/overlay_config.hpp"
#include "io/engine.hpp"
#include "os/dmabuf_access.hpp"
#include "source/raw_frame.hpp"

namespace ringcast::source {

/// What the picture is made to.
struct PictureTarget {
    std::uint8_t eighths = 0; ///< of each side, 1 to 8, rounded up; 0: the size below
    std::uint16_t width = 0;  ///< pixels: the picture is fitted into it, and never enlarged
    std::uint16_t height = 0; ///< pixels
    /// libjpeg's, 1 to 100. 0: a picture that is only turned keeps its own where it can be turned
    /// without decoding.
    int quality = 80;
    PictureTurn turn{}; ///< after which the picture has the size above
    friend bool operator==(const PictureTarget&, const PictureTarget&) = default;
};

struct PictureTask {
    std::uint64_t ticket = 0; ///< of the answer
    ConstByteSpan jpeg;       ///< is not changed until the answer, as the next two
    /// Used instead of `jpeg` unless null.
    const encode::RawPicture* raw = nullptr;
    os::Dmabufs dmabufs = os::no_dmabufs; ///< that hold `raw`
    PictureTarget target;
    const config::OverlayConfig* overlay = nullptr; ///< outlives the answer; null: none
    WallTime captured{};                            ///< for the overlay
    ByteSpan into;                                  ///< must not be used until the answer
};

/// Why there is no picture.
enum class PictureFailure : std::uint8_t {
    damaged,     ///< the JPEG
    oversized,   ///< the result, for the memory that it should be written to
    no_memory,   ///< for the work
    unsupported, ///< pictures of this kind: trying again is of no use
};

struct PictureAnswer {
    std::uint64_t ticket = 0;
    std::optional<PictureFailure> failure; ///< without one, there is a JPEG
    std::string_view reason;  ///< of an unsupported picture, as the rest of a sentence; static text
    std::size_t bytes = 0;    ///< of the JPEG
    std::uint16_t width = 0;  ///< pixels
    std::uint16_t height = 0; ///< pixels
    bool lossless = false;    ///< turned without decoding
    Duration time{};          ///< that it took
};

class PictureWorkers : private Immovable {
public:
    virtual ~PictureWorkers() = default;

    /// How many tasks can be begun.
    [[nodiscard]] virtual std::uint32_t idle() const noexcept = 0;
    /// Preconditions: `idle() > 0`, and `stop` has not been called. False when no thread can be
    /// started: the task is not done then.
    [[nodiscard]] virtual bool begin(const PictureTask& task) noexcept = 0;
    /// The completion of an operation of OpKind::pictures.
    virtual void on_completion(const io::Completion& completion) noexcept = 0;
    /// The next answer that has arrived.
    [[nodiscard]] virtual std::optional<PictureAnswer> next_answer() noexcept = 0;
    /// A task that a thread works on is finished; it, and others, may stay unanswered.
    virtual void stop() noexcept = 0;
    /// True once no thread uses anything of a task, answered or not.
    [[nodiscard]] virtual bool stopped() const noexcept = 0;
};

} // namespace ringcast::source
