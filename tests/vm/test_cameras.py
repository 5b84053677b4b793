"""Cameras from the user's view: listing and selecting them, settings, and errors with their
remedies."""

import json
import os
import subprocess
import unittest
from unittest import mock

import guest
import harness

FPS = 15


# Prints the brightness in the driver of the first camera.
DRIVERS_BRIGHTNESS = """
import fcntl, glob, struct
VIDIOC_G_CTRL, V4L2_CID_BRIGHTNESS = 0xC008561B, 0x00980900
with open(min(glob.glob("/dev/video*")), "rb") as device:
    print(struct.unpack("=Ii", fcntl.ioctl(device, VIDIOC_G_CTRL, struct.pack("=Ii", V4L2_CID_BRIGHTNESS, 0)))[1])
"""


class CamerasTest(unittest.TestCase):
    def setUp(self):
        self.guest = guest.running()

    def camera(self, **others):
        return self.guest.camera("--fps", FPS, **others)


class Settings(CamerasTest):
    # The camera's brightness is -64 to 64. The stream is on demand, so that the other streams of
    # this test can open the camera too.
    FRONT = """
[streams.front]
source = "libcamera"
fps = 15
controls = { Brightness = 0.5 }
on_demand = true
idle_after = "1s"
"""
    BRIGHTNESS = "32"
    # (setting, error in the log, the supported alternatives named after it)
    REFUSED = (
        ('size = "1000x500"', "the camera doesn't make 1000x500; it makes", "MJPEG in 1280x720"),
        ('sensor = "1640x1232"', "the camera has no sensor modes", "can't be used"),
        ("hdr = true", "hdr = true is for the sensor of the Camera Module 3", "HdrMode"),
        ('format = "NV12"', "the camera doesn't make NV12; it makes", "MJPEG"),
        ("controls = { Brightness = 1.5 }", "control Brightness: found 1.5, the camera takes", "from -1 to 1"),
        ("controls = { Warmth = 1 }", "the camera has no control Warmth", "Brightness, "),
        ("controls = { focus_absolut = 1 }", "the camera has no control focus_absolut", "did you mean focus_absolute?"),
        ("controls = { zoom_absolute = 501 }", "control zoom_absolute: found 501, the camera takes", "from 100 to 500"),
        ('controls = { power_line_frequency = "70 Hz" }', 'found "70 Hz", the camera takes', '"50 Hz" (1)'),
        ("controls = { Brightness = 0, brightness = 0 }", "controls Brightness and brightness", "remove one"),
        (
            "controls = { focus_absolute = 100 }",
            "control focus_absolute has no effect",
            "set focus_automatic_continuous = false",
        ),
    )
    # ringcast drops the frames of the first second, while the exposure settles; uvcvideo drops
    # none.
    SETTLING_SECONDS_MIN = 0.9

    def test_settings_reach_the_camera_and_unsupported_ones_are_refused_with_the_alternatives(self):
        streams = [f'[streams.s{i}]\nsource = "libcamera"\n{line}\n' for i, (line, *_) in enumerate(self.REFUSED)]
        with self.camera() as camera, self.guest.configured("".join([self.FRONT, *streams])) as server:
            for index, (_, said, instead) in enumerate(self.REFUSED):
                self.check_refused(server, index, said, instead)
            self.assertEqual(server.stream_status()["state"], "resting")
            with harness.StreamReader(server.url, "/front/stream") as reader:
                # Parts before the first frame may be "no signal" pictures.
                first = harness.wait_for(lambda: self.live_frame(reader), "a frame")
                self.check_controls(server)
            self.assertGreater(first.captured_ns - camera.sent()[0].captured_ns, self.SETTLING_SECONDS_MIN * 1e9)
            server.wait_state("resting")
            self.assertFalse(server.stream_status()["camera"]["running"])

    def live_frame(self, reader):
        part = reader.part()
        return None if "x-ringcast-signal" in part.headers else harness.StampedFrame(part.body)

    def check_refused(self, server, index, said, instead):
        text = server.wait_log(said)
        self.assertIn(f"stream s{index}: ", text)
        self.assertIn(instead, text.split(said)[1])
        # Each stream tries again and again, and may find that another one is trying.
        harness.wait_for(lambda: server.stream_status(index + 1)["reason"] ==
                         "the camera can't do what its configuration asks", f"the reason of stream s{index}")

    def check_controls(self, server):
        self.assertEqual(self.guest.run("python3", "-c", DRIVERS_BRIGHTNESS).strip(), self.BRIGHTNESS)
        listed = json.loads(server.get("/front/controls")[2])
        self.assertIn("front camera", listed["model"])
        (brightness,) = (control for control in listed["controls"] if control["name"] == "Brightness")
        self.assertEqual([brightness[key] for key in ("min", "max", "default", "value")], [-1, 1, 0, 0.5])
        self.assertEqual(server.stream_status()["camera"]["driver"], "uvcvideo")


