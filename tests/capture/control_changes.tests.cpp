// Controls of a camera that are changed while it runs, as requests do it.

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "capture/camera_source.hpp"
#include "capture/fake_camera.hpp"
#include "jpeg/samples.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

using Catch::Matchers::ContainsSubstring;
using Kind = source::ControlOutcome::Kind;
using Settings = std::vector<config::ControlSetting>;
using source::ControlChange;
using test::FakeCamera;
using namespace std::chrono_literals;

constexpr std::size_t frame_bytes_max = 8UL * 1024UL;
constexpr io::StreamId stream_id{3, 1};

struct CameraWithControls : FakeCamera {
    CameraWithControls() {
        source::CameraControl& focus = controls.emplace_back();
        focus.name = "AfMode";
        focus.kind = source::ControlKind::enumeration;
        focus.choices = {{0, "AfModeManual"}, {2, "AfModeContinuous"}};
        focus.initial = std::int64_t{0};
        source::CameraControl& brightness = controls.emplace_back();
        brightness.name = "Brightness";
        brightness.kind = source::ControlKind::number;
        brightness.min = -1.0;
        brightness.max = 1.0;
        brightness.initial = 0.0;
    }
};

config::LibcameraConfig wanted(bool on_demand = false) {
    config::LibcameraConfig wanted;
    wanted.controls = {{"AfMode", std::string("manual")}};
    wanted.on_demand = on_demand;
    wanted.idle_after = 5s;
    return wanted;
}

class Bench : public test::SourceBench<CameraSource> {
public:
    explicit Bench(FakeCamera& camera, bool on_demand = false)
        : SourceBench(frame_bytes_max, stream_id, std::string("door"), wanted(on_demand),
                      std::make_unique<test::FakeDevice>(camera), 1) {}

    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;
    ~Bench() override { sink.let_go(); }

    void until_running() {
        until([this] { return source.camera()->running; });
    }
    void until_stopped() {
        until([this] { return !source.camera()->running; });
    }
    /// Makes the change; returns its outcome.
    Kind change(const std::vector<ControlChange>& changes) {
        source.change_controls(changes);
        until([this] { return outcome().kind != Kind::under_way; });
        return outcome().kind;
    }
    /// Tries the change until the camera is neither being opened nor closed.
    Kind change_in_time(const std::vector<ControlChange>& changes) {
        until([this, &changes] { return change(changes) != Kind::unavailable; });
        return outcome().kind;
    }
    /// A viewer watches until there is a frame. Then the camera is stopped.
    void visit(FakeCamera& camera) {
        source.set_watched(true);
        until_running();
        REQUIRE(camera.capture(test::jpeg(10), 0, true, true));
        until([this] { return !sink.frames.empty(); });
        source.set_watched(false);
        wait(5s);
    }
    [[nodiscard]] const source::ControlOutcome& outcome() const { return source.control_outcome(); }
    [[nodiscard]] Settings changed() const { return source.camera()->controls_changed; }
    [[nodiscard]] source::CameraControl brightness() const {
        return source.camera_controls().back();
    }
    void wait(Duration time) {
        engine.pass(time);
        if (source.deadline() <= engine.now()) {
            source.on_deadline(engine.now());
        }
    }
};

const std::vector<ControlChange> brighter{{"Brightness", 0.5}};
const Settings brighter_set{{"AfMode", std::string("manual")}, {"Brightness", 0.5}};
const OpenFailure refusal{camera::OpenError::refused, "it does not like that", "refused"};

} // namespace

TEST_CASE("a change is given to the running camera with all other settings, and shown") {
    test::LogCapture logged;
    CameraWithControls camera;
    Bench bench(camera);
    bench.until_running();
    CHECK(bench.outcome().kind == Kind::applied);
    CHECK(camera.settings() == wanted().controls);
    REQUIRE(bench.change(brighter) == Kind::applied);
    CHECK(camera.settings() == brighter_set);
    CHECK(bench.source.camera()->controls_set == brighter_set);
    CHECK(bench.changed() == Settings{{"Brightness", 0.5}});
    CHECK(bench.brightness().value == source::CameraControl::Value(0.5));
    CHECK(camera.opens() == 1);
    CHECK(logged.count("stream door: controls set over HTTP, until a restart: { Brightness = 0.5 }",
                       LogLevel::info) == 1);
    REQUIRE(bench.change({{"Brightness", std::nullopt}}) == Kind::applied);
    CHECK(bench.brightness().value == source::CameraControl::Value(0.0)); // the default
    CHECK(bench.changed().empty());
    CHECK(logged.count("the camera's controls are those of the configuration again") == 1);
}

