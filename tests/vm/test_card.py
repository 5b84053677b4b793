"""A network card with scatter-gather takes frames out of ringcast's memory: the kernel says so."""

import unittest

import guest
import harness


def sent_everything_uncopied(sent):
    return sent["zero_copy_notifications"] == sent["frames_zero_copy"]


class ZeroCopy(unittest.TestCase):
    """A viewer outside the guest, over its card."""

    FRAMES = 60

    def setUp(self):
        self.guest = guest.running()

    def test_frames_leave_uncopied_to_another_host(self):
        server = self.guest.ringcast("pattern", "--size", "640x480", "--fps", 10)
        with server.wait_live(), harness.StreamReader(server.url) as reader:
            frames = [harness.StampedFrame(reader.part().body) for _ in range(self.FRAMES)]
            viewer = server.status()["viewers"][0]
            reader.close()
            self.assertEqual(viewer["lane"], "zero-copy")
            self.assertTrue(viewer["address"].startswith("10.0.2.2:"), viewer["address"])
            # With the viewer gone the last pages come back.
            harness.wait_for(lambda: sent_everything_uncopied(server.stream_status()["sent"]), "all notifications")
            sent = server.stream_status()["sent"]
        self.assertTrue(harness.rising([frame.sequence for frame in frames]))
        self.assertGreaterEqual(sent["frames_zero_copy"], self.FRAMES)
        live = sent["frames_zero_copy"] + sent["frames_copy"]
        uncopied = sent["zero_copy_notifications"] - sent["zero_copy_copied"]
        self.assertGreaterEqual(uncopied, 0.99 * live, sent)

    def test_frames_are_copied_to_the_guest_itself(self):
        server = self.guest.ringcast("pattern", "--size", "640x480", "--fps", 10)
        with server.wait_live():
            url = f"http://127.0.0.1:{self.guest.ports[0]}/stream"
            # Its time runs out: a stream has no end.
            text = self.guest.run("sh", "-c", f"curl -s --max-time 5 {url} | grep -ac '^Content-Length'")
            sent = server.stream_status()["sent"]
        self.assertGreaterEqual(int(text), 10)
        self.assertGreaterEqual(sent["frames_copy"], 10)
        self.assertEqual(sent["frames_zero_copy"], 0)


if __name__ == "__main__":
    harness.main()
