#include "camera/camera_match.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

namespace ringcast::camera {

namespace {

/// With the numbers that `ringcast cameras` shows and `camera` accepts.
std::string list_of(std::span<const CameraIdentity> cameras, std::span<const std::size_t> indices) {
    std::string text;
    for (const std::size_t index : indices) {
        text += fmt::format("{}number {} is {} ({})", text.empty() ? "" : ", ", index,
                            display_name(cameras[index]), cameras[index].id);
    }
    return text;
}

std::vector<std::size_t> all_of(std::span<const CameraIdentity> cameras) {
    std::vector<std::size_t> indices(cameras.size());
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    return indices;
}

tl::unexpected<MatchFailure> no_camera(std::span<const CameraIdentity> cameras,
                                       std::string_view wanted) {
    if (cameras.empty()) {
        return tl::unexpected(MatchFailure{true,
                                           "there is no camera; one that is plugged in will be "
                                           "opened. If one is plugged in already, `ringcast "
                                           "doctor` shows the cause",
                                           "there is no camera"});
    }
    return tl::unexpected(MatchFailure{
        true,
        fmt::format("there is no camera \"{}\"; {}", wanted, list_of(cameras, all_of(cameras))),
        "the camera is not there"});
}

std::optional<std::size_t> parse_index(std::string_view text) noexcept {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(index)
                                                                    : std::nullopt;
}

template <typename Predicate>
std::vector<std::size_t> indices_if(std::span<const CameraIdentity> cameras, Predicate matches) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < cameras.size(); ++i) {
        if (matches(cameras[i])) {
            found.push_back(i);
        }
    }
    return found;
}

} // namespace

bool contains_name(std::string_view text, std::string_view part) noexcept {
    const auto same_letter = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same_letter) !=
           text.end();
}

std::string_view display_name(const CameraIdentity& camera) noexcept {
    const std::string_view model = camera.model;
    constexpr std::string_view between = ": ";
    const std::size_t end = model.find(between);
    return end != std::string_view::npos && model.starts_with(model.substr(end + between.size()))
               ? model.substr(0, end)
               : model;
}

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
                         fmt::format("there are {} cameras, so `camera` must say which (`ringcast "
                                     "camera:0` on the command line): {}",
                                     cameras.size(), list_of(cameras, all_of(cameras))),
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
    // From the most to the least specific; an ambiguous name is an error.
    std::vector<std::size_t> found =
        indices_if(cameras, [&](const CameraIdentity& camera) { return camera.id == wanted; });
    if (const auto index = parse_index(wanted); found.empty() && index) {
        return *index < cameras.size() ? tl::expected<std::size_t, MatchFailure>(*index)
                                       : no_camera(cameras, wanted);
    }
    if (found.empty()) {
        found = indices_if(cameras,
                           [&](const CameraIdentity& camera) { return camera.model == wanted; });
    }
    if (found.empty()) {
        found = indices_if(cameras, [&](const CameraIdentity& camera) {
            return contains_name(camera.id, wanted) || contains_name(camera.model, wanted);
        });
    }
    if (found.empty()) {
        return no_camera(cameras, wanted);
    }
    if (found.size() > 1) {
        return tl::unexpected(
            MatchFailure{false,
                         fmt::format("{} cameras match \"{}\", expected a longer part of an "
                                     "id, or a number: {}",
                                     found.size(), wanted, list_of(cameras, found)),
                         "several cameras match the configuration"});
    }
    return found.front();
}

std::string shortest_name(std::span<const CameraIdentity> cameras, std::size_t index) {
    if (cameras.size() == 1) {
        return {};
    }
    for (const std::string& name :
         {std::string(display_name(cameras[index])), cameras[index].model, cameras[index].id}) {
        const auto found = match_camera(cameras, name, std::nullopt);
        if (!name.empty() && found && *found == index) {
            return name;
        }
    }
    return {};
}

} // namespace ringcast::camera
