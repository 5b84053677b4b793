# Finds each library on Debian 12, Debian 13 and Raspberry Pi OS.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
# CURLOPT_PROTOCOLS_STR is new in 7.85 (its documentation).
find_package(CURL 7.85 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)
find_package(tomlplusplus REQUIRED)
pkg_check_modules(liburing REQUIRED IMPORTED_TARGET liburing>=2.3)
pkg_check_modules(libjpeg REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(libcrypto REQUIRED IMPORTED_TARGET libcrypto)
# yescrypt is new in 4.2 (its NEWS).
pkg_check_modules(libxcrypt REQUIRED IMPORTED_TARGET libxcrypt>=4.2)

# libcamera before 0.3 could not set a camera's orientation, and kept released cameras open.
if(NOT RINGCAST_LIBCAMERA STREQUAL "OFF")
    pkg_check_modules(libcamera IMPORTED_TARGET libcamera>=0.3.2)
    if(NOT libcamera_FOUND)
        message(FATAL_ERROR "libcamera 0.3.2 or later is missing: install libcamera-dev (Debian 12: "
            "libcamera-dev/bookworm-backports), or build with -DRINGCAST_LIBCAMERA=OFF, without cameras")
    endif()
endif()

# Debian's CMake package of prometheus-cpp also requires the libraries of its HTTP parts. ringcast
# uses only the core, which has its own pkg-config file.
pkg_check_modules(prometheus_cpp_core REQUIRED IMPORTED_TARGET prometheus-cpp-core)
add_library(prometheus-cpp::core ALIAS PkgConfig::prometheus_cpp_core)

# llhttp is a library package since Debian 13; Debian 12 ships only its sources, with Node.js.
add_library(ringcast_llhttp INTERFACE)
pkg_check_modules(libllhttp IMPORTED_TARGET libllhttp)
if(libllhttp_FOUND)
    target_link_libraries(ringcast_llhttp INTERFACE PkgConfig::libllhttp)
elseif(EXISTS /usr/share/llhttp/llhttp.c)
    # A separate target without our warnings, because the sources are generated C.
    add_library(llhttp_from_node STATIC
        /usr/share/llhttp/api.c /usr/share/llhttp/http.c /usr/share/llhttp/llhttp.c)
    target_include_directories(llhttp_from_node SYSTEM PUBLIC /usr/share/include/llhttp)
    ringcast_harden(llhttp_from_node)
    target_link_libraries(ringcast_llhttp INTERFACE llhttp_from_node)
else()
    message(FATAL_ERROR "llhttp is missing: install libllhttp-dev (Debian 13) or node-llhttp (Debian 12)")
endif()
