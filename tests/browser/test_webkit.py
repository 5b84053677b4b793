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


PICTURE = "document.querySelector('canvas')"


def setUpModule():
    global browser
    browser = WebKit()


def tearDownModule():
    browser.close()


def wait_for_frames(count, picture=PICTURE):
    """Waits until the picture has shown `count` frames, and returns what was seen of them."""
    harness.wait_for(lambda: browser.evaluate(f"{picture} !== null"), "the picture")
    browser.evaluate(WATCH)
    browser.evaluate(f"watch({picture})")
    harness.wait_for(lambda: browser.evaluate("seen.length") >= count, f"{count} frames", seconds=60)
    return browser.evaluate("seen")


def median_delay(seen):
    delays = sorted(looked - captured for _, captured, looked in seen)
    print(f"{delays[len(delays) // 2]:.0f} ms after capture in the median", end=" ... ", flush=True)
    return delays[len(delays) // 2]


class Page(unittest.TestCase):
    def test_an_image_shows_a_frame_before_the_next_one_comes(self):
        harness.retried(self.check_image)

    def check_image(self):
        with harness.Ringcast("pattern", "--size", "1280x720", "--fps", 5).wait_live() as server:
            browser.go_to(server.url + "/healthz")
            browser.evaluate("document.body.append(Object.assign(new Image(), {src: 'stream'}))")
            seen = wait_for_frames(52, "document.images[0]")
        sequences = [sequence for sequence, _, _ in seen]
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + len(seen))), "a frame was not shown")
        self.assertLess(median_delay(seen), 100, seen)

    def test_the_page_shows_each_picture_before_the_next_frame_comes(self):
        harness.retried(self.check_page)

    def check_page(self):
        with harness.Ringcast("pattern", "--size", "1280x720", "--fps", 5).wait_live() as server:
            browser.go_to(server.url + "/pattern/")
            seen = wait_for_frames(52)
            # Pictures are asked for one by one, on a connection that is kept.
            self.assertEqual(server.status()["viewers_total"], 0)
            browser.screenshot(SCREENSHOTS / "webkit.png")
        self.assertTrue(harness.rising([sequence for sequence, _, _ in seen]), seen)
        self.assertLess(median_delay(seen), 100, seen)

    def test_the_picture_is_live_on_every_visit(self):
        # With the same address on each visit, WebKitGTK 2.50 showed nothing from the fourth or fifth on.
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as server:
            for visit in range(8):
                browser.go_to(server.url + ("/" if visit % 2 == 0 else "/pattern/"))
                wait_for_frames(3)

    def test_the_picture_is_live_again_after_a_restart(self):
        listen = ("--listen", f"127.0.0.1:{harness.fixed_free_port()}")
        with harness.Ringcast("pattern", "--size", "640x360", *listen, listen=False) as server:
            browser.go_to(server.wait_live().url + "/pattern/")
            wait_for_frames(3)
        harness.wait_for(lambda: browser.evaluate("document.querySelector('.outage').textContent !== ''"), "the outage")
        with harness.Ringcast("pattern", "--size", "320x240", *listen, listen=False):
            harness.wait_for(lambda: browser.evaluate(f"{PICTURE}.width === 320"), "the picture again")


if __name__ == "__main__":
    harness.main()
