#include "libcamera/libcamera_cameras.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "capture/hdr_sensors.hpp"
#include "capture/tuning_file.hpp"
#include "capture/v4l2_controls.hpp"
#include "libcamera/camera_manager_owner.hpp"
#include "libcamera/libcamera_convert.hpp"
#include "libcamera/libcamera_device.hpp"

namespace ringcast::capture {

namespace {

std::optional<ListedBuffers> default_buffers(libcamera::CameraConfiguration& configuration,
                                             const std::vector<camera::FormatOffer>& offers) {
    const auto choice = camera::choose_offer(offers, {}, {});
    if (!choice) {
        return std::nullopt;
    }
    libcamera::StreamConfiguration& stream = configuration.at(0);
    stream.pixelFormat = libcamera::PixelFormat::fromString(choice->format);
    stream.size = libcamera::Size(choice->size.width, choice->size.height);
    stream.bufferCount = camera::buffer_count(choice->format);
    if (configuration.validate() == libcamera::CameraConfiguration::Invalid ||
        stream.frameSize == 0) {
        return std::nullopt;
    }
    return ListedBuffers{choice->size, stream.bufferCount, stream.frameSize};
}

class LibcameraCameras final : public Cameras {
public:
    /// `tuning`: the tuning file of all cameras of a Raspberry Pi; empty: libcamera's choice.
    explicit LibcameraCameras(std::string tuning) : tuning_(std::move(tuning)) {}

    [[nodiscard]] std::string library() const override { return libcamera_version(); }

    [[nodiscard]] Result<std::vector<CameraListing>> list() override {
        auto cameras = manager_.cameras();
        if (!cameras) {
            return tl::unexpected(cameras.error());
        }
        std::vector<CameraListing> listings;
        for (const auto& camera : *cameras) {
            CameraListing listing{identity_of(*camera), {}};
            if (const auto configuration = video_configuration(*camera)) {
                listing.offers = offers_of(configuration->at(0).formats());
                listing.buffers = default_buffers(*configuration, listing.offers);
            }
            listing.controls = controls_of(camera->controls());
            if (const auto v4l2 = open_v4l2_controls(listing.identity.devices)) {
                std::ranges::move(v4l2->list(), std::back_inserter(listing.controls));
            }
            listings.push_back(std::move(listing));
        }
        return listings;
    }

    [[nodiscard]] std::unique_ptr<CameraDevice> make_device(const config::LibcameraConfig& wanted,
                                                            const PictureTurn& turn) override {
        return std::make_unique<LibcameraDevice>(manager_, wanted, turn, tuning_);
    }

private:
    std::string tuning_;
    CameraManagerOwner manager_;
};

} // namespace

Result<std::unique_ptr<Cameras>> open_libcamera(std::span<const config::LibcameraConfig> streams) {
    auto tuning = find_tuning_file(streams);
    if (!tuning) {
        return tl::unexpected(tuning.error());
    }
    if (!tuning->empty()) {
        ::setenv(tuning_variable, tuning->c_str(), 1);
    }
    apply_hdr(find_hdr_sensors(), streams);
    return std::unique_ptr<Cameras>(std::make_unique<LibcameraCameras>(std::move(*tuning)));
}

} // namespace ringcast::capture
