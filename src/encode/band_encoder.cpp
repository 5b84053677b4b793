#include "encode/band_encoder.hpp"

#include <algorithm>
#include <new>
#include <thread>

#include "base/assert.hpp"
#include "encode/band_join.hpp"
#include "threads/mailbox.hpp"

namespace ringcast::encode {

/// A thread that encodes one band at a time into memory of its own.
class BandEncoder::Helper {
public:
    Helper() : thread_([this] { run(); }) {}
    Helper(Helper&&) = delete;
    Helper& operator=(Helper&&) = delete;
    Helper(const Helper&) = delete;
    Helper& operator=(const Helper&) = delete;
    ~Helper() {
        bands_.close();
        thread_.join();
    }

    /// Precondition: the previous band has been finished.
    void begin(const RawPicture& band, const EncodeSettings& settings,
               std::size_t bytes_max) noexcept {
        try {
            memory_.resize(std::max(memory_.size(), bytes_max));
        } catch (const std::bad_alloc&) {
            memory_.clear(); // then nothing fits
        }
        bands_.put({band, settings, ByteSpan(memory_).first(std::min(memory_.size(), bytes_max))});
    }
    /// Waits for the band. Returns a JPEG, valid until the next `begin`; empty when it does not
    /// fit.
    [[nodiscard]] ConstByteSpan finish() noexcept {
        return ConstByteSpan(memory_).first(done_.wait_and_take().value());
    }

private:
    struct Band {
        RawPicture picture;
        EncodeSettings settings;
        ByteSpan into;
    };

    void run() noexcept {
        while (const std::optional<Band> band = bands_.wait_and_take()) {
            done_.put(encoder_.encode(band->picture, band->settings, band->into).value_or(0));
        }
    }

    std::vector<std::byte> memory_; ///< a whole frame's size, as one band may need nearly all of it
    RawEncoder encoder_;            ///< used by the thread only
    threads::Mailbox<Band> bands_;
    threads::Mailbox<std::size_t> done_;
    std::thread thread_;
};

BandEncoder::BandEncoder(int workers) {
    RINGCAST_ASSERT(workers >= 1);
    const auto helper_count = static_cast<std::size_t>(workers) - 1;
    helpers_.reserve(helper_count);
    later_.reserve(helper_count);
    while (helpers_.size() < helper_count) {
        helpers_.push_back(std::make_unique<Helper>());
    }
}

BandEncoder::~BandEncoder() = default;

BandEncoder::Encoded BandEncoder::encode(const RawPicture& picture, int quality,
                                         ByteSpan into) noexcept {
    if (!problem_of(picture).empty()) {
        return {};
    }
    const int workers = static_cast<int>(helpers_.size()) + 1;
    const BandPlan plan = plan_bands(picture.format, picture.width, picture.height, workers);
    EncodeSettings settings;
    settings.quality = quality;
    // Only the first band's header is kept, so only it needs the restart interval.
    const auto later = static_cast<std::size_t>(plan.count) - 1;
    for (std::size_t i = 0; i < later; ++i) {
        helpers_[i]->begin(band_of(picture, plan, static_cast<int>(i) + 1), settings, into.size());
    }
    settings.restart_interval = plan.restart_interval;
    const std::optional<std::size_t> first =
        encoder_.encode(band_of(picture, plan, 0), settings, into);
    later_.clear();
    bool all_fit = first.has_value();
    for (std::size_t i = 0; i < later; ++i) { // waits for every helper, even after a failure
        later_.push_back(helpers_[i]->finish());
        all_fit = all_fit && !later_.back().empty();
    }
    if (!all_fit || later == 0) {
        return {all_fit ? first : std::nullopt, 0};
    }
    const std::optional<JoinedBands> joined = join_bands(into, *first, later_, picture.height);
    return joined.has_value() ? Encoded{joined->bytes, joined->bytes_moved} : Encoded{};
}

int encode_workers_for(unsigned processors) noexcept {
    constexpr int workers_max = 4;
    return std::clamp(static_cast<int>(processors) - 1, 1, workers_max);
}

} // namespace ringcast::encode
