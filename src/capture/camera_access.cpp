#include "capture/camera_access.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace ringcast::capture {

std::optional<std::string> camera_permission_problem(const std::filesystem::path& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> refused;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        const bool camera = name.starts_with("video") || name.starts_with("media");
        if (camera && ::access(entry.path().c_str(), R_OK | W_OK) != 0 && errno == EACCES) {
            refused.push_back(entry.path());
        }
    }
    if (refused.empty()) {
        return std::nullopt;
    }
    return "no permission to open " + std::ranges::min(refused).string() +
           ": sudo usermod -aG video $USER, then log in again";
}

} // namespace ringcast::capture
