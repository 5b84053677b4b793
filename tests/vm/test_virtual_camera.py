"""A camera that libcamera makes up: raw pictures through the whole path without USB, a driver, or
V4L2. Its pipeline handler reads a configuration file and draws the pictures itself."""

import pathlib
import unittest

import guest
import harness
from test_camera_source import is_live, next_part

CONFIGURATION = "/usr/share/libcamera/pipeline/virtual/virtual.yaml"
CAMERA = """%YAML 1.1
---
"drawn":
  supported_formats:
  - width: 640
    height: 480
    frame_rates: [30, 30]
  test_pattern: "bars"
  location: "CameraLocationFront"
  model: "bars by libcamera"
"""
STREAM = '[streams.drawn]\nsource = "libcamera"\ncamera = "bars by libcamera"\n'


def library_draws():
    """Whether the installed libcamera has this pipeline handler; versions before 0.4 have not."""
    libraries = pathlib.Path("/usr/lib").glob("*-linux-gnu/libcamera.so.*")
    return any(b"PipelineHandlerVirtual" in library.read_bytes() for library in libraries)


def load_tests(_, tests, __):
    """unittest's hook for the tests of a module."""
    return tests if library_draws() else unittest.TestSuite()


class VirtualCamera(unittest.TestCase):
    SIZE = (640, 480)
    FRAMES = 10
    # Points in a row of a picture. Each bar is an eighth of the row, so each has several.
    POINTS = 64

    def setUp(self):
        self.guest = guest.running()
        write = 'mkdir -p "${1%/*}" && printf %s "$0" > "$1"'
        self.guest.run("sh", "-c", write, CAMERA, CONFIGURATION)
        self.addCleanup(self.guest.run, "rm", CONFIGURATION)

    def colours(self, picture):
        """The colours of a row in the middle of an rgb24 picture, each channel as 0 or 1."""
        width, height = self.SIZE
        row = picture[3 * width * (height // 2) :][: 3 * width]
        points = (3 * (width * point // self.POINTS) for point in range(self.POINTS))
        return [tuple(int(channel >= 128) for channel in row[begin : begin + 3]) for begin in points]

    def test_its_raw_pictures_are_encoded_and_reach_viewers(self):
        with self.guest.configured(STREAM) as server:
            server.wait_state("resting")  # without viewers nothing is encoded
            with harness.StreamReader(server.url) as reader:
                jpegs = [next_part(reader, is_live).body for _ in range(self.FRAMES)]
            status = server.stream_status()
        camera = status["camera"]
        self.assertEqual((status["width"], status["height"]), self.SIZE)
        self.assertEqual(camera["model"], "bars by libcamera")
        self.assertEqual(camera["location"], "front")
        self.assertEqual((camera["format"], camera["tier"], camera["memory"]), ("NV12", "encoded", "libcamera"))
        self.assertGreaterEqual(camera["counters"]["encoded"], self.FRAMES)
        pictures = [self.colours(picture) for picture in guest.decode(jpegs, "rgb24")]
        for colours in pictures:
            self.assertEqual(set(colours), set(guest.BARS))
        self.assertGreater(len({tuple(colours) for colours in pictures}), 1)  # the bars move


if __name__ == "__main__":
    harness.main()
