#include "camera/camera_offer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace ringcast;
using namespace ringcast::camera;
using Catch::Matchers::ContainsSubstring;
using config::PictureSize;

namespace {

const std::vector<FormatOffer> webcam{
    {"YUYV", {{320, 240}, {640, 480}, {1600, 1200}}, {}},
    {"MJPEG", {{640, 480}, {1280, 720}, {1920, 1080}}, {}},
};
const std::vector<FormatOffer> sensor{
    {"SRGGB10", {}, SizeRange{{1536, 864}, {4608, 2592}, 2, 2}},
    {"NV12", {{1920, 1080}}, SizeRange{{32, 32}, {4608, 2592}, 2, 2}},
    {"YUV420", {}, SizeRange{{32, 32}, {4608, 2592}, 2, 2}},
};

CameraChoice chosen(const std::vector<FormatOffer>& offers, std::string_view format = {},
                    std::optional<PictureSize> size = {}) {
    const auto choice = choose_offer(offers, format, size);
    INFO((choice ? std::string() : choice.error().message));
    REQUIRE(choice.has_value());
    return *choice;
}

std::string refused(const std::vector<FormatOffer>& offers, std::string_view format = {},
                    std::optional<PictureSize> size = {}) {
    const auto choice = choose_offer(offers, format, size);
    REQUIRE_FALSE(choice.has_value());
    return choice.error().message;
}

} // namespace

TEST_CASE("MJPEG is chosen if the camera offers it, in the largest size up to 1280x720") {
    CHECK(chosen(webcam).format == "MJPEG");
    CHECK(chosen(webcam).size == PictureSize{1280, 720});
}

TEST_CASE("without MJPEG the format with the least work is chosen") {
    CHECK(chosen(sensor).format == "YUV420");
    CHECK(chosen(sensor).size == PictureSize{1280, 720});
    CHECK(chosen({webcam[0]}).format == "YUYV");
    CHECK(chosen({webcam[0]}).size == PictureSize{640, 480});
}

TEST_CASE("if all sizes are larger than 1280x720 the smallest one is chosen") {
    CHECK(chosen({{"MJPEG", {{1920, 1080}, {1600, 1200}, {3840, 2160}}, {}}}).size ==
          PictureSize{1600, 1200});
    CHECK(chosen({{"R8", {}, SizeRange{{1640, 1232}, {3280, 2464}, 2, 2}}}).size ==
          PictureSize{1640, 1232});
    CHECK(chosen({{"R8", {}, SizeRange{{16, 16}, {640, 400}, 2, 2}}}).size ==
          PictureSize{640, 400});
}

TEST_CASE("a size that only another format offers is chosen in that format") {
    CHECK(chosen(webcam, "", PictureSize{320, 240}).format == "YUYV");
    CHECK(chosen(webcam, "", PictureSize{640, 480}).format == "MJPEG");
    CHECK(chosen(webcam, "YUYV", PictureSize{640, 480}).format == "YUYV");
    CHECK(chosen(sensor, "NV12", PictureSize{1000, 500}).size == PictureSize{1000, 500});
}

TEST_CASE("a camera has four buffers for JPEG and six for raw pictures") {
    CHECK(buffer_count("MJPEG") == 4);
    CHECK(buffer_count("YUV420") == 6);
    CHECK(buffer_count("YUYV") == 6);
}

TEST_CASE("the error for an unsupported format or size lists the supported ones") {
    CHECK(refused(webcam, "", PictureSize{1000, 500}) ==
          "the camera doesn't make 1000x500; it makes MJPEG in 640x480, 1280x720, 1920x1080; "
          "YUYV in 320x240, 640x480, 1600x1200");
    CHECK(refused(webcam, "MJPEG", PictureSize{320, 240}) ==
          "the camera doesn't make 320x240 in MJPEG; it makes MJPEG in 640x480, 1280x720, "
          "1920x1080; YUYV in 320x240, 640x480, 1600x1200");
    CHECK(refused(webcam, "NV12") == "the camera doesn't make NV12; it makes YUYV, MJPEG");
    CHECK_THAT(refused({sensor[0]}), ContainsSubstring("no format that ringcast can use; it makes "
                                                       "SRGGB10"));
    CHECK_THAT(refused(sensor, "YUV420", PictureSize{1281, 720}),
               ContainsSubstring("makes YUV420, NV12 in 32x32 to 4608x2592"));
    CHECK_THAT(refused(sensor, "YUV420", PictureSize{5000, 720}),
               ContainsSubstring("doesn't make 5000x720"));
    CHECK_THAT(refused({}), ContainsSubstring("it makes none"));
}