TEST_CASE("frames go on while a change is under way, and the camera is closed after it") {
    CameraWithControls camera;
    Bench bench(camera);
    bench.until_running();
    camera.hold_controls(true);
    bench.source.change_controls(brighter);
    CHECK(bench.outcome().kind == Kind::under_way);
    REQUIRE(camera.capture(test::jpeg(100, 'a'), 0));
    bench.until([&] { return bench.sink.frames.size() == 1; });
    CHECK(bench.outcome().kind == Kind::under_way);
    CHECK(bench.changed().empty());
    SECTION("unplugged meanwhile") {
        camera.unplug();
        bench.until_stopped();
        CHECK(camera.closes() == 0);
        camera.hold_controls(false);
        bench.until([&] { return camera.closes() == 1; });
        CHECK(bench.changed() == Settings{{"Brightness", 0.5}});
    }
    SECTION("stopped meanwhile") {
        bench.source.stop();
        CHECK(camera.closes() == 0);
        camera.hold_controls(false);
        bench.until([&] { return bench.source.stopped(); });
        CHECK(camera.closes() == 1);
    }
}

TEST_CASE("values that the camera does not accept are refused without asking it") {
    CameraWithControls camera;
    Bench bench(camera);
    bench.until_running();
    REQUIRE(bench.change({{"Brightness", 7.0}, {"Nothing", true}, {"AfMode", std::int64_t{2}}}) ==
            Kind::refused);
    CHECK_THAT(bench.outcome().message, ContainsSubstring("a number from -1 to 1"));
    CHECK_THAT(bench.outcome().message, ContainsSubstring("no control Nothing"));
    CHECK(camera.settings() == wanted().controls);
    CHECK(bench.changed().empty());
}

TEST_CASE("a change that the camera can't make changes nothing") {
    CameraWithControls camera;
    Bench bench(camera);
    bench.until_running();
    camera.fail_next(refusal);
    CHECK(bench.change(brighter) == Kind::refused);
    CHECK(bench.outcome().message == "it does not like that");
    camera.fail_next({camera::OpenError::unusable, "an error of the bus", "it failed"});
    CHECK(bench.change(brighter) == Kind::unavailable);
    CHECK(bench.outcome().message == "an error of the bus");
    camera.throw_next();
    CHECK(bench.change(brighter) == Kind::unavailable);
    CHECK(bench.changed().empty());
    CHECK_FALSE(bench.brightness().value.has_value());
    CHECK(bench.source.camera()->running);
    CHECK(camera.closes() == 0);
    CHECK(bench.change(brighter) == Kind::applied);
}

TEST_CASE("what was set is set again when the camera is reopened") {
    CameraWithControls camera;
    Bench bench(camera);
    bench.until_running();
    REQUIRE(bench.change(brighter) == Kind::applied);
    camera.unplug();
    camera.change_cameras();
    bench.until([&] { return camera.opens() == 2 && bench.source.camera()->running; });
    CHECK(camera.settings() == brighter_set);
    CHECK(bench.changed() == Settings{{"Brightness", 0.5}});
}

TEST_CASE("values for a camera that is closed are checked and kept until it is opened") {
    CameraWithControls camera;
    Bench bench(camera, true);
    CHECK(bench.change(brighter) == Kind::unavailable); // its controls are not known yet
    bench.visit(camera);
    CHECK(bench.change(brighter) == Kind::unavailable); // it is being closed
    CHECK(bench.change_in_time({{"Brightness", 7.0}}) == Kind::refused);
    CHECK(bench.change(brighter) == Kind::kept);
    CHECK(bench.changed() == Settings{{"Brightness", 0.5}});
    CHECK(camera.settings() == wanted().controls);
    bench.source.set_watched(true);
    CHECK(bench.change(brighter) == Kind::unavailable); // it is being opened
    bench.until_running();
    CHECK(camera.settings() == brighter_set);
    CHECK(bench.change({{"Brightness", 0.25}}) == Kind::applied);
}

TEST_CASE("values that were set do not keep a camera closed that refuses them") {
    test::LogCapture logged;
    CameraWithControls camera;
    Bench bench(camera);
    bench.until_running();
    REQUIRE(bench.change(brighter) == Kind::applied);
    camera.fail_next(refusal); // it is another camera now
    camera.unplug();
    camera.change_cameras();
    bench.until([&] { return bench.changed().empty(); });
    CHECK(logged.count("are dropped, because the camera could not be opened with them",
                       LogLevel::warning) == 1);
    bench.wait(2s);
    bench.until_running();
    CHECK(camera.settings() == wanted().controls);
}

} // namespace ringcast::capture
