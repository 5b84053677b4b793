#include "sources/camera_match.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace ringcast::sources {

namespace {

bool contains(std::string_view text, std::string_view part) {
    const auto same_letter = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same_letter) !=
           text.end();
}

std::string list_of(std::span<const CameraIdentity> cameras) {
    std::string text;
    for (std::size_t i = 0; i < cameras.size(); ++i) {
        text +=
            fmt::format("{}{}: {} ({})", i == 0 ? "" : ", ", i, cameras[i].model, cameras[i].id);
    }
    return text;
}

tl::unexpected<MatchFailure> no_camera(std::span<const CameraIdentity> cameras,
                                       std::string_view wanted) {
    if (cameras.empty()) {
        return tl::unexpected(MatchFailure{true, "there is no camera", "there is no camera"});
    }
    return tl::unexpected(MatchFailure{
        true, fmt::format("there is no camera \"{}\"; there are {}", wanted, list_of(cameras)),
        "the camera is not there"});
}

std::optional<std::size_t> parse_index(std::string_view text) noexcept {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(index)
                                                                    : std::nullopt;
}

/// All cameras for which `fits` is true.
template <typename Fits>
std::vector<std::size_t> all_that(std::span<const CameraIdentity> cameras, Fits fits) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < cameras.size(); ++i) {
        if (fits(cameras[i])) {
            found.push_back(i);
        }
    }
    return found;
}

} // namespace

bool names_device(std::string_view wanted) noexcept {
    return wanted.starts_with("/dev/");
}

tl::expected<std::size_t, MatchFailure> match_camera(std::span<const CameraIdentity> cameras,
                                                     std::string_view wanted,
                                                     std::optional<std::uint64_t> device) {
    if (wanted.empty()) {
        if (cameras.size() == 1) {
            return 0;
        }
        if (cameras.empty()) {
            return no_camera(cameras, wanted);
        }
        return tl::unexpected(
            MatchFailure{false,
                         fmt::format("there are {} cameras, so `camera` must say which: {}",
                                     cameras.size(), list_of(cameras)),
                         "there are several cameras"});
    }
    if (names_device(wanted)) {
        const auto found = std::ranges::find_if(cameras, [&](const CameraIdentity& camera) {
            return device && std::ranges::count(camera.devices, *device) > 0;
        });
        return found == cameras.end() ? no_camera(cameras, wanted)
                                      : tl::expected<std::size_t, MatchFailure>(
                                            static_cast<std::size_t>(found - cameras.begin()));
    }
    // From the surest to the vaguest: what several fit is left to no guess.
    std::vector<std::size_t> found =
        all_that(cameras, [&](const CameraIdentity& camera) { return camera.id == wanted; });
    if (const auto index = parse_index(wanted); found.empty() && index) {
        return *index < cameras.size() ? tl::expected<std::size_t, MatchFailure>(*index)
                                       : no_camera(cameras, wanted);
    }
    if (found.empty()) {
        found =
            all_that(cameras, [&](const CameraIdentity& camera) { return camera.model == wanted; });
    }
    if (found.empty()) {
        found = all_that(cameras, [&](const CameraIdentity& camera) {
            return contains(camera.id, wanted) || contains(camera.model, wanted);
        });
    }
    if (found.empty()) {
        return no_camera(cameras, wanted);
    }
    if (found.size() > 1) {
        std::vector<CameraIdentity> candidates;
        candidates.reserve(found.size());
        for (const std::size_t index : found) {
            candidates.push_back(cameras[index]);
        }
        return tl::unexpected(
            MatchFailure{false,
                         fmt::format("{} cameras fit \"{}\", expected more of an id: {}",
                                     found.size(), wanted, list_of(candidates)),
                         "several cameras fit the configuration"});
    }
    return found.front();
}

std::string shortest_name(std::span<const CameraIdentity> cameras, std::size_t index) {
    if (cameras.size() == 1) {
        return {};
    }
    for (const std::string& name : {cameras[index].model, cameras[index].id}) {
        const auto found = match_camera(cameras, name, std::nullopt);
        if (!name.empty() && found && *found == index) {
            return name;
        }
    }
    return {};
}

} // namespace ringcast::sources
