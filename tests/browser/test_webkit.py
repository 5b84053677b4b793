"""WebKit, the engine of Safari and GNOME Web, shows each frame when it comes, and the server's page on
every visit."""

import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

import harness
from frame_readers import WATCH
from webkit import WebKit

SCREENSHOTS = pathlib.Path(os.environ.get("RINGCAST_SCREENSHOTS", tempfile.gettempdir()))


def setUpModule():
    global browser
    browser = WebKit()


def tearDownModule():
    browser.close()


def wait_for_frames(count):
    """Waits until the page's first picture has shown `count` frames, and returns what was seen of them."""
    harness.wait_for(lambda: browser.evaluate("document.images[0]?.naturalWidth"), "the picture")
    browser.evaluate(WATCH)
    browser.evaluate("watch(document.images[0])")
    harness.wait_for(lambda: browser.evaluate("seen.length") >= count, f"{count} frames", seconds=60)
    return browser.evaluate("seen")


class Page(unittest.TestCase):
    def test_a_frame_is_shown_before_the_next_one_comes(self):
        harness.retried(self.check_age)

    def check_age(self):
        with harness.Ringcast("pattern", "--size", "1280x720", "--fps", 5).wait_live() as server:
            browser.go_to(server.url + "/")
            seen = wait_for_frames(52)
            browser.screenshot(SCREENSHOTS / "webkit.png")
        sequences = [sequence for sequence, _, _ in seen]
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + len(seen))), "a frame was not shown")
        delays = sorted(looked - captured for _, captured, looked in seen)
        print(f"{delays[len(delays) // 2]:.0f} ms after capture in the median", end=" ... ", flush=True)
        self.assertLess(delays[len(delays) // 2], 100, delays)

    def test_the_picture_is_live_on_every_visit(self):
        # With the same address on each visit, WebKitGTK 2.50 showed nothing from the fourth or fifth on.
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as server:
            for _ in range(8):
                browser.go_to(server.url + "/")
                wait_for_frames(3)


if __name__ == "__main__":
    harness.main()
