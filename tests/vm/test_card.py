"""A network card with scatter-gather sends frames from ringcast's memory, as the kernel reports."""

import unittest

import guest
import harness


class ZeroCopy(unittest.TestCase):
    """Viewers outside the guest, over its network card, and inside, over loopback."""

    FRAMES = 60
    # An emulated processor can't encode faster.
    FPS = 20

    def setUp(self):
        self.guest = guest.running()

    def test_frames_to_another_host_are_sent_without_copying(self):
        # Retried, because frames are copied for a viewer that pauses for a moment.
        harness.retried(self.check_uncopied)

    def check_uncopied(self):
        with self.guest.ringcast("pattern", "--size", "640x480", "--fps", self.FPS) as server:
            server.wait_live()
            with harness.StreamReader(server.url) as reader:
                frames = [harness.StampedFrame(reader.part().body) for _ in range(self.FRAMES)]
                viewer = server.status()["viewers"][0]
            self.assertEqual(viewer["lane"], "zero-copy")
            self.assertTrue(viewer["address"].startswith("10.0.2.2:"), viewer["address"])
            self.assertTrue(harness.rising([frame.sequence for frame in frames]))
            self.assertGreaterEqual(guest.uncopied_share(server), 0.99)

    def test_frames_over_loopback_are_copied(self):
        with self.guest.ringcast("pattern", "--size", "640x480", "--fps", self.FPS) as server:
            server.wait_live()
            url = f"http://127.0.0.1:{self.guest.ports[0]}/stream"
            # The stream does not end by itself: curl ends when grep closes the pipe.
            text = self.guest.run("sh", "-c", f"curl -s {url} | grep -a -m {self.FRAMES} '^Content-Length'")
            sent = server.stream_status()["sent"]
        self.assertEqual(len(text.splitlines()), self.FRAMES)
        # The completion of the last send may come after the frame has arrived.
        self.assertGreaterEqual(sent["frames_copy"], self.FRAMES - 1)
        self.assertEqual(sent["frames_zero_copy"], 0)


if __name__ == "__main__":
    harness.main()
