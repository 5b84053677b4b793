# The two implementations of src/capture/cameras.hpp. ringcast_cameras is the one that
# RINGCAST_LIBCAMERA selects; tests also use the other one.

# The version, and a hash of all headers: the program and a module must agree on both.
include(RingcastBuildIdentity)
ringcast_build_identity("${PROJECT_BINARY_DIR}/generated/build_identity.hpp")

add_library(ringcast_loaded_cameras STATIC src/capture/loaded_cameras.cpp)
target_include_directories(ringcast_loaded_cameras PRIVATE "${PROJECT_BINARY_DIR}/generated")
target_link_libraries(ringcast_loaded_cameras PUBLIC ringcast_platform)
add_dependencies(ringcast_loaded_cameras ringcast_build_identity)
ringcast_warnings(ringcast_loaded_cameras)

# ringcast_loads_cameras(PROGRAM): lets a module use the functions of PROGRAM, so that both share
# each variable. These may be functions that the program itself never calls.
function(ringcast_loads_cameras program)
    set_property(TARGET ${program} APPEND PROPERTY
        LINK_LIBRARY_OVERRIDE "WHOLE_ARCHIVE,ringcast_core,ringcast_platform")
    target_link_options(${program} PRIVATE "LINKER:--dynamic-list=${PROJECT_SOURCE_DIR}/cmake/camera_module_symbols.list")
    set_property(TARGET ${program} APPEND PROPERTY LINK_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/camera_module_symbols.list")
endfunction()

if(libcamera_FOUND)
    file(GLOB libcamera_sources CONFIGURE_DEPENDS src/libcamera/*.cpp)
    list(FILTER libcamera_sources EXCLUDE REGEX "/(linked_cameras|camera_module_entry)\\.cpp$")
    add_library(ringcast_libcamera OBJECT ${libcamera_sources})
    # It becomes a part of a program or of a module.
    set_target_properties(ringcast_libcamera PROPERTIES POSITION_INDEPENDENT_CODE ON UNITY_BUILD ${RINGCAST_UNITY})
    target_link_libraries(ringcast_libcamera PRIVATE ringcast_core PkgConfig::libcamera)
    ringcast_warnings(ringcast_libcamera)

    add_library(ringcast_linked_cameras STATIC
        src/libcamera/linked_cameras.cpp $<TARGET_OBJECTS:ringcast_libcamera>)
    target_link_libraries(ringcast_linked_cameras PUBLIC ringcast_platform PRIVATE PkgConfig::libcamera)
    ringcast_warnings(ringcast_linked_cameras)

    # What it uses of ringcast stays undefined: the program provides it.
    add_library(ringcast_camera_module MODULE
        src/libcamera/camera_module_entry.cpp $<TARGET_OBJECTS:ringcast_libcamera>)
    # Beside the program, which looks for it there too.
    set_target_properties(ringcast_camera_module PROPERTIES
        PREFIX "" OUTPUT_NAME libcamera LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/$<0:>")
    target_include_directories(ringcast_camera_module PRIVATE src "${PROJECT_BINARY_DIR}/generated")
    target_link_libraries(ringcast_camera_module PRIVATE tl::expected fmt::fmt PkgConfig::libcamera)
    add_dependencies(ringcast_camera_module ringcast_build_identity)
    ringcast_warnings(ringcast_camera_module)
    if(NOT RINGCAST_LIBCAMERA STREQUAL "MODULE")
        set_target_properties(ringcast_camera_module PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
endif()

if(RINGCAST_LIBCAMERA STREQUAL "ON")
    add_library(ringcast_cameras ALIAS ringcast_linked_cameras)
else()
    add_library(ringcast_cameras ALIAS ringcast_loaded_cameras)
endif()
if(RINGCAST_LIBCAMERA STREQUAL "MODULE")
    install(TARGETS ringcast_camera_module LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/ringcast)
endif()
