#include "app/list_cameras.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "ringcast/config/keys.hpp"
#include "ringcast/config/toml_text.hpp"
#include "ringcast/config/units.hpp"
#include "sources/v4l2_rate.hpp"

namespace ringcast::app {

namespace {

using sources::CameraIdentity;
using sources::CameraListing;
using sources::FormatOffer;

/// "hd-pro-webcam-c920" of "HD Pro Webcam C920"; many USB cameras say theirs twice, with a colon.
std::string stream_name(const CameraIdentity& camera, std::vector<std::string>& taken) {
    std::string name;
    for (const char c : camera.model.substr(0, camera.model.find(':'))) {
        const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0;
        if (fits) {
            name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    constexpr std::size_t bytes_max = 24; // it is typed into URLs
    name.resize(std::min(name.size(), bytes_max));
    while (name.ends_with('-')) {
        name.pop_back();
    }
    if (!config::stream_name_problem(name).empty()) {
        name = "camera";
    }
    const std::string base = name;
    for (int number = 2; std::ranges::find(taken, name) != taken.end(); ++number) {
        name = fmt::format("{}-{}", base, number);
    }
    taken.push_back(name);
    return name;
}

std::string offer_text(const CameraIdentity& camera, const FormatOffer& offer,
                       const RateLookup& highest_rate) {
    if (offer.range) {
        return sources::sizes_text(offer);
    }
    std::string text;
    for (const config::PictureSize size : offer.sizes) {
        text += (text.empty() ? "" : ", ") + config::picture_size_text(size);
        if (const auto rate = highest_rate(camera, offer.name, size)) {
            text += fmt::format(" ({:.4g}/s)", *rate);
        }
    }
    return text;
}

std::string camera_text(std::span<const CameraListing> cameras, std::size_t index,
                        const RateLookup& highest_rate, std::vector<std::string>& taken) {
    const CameraIdentity& camera = cameras[index].identity;
    std::string text =
        fmt::format("{}: {}{}\n   id: {}\n", index, camera.model,
                    camera.location.empty() ? "" : ", " + camera.location, camera.id);
    for (const std::uint64_t device : camera.devices) {
        if (const std::string path = sources::device_path(device); !path.empty()) {
            text += fmt::format("   device: {}\n", path);
        }
    }
    const auto formats = config::camera_format_names();
    for (const FormatOffer& offer : cameras[index].offers) {
        const bool usable = std::ranges::find(formats, offer.name) != formats.end();
        text += fmt::format("   {}: {}{}\n", offer.name, offer_text(camera, offer, highest_rate),
                            usable ? "" : " (ringcast can't use it)");
    }
    std::vector<CameraIdentity> identities;
    for (const CameraListing& listing : cameras) {
        identities.push_back(listing.identity);
    }
    text += fmt::format("\n[streams.{}]\nsource = \"libcamera\"\n", stream_name(camera, taken));
    const std::string name = sources::shortest_name(identities, index);
    if (!name.empty()) {
        text += fmt::format("camera = {}\n", config::toml_quoted(name));
    } else if (cameras.size() > 1) {
        text += fmt::format("camera = {}\n", index); // nothing but its place tells it from another
    }
    if (const auto choice = sources::choose_offer(cameras[index].offers, {}, {})) {
        text += fmt::format("format = \"{}\"\nsize = \"{}\"\n", choice->format,
                            config::picture_size_text(choice->size));
    }
    return text;
}

} // namespace

std::string cameras_text(std::span<const CameraListing> cameras, const RateLookup& highest_rate) {
    std::string text;
    std::vector<std::string> taken;
    for (std::size_t i = 0; i < cameras.size(); ++i) {
        text += i == 0 ? "" : "\n";
        text += camera_text(cameras, i, highest_rate, taken);
    }
    return text;
}

} // namespace ringcast::app
