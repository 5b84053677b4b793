#pragma once
// Whether this process runs in a container, for messages that say how to change a limit there. Must
// not decide what the server does.

#include <string>

namespace ringcast::os {

/// True exactly when Docker's file /.dockerenv or podman's /run/.containerenv exists, or the
/// variable `container` is set (podman, systemd). Other engines leave no sign. The files are looked
/// for below `root`.
[[nodiscard]] bool in_container(const std::string& root = "");

} // namespace ringcast::os
