"""From the camera's driver to the network card: in each tier frames arrive exactly as the camera
sent them, and with registered camera memory nothing copies them on the way. See
docs/zero-copy.md."""

import secrets
import struct
import unittest
import zlib

import guest
import harness

# At start ringcast also reads files and copies text. After these frames it copies only frames, if
# any.
SETTLED_FRAMES = 10
FRAMES = 300


class Copies:
    """The copies in user space on the loop of a ringcast, counted by copy_counter.cpp."""

    def __init__(self, in_guest):
        self._guest = in_guest
        self._path = f"/run/copies-{secrets.token_hex(4)}"
        self.environment = [f"LD_PRELOAD={guest.copy_counter()}", f"RINGCAST_COPY_COUNT={self._path}"]

    def read(self):
        """Copies, bytes copied, reads, bytes read."""
        text = self._guest.run("od", "-A", "n", "-v", "-t", "x1", self._path)
        return struct.unpack("=4Q", bytes.fromhex(text))


class CameraToCard(unittest.TestCase):
    SIZE = "1280x720"
    FPS = 30
    # Frames that are copied because the viewer paused for a moment.
    COPIES_MAX = 0

    def setUp(self):
        self.guest = guest.running()

    def live_frame(self, reader):
        part = reader.part()
        self.assertNotIn("x-ringcast-signal", part.headers)
        return part.body

    def stream(self, tier):
        """Streams FRAMES frames to one viewer; returns (frames received, frames sent, copies
        meanwhile)."""
        copies = Copies(self.guest)
        configuration = f'[streams.front]\nsource = "libcamera"\nfps = {self.FPS}\ntier = "{tier}"\n'
        with (
            self.guest.camera("--fps", self.FPS, mjpeg=[self.SIZE]) as camera,
            self.guest.configured(configuration, before=copies.environment) as server,
        ):
            server.wait_live()
            with harness.StreamReader(server.url) as reader:
                for _ in range(SETTLED_FRAMES):
                    self.live_frame(reader)
                before = copies.read()
                received = [self.live_frame(reader) for _ in range(FRAMES)]
                during = [now - then for now, then in zip(copies.read(), before)]
            stream = server.stream_status()
            self.assertEqual(stream["tier"], tier)
            self.copied_under_pressure = stream["camera"]["counters"]["copied_under_pressure"]
            self.assertGreaterEqual(guest.uncopied_share(server), 0.99)
            return received, camera.sent(), during

    def assert_identical(self, received, sent):
        """Checks the received frames; returns all frames that the camera sent from the first to the
        last."""
        checksums = {frame.sequence: frame.crc for frame in sent}
        sequences = []
        for body in received:
            frame = harness.StampedFrame(body)
            sequences.append(frame.sequence)
            self.assertEqual(f"{zlib.crc32(body):08x}", checksums[frame.sequence])
        self.assertTrue(harness.rising(sequences))
        return [frame for frame in sent if sequences[0] <= frame.sequence <= sequences[-1]]

    def test_registered_frames_are_never_copied(self):
        # Retried, because frames are copied for a viewer that pauses for a moment.
        harness.retried(self.check_registered)

    def check_registered(self):
        received, sent, copies = self.stream("registered")
        self.assert_identical(received, sent)
        count, _, *reads = copies
        self.assertLessEqual(count, min(self.COPIES_MAX, self.copied_under_pressure))
        self.assertEqual(reads, [0, 0])

    def test_copied_frames_are_copied_once(self):
        harness.retried(self.check_copied)

    def check_copied(self):
        received, sent, copies = self.stream("copied")
        # Frames that the viewer missed were copied too.
        captured = self.assert_identical(received, sent)
        count, copied_bytes, reads, _ = copies
        # Frames at the begin and end of the measurement may or may not be counted.
        self.assertAlmostEqual(count, len(captured), delta=0.05 * FRAMES)
        self.assertAlmostEqual(copied_bytes, sum(frame.bytes for frame in captured), delta=0.05 * copied_bytes)
        self.assertEqual(reads, 0)


if __name__ == "__main__":
    harness.main()
