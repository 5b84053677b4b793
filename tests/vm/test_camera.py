"""The kernel's driver and libcamera accept the emulated camera and receive its frames unchanged.
These tests read it with libcamera's own program, to tell faults of the camera from faults of
ringcast."""

import unittest

import guest
import harness

# Prints the CRC-32 of each file of a folder, sorted by name.
CHECKSUMS = """
import pathlib, sys, zlib
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    print(f"{zlib.crc32(path.read_bytes()):08x}")
"""


class EmulatedCamera(unittest.TestCase):
    FRAMES = 20

    def setUp(self):
        self.guest = guest.running()

    def cam(self, *arguments):
        return self.guest.run("cam", "--camera", "1", *arguments)

    def capture(self, form, size):
        """Captures frames with libcamera's program; returns their checksums."""
        folder = self.guest.run("mktemp", "-d", "/run/frames.XXXXXX").strip()
        width, height = size.split("x")
        self.cam(f"--capture={self.FRAMES}", f"--file={folder}/#",
                 "--stream", f"pixelformat={form},width={width},height={height}")  # fmt: skip
        return self.guest.run("/usr/bin/python3", "-c", CHECKSUMS, folder).split()

    def test_libcamera_lists_its_formats_and_sizes(self):
        with self.guest.camera("--fps", 15, yuyv=["640x480"], product="a camera of ours"):
            self.assertIn("a camera of ours", self.guest.run("cam", "--list"))
            modes = self.cam("--info")
        for words in ("MJPEG", "1280x720", "YUYV", "640x480"):
            self.assertIn(words, modes)

    def test_libcamera_receives_frames_unchanged(self):
        for form, size in (("MJPEG", "1280x720"), ("YUYV", "640x480")):
            with self.subTest(form), self.guest.camera("--fps", 20, yuyv=["640x480"]) as camera:
                received = self.capture(form, size)
                sent = [frame.crc for frame in camera.sent()]
                self.assertEqual(len(received), self.FRAMES)
                # Frames may have been dropped between them, and the last ones were sent after the
                # capture.
                self.assertTrue(all(crc in sent for crc in received), (received, sent))
                self.assertEqual(len(set(received)), self.FRAMES)


if __name__ == "__main__":
    harness.main()
