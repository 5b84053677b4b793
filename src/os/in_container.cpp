#include "os/in_container.hpp"

#include <cstdlib>

#include <unistd.h>

namespace ringcast::os {

bool in_container(const std::string& root) {
    const char* const named = std::getenv("container");
    return (named != nullptr && *named != '\0') ||
           ::access((root + "/.dockerenv").c_str(), F_OK) == 0 ||
           ::access((root + "/run/.containerenv").c_str(), F_OK) == 0;
}

} // namespace ringcast::os