class ForUsers(CamerasTest):
    def test_the_list_is_a_configuration(self):
        with self.camera(yuyv=["640x480"]), self.camera(port=1, product="side camera"):
            text = self.guest.run(harness.binary(), "cameras")
            for words in ("front camera", "side camera", "1280x720", "MJPEG", "YUYV", "focus_absolute: a whole number"):
                self.assertIn(words, text)
            with self.guest.configured(text) as server:
                server.wait_live(0).wait_live(1)

    def test_a_device_is_a_camera(self):
        with self.camera(), self.camera(port=1, product="side camera"):
            name = "cd /sys/class/video4linux && grep -l '^side' */name | head -n 1"
            device = self.guest.run("sh", "-c", name).split("/")[0]
            with self.guest.ringcast(f"/dev/{device}", "--fps", FPS) as server:
                status = server.wait_live().stream_status()
        self.assertIn("side camera", status["camera"]["model"])
        self.assertEqual((status["width"], status["height"]), (1280, 720))

    def test_without_permission_it_names_the_command_that_grants_it_and_retries(self):
        program = self.guest.binary_for_all()
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        with self.camera(), mock.patch.dict(os.environ, RINGCAST_BINARY=program):
            with self.guest.ringcast("camera", "--fps", FPS, before=nobody) as server:
                server.wait_log("sudo usermod -aG video")
                self.assertNotEqual(server.stream_status()["state"], "live")
                # Simulates udev setting the permissions late. A new camera gets new devices, so
                # this does not affect later tests.
                self.guest.run("sh", "-c", "chmod a+rw /dev/media* /dev/video*")
                server.wait_live()

    def test_with_too_little_locked_memory_frames_are_copied_and_the_log_names_the_setting(self):
        program = self.guest.binary_for_all()
        limited = ["prlimit", "--memlock=65536:65536", "setpriv", "--reuid=65534", "--regid=65534", "--groups=video"]
        with self.camera() as camera, mock.patch.dict(os.environ, RINGCAST_BINARY=program):
            with self.guest.ringcast("camera", "--fps", FPS, before=limited) as server:
                received = harness.StampedFrame(server.wait_live().get("/snapshot?max_age_ms=10000")[2])
                status = server.stream_status()
                server.wait_log(f"copied: {status['camera']['tier_reason']}")
            self.assertIn(received.sequence, [frame.sequence for frame in camera.sent()])
        self.assertEqual(status["camera"]["tier"], "copied")
        self.assertIn("LimitMEMLOCK", status["camera"]["tier_reason"])
        self.assertEqual(status["camera"]["counters"]["lent"], 0)

    def test_a_camera_in_use_by_another_program_is_retried(self):
        with self.camera():
            other = subprocess.Popen(
                [*self.guest.prefix, "cam", "--camera", "1", "--capture"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self.addCleanup(other.stdout.close)
            self.addCleanup(other.wait)
            self.addCleanup(other.kill)
            for line in other.stdout:
                if b"seq:" in line:
                    break
            with self.guest.ringcast("camera", "--fps", FPS) as server:
                harness.wait_for(lambda: "in use" in (server.stream_status()["reason"] or ""), "the reason")
                other.kill()
                server.wait_live()


if __name__ == "__main__":
    harness.main()
