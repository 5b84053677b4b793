#include "libcamera/libcamera_log.hpp"

#include <ostream>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace ringcast::capture;
using test::LogCapture;

TEST_CASE("libcamera's errors are logged as warnings, without its time and thread") {
    LogCapture log;
    libcamera_log() << "[0:24:11.415660787] [10635] ERROR V4L2 v4l2_device.cpp:398 'C270': Unable\n"
                       "[0:24:11.415660791] [10635]  INFO Camera camera_manager.cpp:325 v0.4.0\n"
                    << std::flush;
    CHECK(log.count("libcamera: ERROR V4L2 v4l2_device.cpp:398 'C270': Unable",
                    LogLevel::warning) == 1);
    CHECK(log.count("libcamera: INFO Camera camera_manager.cpp:325 v0.4.0") == 1);
    CHECK(log.count("libcamera:", LogLevel::info) == 1);
}

TEST_CASE("the message that no dma-heap can be opened is not logged as a warning") {
    LogCapture log;
    libcamera_log()
        << "[0:24:11.415660787] [10635] ERROR DmaBufAllocator dma_buf_allocator.cpp:119 "
           "Could not open any dma-buf provider\n"
        << std::flush;
    CHECK(log.count("dma-buf provider") == 1);
    CHECK(log.count("dma-buf provider", LogLevel::info) == 0);
}
