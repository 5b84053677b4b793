"""The frames that the servers of these tests send: a loop of numbered JPEGs, known by their CRC32. The test pattern of
ringcast draws them, so each picture also shows its number (docs/pattern-block.md)."""

import pathlib
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

import harness

WIDTH, HEIGHT = 640, 360
COUNT = 240


class Frames:
    """`jpegs`: COUNT different JPEGs of about 36 KB."""

    def __init__(self):
        pattern = harness.Ringcast("pattern", "--size", f"{WIDTH}x{HEIGHT}", "--fps", 120, "--quality", 90)
        with pattern.wait_live() as server, harness.StreamReader(server.url) as reader:
            self.jpegs = [reader.part().body for _ in range(COUNT)]
        self._numbers = {zlib.crc32(jpeg): number for number, jpeg in enumerate(self.jpegs)}
        self._shown = {harness.StampedFrame(jpeg).sequence: number for number, jpeg in enumerate(self.jpegs)}
        assert len(self._numbers) == len(self._shown) == COUNT

    def number(self, jpeg):
        """The number of the frame with exactly these bytes; AssertionError if there is none."""
        number = self._numbers.get(zlib.crc32(jpeg))
        assert number is not None, f"unknown or damaged frame of {len(jpeg)} bytes: {jpeg[:32]!r} ... {jpeg[-32:]!r}"
        return number

    def number_shown(self, pixels):
        """The number that a grey picture shows, for frames that a server has encoded again."""
        block = harness.read_block(pixels, WIDTH, HEIGHT)
        assert block, "the picture is damaged"
        return self._shown[block[0]]

    def write_files(self, folder):
        """Writes the JPEGs as 0000.jpg, 0001.jpg and so on."""
        for number, jpeg in enumerate(self.jpegs):
            pathlib.Path(folder, f"{number:04}.jpg").write_bytes(jpeg)


def missing(numbers):
    """How many frames of the loop are missing between the first and the last of `numbers`. AssertionError if a frame
    was repeated, or an older one followed: a step of more than half the loop is a step back."""
    steps = [(after - before) % COUNT for before, after in zip(numbers, numbers[1:])]
    assert all(0 < step <= COUNT // 2 for step in steps), f"not in order: {numbers}"
    return sum(steps) - len(steps)
