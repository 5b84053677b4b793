#include "api/route_parameters.hpp"

#include <chrono>
#include <cstdint>

#include "config/units.hpp"

namespace ringcast::api {

namespace {

std::string_view read_fps(Route& route, std::string_view value) {
    route.fps = http::read_number(value);
    if (!route.fps || *route.fps < Route::fps_min || *route.fps > Route::fps_max) {
        return "fps must be a number from 0.001 to 1000, for example fps=5.";
    }
    return {};
}

/// How large the picture is. The names of renditions are the stream's.
std::string_view read_picture_parameter(Route& route, const http::QueryParameter& parameter) {
    const std::string_view value = parameter.value.value_or("");
    if (parameter.name == "size") {
        route.size = value;
        if (value.empty()) {
            return "size must be the name of a rendition, for example size=half.";
        }
    } else if (parameter.name == "width") {
        const auto width = http::read_integer(value, 1, UINT16_MAX);
        if (!width) {
            return "width must be a whole number of pixels from 1 to 65535, for example width=640.";
        }
        route.width = static_cast<std::uint32_t>(*width);
    }
    return {};
}

std::string_view read_stream_parameter(Route& route, const http::QueryParameter& parameter) {
    const std::string_view value = parameter.value.value_or("");
    if (parameter.name == "fps") {
        return read_fps(route, value);
    }
    if (parameter.name == "variant") {
        if (value == "advance") {
            route.variant = http::Variant::advance;
        } else if (value == "standard") {
            route.variant = http::Variant::standard;
        } else {
            return "variant must be standard or advance.";
        }
    } else if (parameter.name == "adapt") {
        route.adapt = http::read_flag(value);
        if (!route.adapt) {
            return "adapt must be 1 or 0.";
        }
    }
    return read_picture_parameter(route, parameter);
}

std::string_view read_snapshot_parameter(Route& route, const http::QueryParameter& parameter) {
    using std::chrono::milliseconds;
    const std::string_view value = parameter.value.value_or("");
    if (parameter.name == "max_age_ms") {
        constexpr auto highest = std::chrono::duration_cast<milliseconds>(Route::age_limit).count();
        const auto age = http::read_integer(value, 0, highest);
        if (!age) {
            return "max_age_ms must be a whole number of milliseconds from 0 to 86400000.";
        }
        route.age_max = milliseconds(*age);
    } else if (parameter.name == "within_ms") {
        constexpr auto highest = std::chrono::duration_cast<milliseconds>(Route::within_limit);
        const auto within = http::read_integer(value, 0, highest.count());
        if (!within) {
            return "within_ms must be a whole number of milliseconds from 0 to 10000.";
        }
        route.within = milliseconds(*within);
    } else if (parameter.name == "after") {
        constexpr double latest = 9e9; // in the year 2255; WallTime ends in 2262
        const auto after = http::read_number(value);
        if (!after || *after < 0 || *after > latest) {
            return "after must be a time in UNIX seconds, such as the X-Timestamp of a picture.";
        }
        route.after = WallTime(
            std::chrono::round<std::chrono::microseconds>(std::chrono::duration<double>(*after)));
    } else if (parameter.name == "sharpest") {
        const auto count = http::read_integer(value, 1, Route::sharpest_max);
        if (!count) {
            return "sharpest must be a number of pictures from 1 to 30.";
        }
        route.sharpest = static_cast<std::uint32_t>(*count);
    } else if (parameter.name == "placeholder") {
        const auto flag = http::read_flag(value);
        if (!flag) {
            return "placeholder must be 1 or 0.";
        }
        route.placeholder = *flag;
    }
    return read_picture_parameter(route, parameter);
}

std::string_view read_status_parameter(Route& route, const http::QueryParameter& parameter) {
    const std::string_view value = parameter.value.value_or("");
    ViewerPage page = route.viewers.value_or(ViewerPage{.count_max = ViewerPage::count_limit});
    if (parameter.name == "viewers") {
        static_assert(ViewerPage::count_limit == 100);
        const auto count = http::read_integer(value, 0, ViewerPage::count_limit);
        if (!count) {
            return "viewers must be a whole number from 0 to 100: for more viewers ask again with "
                   "after=ID, where ID is viewers_next of the answer before.";
        }
        page.count_max = static_cast<std::uint32_t>(*count);
    } else if (parameter.name == "after") {
        const auto id = http::read_integer(value, 0, INT64_MAX);
        if (!id) {
            return "after must be the id of a viewer: use viewers_next of the answer before.";
        }
        page.after = static_cast<std::uint64_t>(*id);
    } else {
        return {};
    }
    route.viewers = page;
    return {};
}

std::string_view read_link_parameter(Route& route, const http::QueryParameter& parameter) {
    const std::string_view value = parameter.value.value_or("");
    if (parameter.name == "fps") {
        return read_fps(route, value);
    }
    if (parameter.name == "for") {
        route.link_for = config::parse_duration(value).value_or(Duration::zero());
        if (route.link_for < Route::link_for_min || route.link_for > Route::link_for_max) {
            return link_time_expected;
        }
    } else if (parameter.name == "snapshot_only") {
        const auto flag = http::read_flag(value);
        if (!flag) {
            return "snapshot_only must be 1 or 0.";
        }
        route.snapshot_only = *flag;
    }
    return {};
}

} // namespace

std::string_view read_parameter(Route& route, const http::QueryParameter& parameter) {
    switch (route.kind) {
    case RouteKind::stream:
        return read_stream_parameter(route, parameter);
    case RouteKind::snapshot:
        return read_snapshot_parameter(route, parameter);
    case RouteKind::status:
        return read_status_parameter(route, parameter);
    case RouteKind::link:
        return read_link_parameter(route, parameter);
    case RouteKind::index:
        route.login = route.login || parameter.name == "login";
        return {};
    case RouteKind::metrics:
    case RouteKind::healthz:
    case RouteKind::state:
    case RouteKind::controls:
    case RouteKind::events:
    case RouteKind::asset:
    case RouteKind::options:
    case RouteKind::error:
        return {};
    }
    return {};
}

} // namespace ringcast::api
