# ringcast_build_identity(FILE): the target of the same name writes FILE, a header with what a program
# and its module compare, and where the module is installed, seen from the program. As a script
# (cmake -P) it writes the file: with the headers' hash of now, not of the time of configuration.
if(CMAKE_SCRIPT_MODE_FILE)
    file(GLOB headers ${ROOT}/src/*/*.hpp)
    list(SORT headers)
    set(hashes "")
    foreach(header IN LISTS headers)
        file(SHA256 ${header} hash)
        string(APPEND hashes ${hash})
    endforeach()
    string(SHA256 hash "${hashes}")
    string(SUBSTRING ${hash} 0 16 hash)
    file(CONFIGURE OUTPUT ${FILE} @ONLY CONTENT [[
#pragma once
// Written by cmake/RingcastBuildIdentity.cmake.

#include "capture/camera_module.hpp"

namespace ringcast::capture {

inline constexpr BuildIdentity build_identity{"@VERSION@", "@hash@"};
inline constexpr std::string_view installed_camera_module = "@MODULE@";

} // namespace ringcast::capture
]])
    return()
endif()

function(ringcast_build_identity file)
    file(GLOB headers CONFIGURE_DEPENDS src/*/*.hpp)
    file(RELATIVE_PATH module "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}/ringcast/libcamera.so")
    add_custom_command(OUTPUT ${file}
        COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DFILE=${file} -DVERSION=${PROJECT_VERSION}
            -DMODULE=${module} -P ${PROJECT_SOURCE_DIR}/cmake/RingcastBuildIdentity.cmake
        DEPENDS ${headers} ${PROJECT_SOURCE_DIR}/cmake/RingcastBuildIdentity.cmake VERBATIM)
    add_custom_target(ringcast_build_identity DEPENDS ${file})
endfunction()
