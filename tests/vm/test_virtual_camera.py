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


LIBRARIES = pathlib.Path("/usr/lib")
# Debian builds the pipeline handler of these cameras from this version on; older ones have none.
FIRST_VERSION = (0, 4)


def newest_library():
    """(version, path) of the installed libcamera; None if there is none."""
    paths = [path for path in LIBRARIES.glob("*-linux-gnu/libcamera.so.*.*.*") if not path.is_symlink()]
    versions = [(tuple(map(int, path.name.split(".")[2:])), path) for path in paths]
    return max(versions, default=None)


def load_tests(_, tests, __):
    """unittest's hook for the tests of a module."""
    library = newest_library()
    if library is None or library[0] >= FIRST_VERSION:
        return tests
    # No NOT TESTED, which fails in CI: on Debian 12 no libcamera has these cameras.
    print(f"test_virtual_camera.py left out: {library[1].name} has no virtual cameras, which 0.4 and later have")
    return unittest.TestSuite()


class VirtualCamera(unittest.TestCase):
    SIZE = (640, 480)
    FRAMES = 10
    # Points in a row of a picture. Each bar is an eighth of the row, so each has several.
    POINTS = 64

    @classmethod
    def setUpClass(cls):
        library = newest_library()
        if library is None:
            raise unittest.SkipTest(f"libcamera is not installed in {LIBRARIES}")
        if b"PipelineHandlerVirtual" not in library[1].read_bytes():
            raise AssertionError(f"{library[1]} was built without the pipeline handler of virtual cameras")

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
