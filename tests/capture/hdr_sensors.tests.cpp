#include "capture/hdr_sensors.hpp"

#include <filesystem>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

namespace fs = std::filesystem;

/// A folder like /sys/class/video4linux.
class FakeClasses {
public:
    void add(const std::string& device, const std::string& name, const std::string& node) {
        fs::create_directories(path() / device / "device");
        folder_.write(device + "/name", name + "\n");
        if (!node.empty()) {
            fs::create_symlink("../../../../firmware/devicetree" + node,
                               path() / device / "device" / "of_node");
        }
    }
    [[nodiscard]] fs::path path() const { return folder_.path(); }

private:
    test::TemporaryFolder folder_;
};

std::vector<config::LibcameraConfig> one_stream(bool hdr) {
    std::vector<config::LibcameraConfig> streams(1);
    streams.front().hdr = hdr;
    return streams;
}

} // namespace

TEST_CASE("sensors with HDR of their own are found by the names of their subdevices") {
    FakeClasses classes;
    const std::string node = "/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a";
    classes.add("v4l-subdev3", "imx708_wide 10-001a", node);
    classes.add("v4l-subdev2", "imx708 11-001a", "");
    classes.add("v4l-subdev4", "imx477 4-001a", "/base/soc/i2c0mux/i2c@1/imx477@1a");
    classes.add("video0", "imx708 that is no subdevice", "");
    const auto sensors = find_hdr_sensors(classes.path());
    REQUIRE(sensors.size() == 2);
    CHECK(sensors[0].model == "imx708");
    CHECK(sensors[0].device == "/dev/v4l-subdev2");
    CHECK(sensors[0].id.empty());
    CHECK(sensors[1].model == "imx708_wide");
    CHECK(sensors[1].device == "/dev/v4l-subdev3");
    CHECK(sensors[1].id == node);
}

TEST_CASE("a machine without video devices has no sensors with HDR") {
    const test::TemporaryFolder folder;
    CHECK(find_hdr_sensors(folder.path("missing")).empty());
}

TEST_CASE("HDR that can't be turned on or off is logged") {
    test::LogCapture logged;
    const std::vector<camera::HdrSensor> sensors{{"", "imx708", "/dev/does-not-exist"}};
    apply_hdr(sensors, one_stream(true));
    CHECK(logged.count("HDR of the sensor imx708 can't be turned on (/dev/does-not-exist): No such "
                       "file or directory",
                       LogLevel::warning) == 1);
    apply_hdr(sensors, one_stream(false));
    CHECK(logged.count("can't be turned off", LogLevel::warning) == 1);
}

TEST_CASE("HDR without a sensor that has it is logged, and nothing without `hdr`") {
    test::LogCapture logged;
    apply_hdr({}, one_stream(false));
    apply_hdr({}, {});
    CHECK(logged.count("", LogLevel::warning) == 0);
    apply_hdr({}, one_stream(true));
    CHECK(logged.count("no sensor with HDR of its own", LogLevel::warning) == 1);
}

} // namespace ringcast::capture
