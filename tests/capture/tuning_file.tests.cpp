#include "capture/tuning_file.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;
using namespace std::string_literals;

const std::string raspberry_pi_4 = "raspberrypi,4-model-b\0brcm,bcm2711\0"s;
const std::string raspberry_pi_5 = "raspberrypi,5-model-b\0brcm,bcm2712\0"s;

/// A machine with libcamera's tuning files.
class FakeMachine {
public:
    explicit FakeMachine(const std::string& compatible) {
        folder_.write("compatible", compatible);
        for (const char* board : {"vc4", "pisp"}) {
            const std::string ipa = std::string("libcamera/ipa/rpi/") + board;
            fs::create_directories(path() / ipa);
            for (const char* name : {"imx219.json", "imx219_noir.json", "imx708.json"}) {
                folder_.write(ipa + "/" + name, "{}");
            }
        }
    }
    [[nodiscard]] TuningPlaces places() const {
        return {path() / "compatible", path() / "libcamera"};
    }
    [[nodiscard]] std::string file(const std::string& name) const {
        return (path() / "libcamera/ipa/rpi" / name).string();
    }

private:
    [[nodiscard]] fs::path path() const { return folder_.path(); }

    test::TemporaryFolder folder_;
};

/// One stream for each tuning.
std::vector<config::LibcameraConfig> streams_with(const std::vector<std::string>& tunings) {
    std::vector<config::LibcameraConfig> streams(tunings.size());
    for (std::size_t i = 0; i < tunings.size(); ++i) {
        streams[i].tuning = tunings[i];
    }
    return streams;
}

} // namespace

TEST_CASE("no tuning file is used unless a stream asks for one, on any machine") {
    const FakeMachine machine("some,board");
    CHECK(find_tuning_file({}, machine.places()).value().empty());
    CHECK(find_tuning_file(streams_with({"", ""}), machine.places()).value().empty());
}

TEST_CASE("a tuning file is found by its name among those for the board, or by its path") {
    const FakeMachine old(raspberry_pi_4);
    const auto wanted = streams_with({"", "imx219_noir.json"});
    CHECK(find_tuning_file(wanted, old.places()) == old.file("vc4/imx219_noir.json"));
    const FakeMachine machine(raspberry_pi_5);
    CHECK(find_tuning_file(wanted, machine.places()) == machine.file("pisp/imx219_noir.json"));
    const std::string path = machine.file("vc4/imx708.json");
    CHECK(find_tuning_file(streams_with({path, path}), machine.places()) == path);
}

TEST_CASE("a tuning file that does not exist is an error, with those for the same sensor") {
    const FakeMachine machine(raspberry_pi_5);
    const auto missing = [&](const std::string& name) {
        const auto found = find_tuning_file(streams_with({name}), machine.places());
        return found ? "found" : found.error().message;
    };
    CHECK_THAT(missing("imx219_wide.json"),
               ContainsSubstring("there is no file " + machine.file("pisp/imx219_wide.json")) &&
                   ContainsSubstring("has imx219.json, imx219_noir.json") &&
                   !ContainsSubstring("imx708"));
    CHECK_THAT(missing("other.json"),
               ContainsSubstring("has imx219.json, imx219_noir.json, imx708.json"));
    CHECK_THAT(missing("/does/not/exist.json"),
               ContainsSubstring("there is no file /does/not/exist.json; "));
}

TEST_CASE("a tuning file is an error on a machine that is no Raspberry Pi") {
    const FakeMachine machine("some,board");
    const auto found = find_tuning_file(streams_with({"imx219.json"}), machine.places());
    REQUIRE_FALSE(found);
    CHECK(found.error().message ==
          "tuning: imx219.json is for the cameras of a Raspberry Pi, and this machine is none");
    CHECK_FALSE(find_tuning_file(streams_with({"imx219.json"}), {"/missing", "/missing"}));
}

TEST_CASE("without the board, only a tuning file with an absolute path is known to be missing") {
    const FakeMachine other("some,board");
    CHECK(missing_tuning_file("imx219_wide.json", other.places()).empty());
    CHECK(missing_tuning_file(other.file("vc4/imx219.json"), other.places()).empty());
    CHECK(missing_tuning_file("/does/not/exist.json", other.places()) ==
          "tuning: there is no file /does/not/exist.json");
    const FakeMachine machine(raspberry_pi_5);
    CHECK(missing_tuning_file("imx219.json", machine.places()).empty());
    CHECK_THAT(missing_tuning_file("imx219_wide.json", machine.places()),
               ContainsSubstring("there is no file " + machine.file("pisp/imx219_wide.json")));
}

TEST_CASE("two tuning files are an error, because libcamera takes one") {
    const FakeMachine machine(raspberry_pi_5);
    const auto found =
        find_tuning_file(streams_with({"imx219_noir.json", "imx708.json"}), machine.places());
    REQUIRE_FALSE(found);
    CHECK_THAT(found.error().message,
               ContainsSubstring("streams ask for imx219_noir.json and for imx708.json"));
}

TEST_CASE("a camera with another sensor than the tuning file's is refused") {
    const std::string file = "/usr/share/libcamera/ipa/rpi/pisp/imx219_noir.json";
    CHECK(tuning_refusal(file, "", "imx219", "rp1-cfe").empty());
    CHECK(tuning_refusal(file, "imx219_noir.json", "imx219", "rp1-cfe").empty());
    CHECK(tuning_refusal(file, "imx219_noir.json", "some_sensor", "rp1-cfe").empty());
    CHECK(tuning_refusal("", "", "imx708", "rp1-cfe").empty());
    CHECK(tuning_refusal(file, "", "C920", "uvcvideo").empty());
    CHECK_THAT(tuning_refusal(file, "", "imx708_wide", "rp1-cfe"),
               ContainsSubstring("the tuning imx219_noir.json") &&
                   ContainsSubstring("this camera is imx708_wide"));
    CHECK_THAT(tuning_refusal(file, "imx219_noir.json", "C920", "uvcvideo"),
               ContainsSubstring("this is a USB camera"));
}

} // namespace ringcast::capture
