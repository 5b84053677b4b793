"""What a user does with cameras: lists them, names one, and is told what is in the way."""

import os
import subprocess
import unittest
from unittest import mock

import guest
import harness

FPS = 15


class ForUsers(unittest.TestCase):
    def setUp(self):
        self.guest = guest.running()

    def camera(self, **others):
        return self.guest.camera("--fps", FPS, **others)

    def test_the_list_is_a_configuration(self):
        with self.camera(yuyv=["640x480"]), self.camera(port=1, product="side camera"):
            text = self.guest.run(harness.binary(), "cameras")
            for words in ("front camera", "side camera", "1280x720", "MJPEG", "YUYV"):
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

    def test_without_permission_it_says_what_gives_it_and_tries_again(self):
        program = self.guest.binary_for_all()
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        with self.camera(), mock.patch.dict(os.environ, RINGCAST_BINARY=program):
            with self.guest.ringcast("camera", "--fps", FPS, before=nobody) as server:
                server.wait_log("sudo usermod -aG video")
                self.assertNotEqual(server.stream_status()["state"], "live")
                # As when udev is late. Each camera plugged in has devices of its own.
                self.guest.run("sh", "-c", "chmod a+rw /dev/media* /dev/video*")
                server.wait_live()

    def test_a_camera_that_another_program_has_is_tried_again(self):
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
