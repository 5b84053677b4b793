#include "source/camera_status.hpp"

namespace ringcast::source {

std::string_view control_kind_name(ControlKind kind) noexcept {
    switch (kind) {
    case ControlKind::boolean:
        return "boolean";
    case ControlKind::integer:
        return "integer";
    case ControlKind::number:
        return "number";
    case ControlKind::text:
        return "text";
    case ControlKind::enumeration:
        return "enumeration";
    case ControlKind::size:
        return "size";
    case ControlKind::rectangle:
        return "rectangle";
    }
    return {};
}

} // namespace ringcast::source
