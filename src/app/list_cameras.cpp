#include "app/list_cameras.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "camera/camera_controls.hpp"
#include "capture/v4l2_devices.hpp"
#include "config/keys.hpp"
#include "config/toml_text.hpp"
#include "config/units.hpp"

namespace ringcast::app {

namespace {

using camera::CameraIdentity;
using camera::FormatOffer;
using capture::CameraListing;

/// "hd-pro-webcam-c920" for "HD Pro Webcam C920"; many USB cameras report their name twice, with a
/// colon.
std::string stream_name(const CameraIdentity& camera, std::vector<std::string>& taken) {
    std::string name;
    for (const char c : camera::display_name(camera)) {
        const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0;
        if (fits) {
            name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    constexpr std::size_t bytes_max = 24; // people type it into URLs
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
        return camera::sizes_text(offer);
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

/// Formats with the same sizes share a line: a camera sensor has twenty.
std::string offers_text(const CameraListing& camera, const RateLookup& highest_rate) {
    struct Line {
        std::string names;
        std::string sizes;
    };
    std::vector<Line> lines;
    const auto usable = config::camera_format_names();
    for (const FormatOffer& offer : camera.offers) {
        std::string sizes = offer_text(camera.identity, offer, highest_rate);
        if (std::ranges::find(usable, offer.name) == usable.end()) {
            sizes += " (ringcast can't use it)";
        }
        const auto line = std::ranges::find(lines, sizes, &Line::sizes);
        if (line == lines.end()) {
            lines.push_back({offer.name, std::move(sizes)});
        } else {
            line->names += ", " + offer.name;
        }
    }
    std::string text;
    for (const Line& line : lines) {
        text += fmt::format("#    {}: {}\n", line.names, line.sizes);
    }
    return text;
}

/// One line for each control, in the words of the error for a wrong value.
std::string controls_text(const CameraListing& camera) {
    std::string text = camera.controls.empty() ? "" : "#    controls:\n";
    for (const source::CameraControl& control : camera.controls) {
        text +=
            fmt::format("#       {}: {}\n", control.name,
                        control.read_only ? "can only be read" : camera::accepted_text(control));
    }
    return text;
}

std::string description(const CameraListing& listing, std::size_t index,
                        const RateLookup& highest_rate) {
    const CameraIdentity& camera = listing.identity;
    std::string text =
        fmt::format("# {}: {}{}\n#    id: {}\n", index, camera::display_name(camera),
                    camera.location.empty() ? "" : ", " + camera.location, camera.id);
    std::string devices;
    for (const std::uint64_t device : camera.devices) {
        if (const std::string path = capture::device_path(device); !path.empty()) {
            devices += (devices.empty() ? "" : ", ") + path;
        }
    }
    if (!devices.empty()) {
        text += fmt::format("#    device: {}\n", devices);
    }
    return text + offers_text(listing, highest_rate) + controls_text(listing);
}

std::string block(std::span<const CameraListing> cameras, std::size_t index,
                  const RateLookup& highest_rate, std::vector<std::string>& taken) {
    const CameraIdentity& camera = cameras[index].identity;
    std::vector<CameraIdentity> identities;
    for (const CameraListing& listing : cameras) {
        identities.push_back(listing.identity);
    }
    std::string text =
        fmt::format("[streams.{}]\nsource = \"libcamera\"\n", stream_name(camera, taken));
    const std::string name = camera::shortest_name(identities, index);
    if (!name.empty()) {
        text += fmt::format("camera = {}\n", config::toml_quoted(name));
    } else if (cameras.size() > 1) {
        text += fmt::format("camera = {}\n", index); // only its number distinguishes it
    }
    const auto choice = camera::choose_offer(cameras[index].offers, {}, {});
    if (!choice) {
        return text;
    }
    text += fmt::format("format = \"{}\"\nsize = \"{}\"\n", choice->format,
                        config::picture_size_text(choice->size));
    // A higher rate than the camera has would only cause a warning.
    const auto rate = highest_rate(camera, choice->format, choice->size);
    if (rate && *rate < config::LibcameraConfig{}.fps) {
        text += fmt::format("fps = {:.4g}\n", *rate);
    }
    return text;
}

} // namespace

std::string cameras_text(std::span<const CameraListing> cameras, const RateLookup& highest_rate) {
    std::string text;
    std::vector<std::string> taken;
    for (std::size_t i = 0; i < cameras.size(); ++i) {
        text += i == 0 ? "" : "\n";
        text += description(cameras[i], i, highest_rate) + block(cameras, i, highest_rate, taken);
    }
    return text;
}

} // namespace ringcast::app
