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

# Prints id, minimum, maximum, default and name of each control of the first camera's device; then
# sets the controls that are given as ID=VALUE.
CONTROLS = """
import fcntl, glob, struct, sys
VIDIOC_QUERYCTRL, VIDIOC_S_CTRL, NEXT, CLASS = 0xC0445624, 0xC008561C, 0x80000000, 6
QUERY = "=II32siiiiI8x"
with open(min(glob.glob("/dev/video*")), "rb") as device:
    id = 0
    while True:
        try:
            query = struct.pack(QUERY, id | NEXT, 0, b"", 0, 0, 0, 0, 0)
            id, type, name, low, high, _, initial, _ = struct.unpack(QUERY, fcntl.ioctl(device, VIDIOC_QUERYCTRL, query))
        except OSError:
            break
        if type != CLASS:
            print(f"{id:08x}", low, high, initial, name.rstrip(b"\\0").decode())
    for setting in sys.argv[1:]:
        id, value = setting.split("=")
        fcntl.ioctl(device, VIDIOC_S_CTRL, struct.pack("=Ii", int(id, 16), int(value)))
"""


@harness.only_with_all
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

    def test_the_driver_lists_its_controls_and_sets_them(self):
        with self.guest.camera() as camera:
            before = len(camera.controls_set())  # the driver tries which line frequencies there are
            listed = self.guest.run("/usr/bin/python3", "-c", CONTROLS, "009a090c=0", "009a090a=120", "00980918=1")
            self.assertEqual(camera.controls_set()[before:], [("focus_auto", 0), ("focus_absolute", 120), ("power_line_frequency", 1)])
        for line in (
            "00980900 -64 64 0 Brightness",
            "0098090c 0 1 1 White Balance, Automatic",
            "00980913 0 255 16 Gain",
            "00980918 0 2 2 Power Line Frequency",
            "0098091a 2800 6500 4600 White Balance Temperature",
            "009a0901 0 3 3 Auto Exposure",
            "009a0902 3 2047 250 Exposure Time, Absolute",
            "009a090a 0 250 0 Focus, Absolute",
            "009a090c 0 1 1 Focus, Automatic Continuous",
            "009a090d 100 500 100 Zoom, Absolute",
        ):
            self.assertIn(line, listed.splitlines())


if __name__ == "__main__":
    harness.main()
