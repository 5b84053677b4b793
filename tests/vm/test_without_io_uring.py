"""A kernel on which io_uring is turned off: ringcast serves with epoll, also from a camera."""

import unittest

import guest
import harness
from test_camera_source import is_live, next_part

SETTING = "/proc/sys/kernel/io_uring_disabled"
CAMERA = '[streams.front]\nsource = "libcamera"\nsize = "1280x720"\n'


class WithoutIoUring(unittest.TestCase):
    FRAMES = 20

    def setUp(self):
        self.guest = guest.running()
        self.disable_io_uring(2)
        self.addCleanup(self.disable_io_uring, 0)

    def disable_io_uring(self, value):
        self.guest.run("sh", "-c", 'echo "$0" > "$1"', value, SETTING)

    def check_engine(self, server):
        self.assertIn("kernel.io_uring_disabled = 2", server.wait_log("serving with epoll"))
        self.assertEqual(server.status()["server"]["engine"], "epoll")

    def test_a_pattern_reaches_viewers_by_copy(self):
        with self.guest.ringcast("pattern", "--size", "640x480", "--fps", 20) as server:
            server.wait_live()
            self.check_engine(server)
            with harness.StreamReader(server.url) as reader:
                frames = [harness.StampedFrame(reader.part().body) for _ in range(self.FRAMES)]
                viewer = server.status()["viewers"][0]
        self.assertEqual(viewer["lane"], "copy")
        self.assertTrue(harness.rising([frame.sequence for frame in frames]))

    def test_the_frames_of_a_camera_arrive_as_it_sent_them(self):
        with self.guest.camera() as camera, self.guest.configured(CAMERA) as server:
            self.check_engine(server)
            with harness.StreamReader(server.url) as reader:
                frames = [harness.StampedFrame(next_part(reader, is_live).body) for _ in range(self.FRAMES)]
            stream = server.stream_status()
            sent = {frame.sequence for frame in camera.sent()}
        self.assertTrue({frame.sequence for frame in frames} <= sent)
        self.assertEqual(stream["tier"], "unregistered")
        self.assertIn("epoll", stream["tier_reason"])


if __name__ == "__main__":
    harness.main()
