"""ringcast reads streams in the framing of servers that can't run here, and in framings that deviate from the standard;
it loses and damages no frame."""

import pathlib
import unittest

import frames
import harness
from readers import reader
from replay import Sample, replay

FRAMES = 200
# A source that asks for each picture does so less often.
FRAMES_POLLED = 20


def setUpModule():
    global sent
    sent = frames.Frames()


class Samples(unittest.TestCase):
    def read(self, sample):
        with replay(sample, sent) as url, reader(url) as opened:
            count = FRAMES_POLLED if sample.polled else FRAMES
            numbers = [sent.number(opened.frame()) for _ in range(count)]
            skipped_max = opened.skipped_max()
        self.assertLessEqual(frames.missing(numbers), skipped_max)


def add_test(path):
    sample = Sample(path)
    setattr(Samples, f"test_{sample.name.replace('-', '_')}", lambda self: self.read(sample))


for file in sorted(pathlib.Path(__file__).with_name("samples").glob("*.toml")):
    add_test(file)

if __name__ == "__main__":
    harness.main()
