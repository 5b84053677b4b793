"""Pictures encoded by several workers decode to the same pixels as those encoded by one, in every
decoder."""

import base64
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "browser"))

import harness
from chromium import Chromium

# A digest of the pixels of a picture as the browser paints it.
DIGEST = """
(async () => {
  const image = new Image();
  image.src = "data:image/jpeg;base64,%s";
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  // FNV-1a, because about:blank does not provide crypto.subtle.
  let digest = 2166136261;
  for (const value of pixels) digest = Math.imul(digest ^ value, 16777619);
  return `${canvas.width}x${canvas.height} ${digest >>> 0}`;
})()
"""


class Bands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([os.environ["RINGCAST_BAND_SAMPLES"], cls.folder.name], check=True)
        cls.pairs = [
            (one, one.with_name(one.name.replace(".one.", ".bands.")))
            for one in sorted(pathlib.Path(cls.folder.name).glob("*.one.jpg"))
        ]
        assert len(cls.pairs) > 4, cls.pairs

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def check(self, decode):
        digests = set()
        for one, bands in self.pairs:
            with self.subTest(picture=one.name):
                self.assertNotEqual(one.read_bytes(), bands.read_bytes(), "the two files are identical")
                expected = decode(one)
                self.assertTrue(expected)
                self.assertTrue(expected == decode(bands), "the pixels differ")
                digests.add(expected)
        self.assertEqual(len(digests), len(self.pairs), "the decoder returns the same for different pictures")

    def test_ffmpeg(self):
        harness.need("ffmpeg")

        def decode(path):
            done = subprocess.run(
                ["ffmpeg", "-v", "error", "-err_detect", "explode", "-f", "mjpeg", "-i", path, "-f", "rawvideo", "-"],
                check=True, capture_output=True, timeout=harness.WAIT_SECONDS,
            )
            self.assertEqual(done.stderr, b"")
            return done.stdout

        self.check(decode)

    def test_gstreamer(self):
        harness.need("gst-launch-1.0")

        def decode(path):
            with tempfile.NamedTemporaryFile() as file:
                subprocess.run(
                    ["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "jpegparse", "!", "jpegdec",
                     "max-errors=0", "!", "filesink", f"location={file.name}"],
                    check=True, capture_output=True, timeout=harness.WAIT_SECONDS,
                )
                return file.read()

        self.check(decode)

    def test_chromium(self):
        browser = Chromium()
        self.addCleanup(browser.close)
        self.check(lambda path: browser.evaluate(DIGEST % base64.b64encode(path.read_bytes()).decode()))


if __name__ == "__main__":
    harness.main()
