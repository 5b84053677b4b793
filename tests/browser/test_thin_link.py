"""An <img> in Chromium behind a link that becomes thin, and wide again: the picture becomes smaller, and large again,
on the same connection. Screenshots of the three states are kept."""

import os
import pathlib
import signal
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

import harness
from chromium import Chromium
from page_server import page_server

LINK = os.environ["RINGCAST_LINK"]  # runs a command behind a link: bench/tun_relay.cpp
HERE = "http://10.99.0.2:8080"      # the command's address
SCREENSHOTS = pathlib.Path(os.environ.get("RINGCAST_SCREENSHOTS", tempfile.gettempdir()))
CONFIGURATION = """
[http]
listen = ["127.0.0.1:8080", "10.99.0.2:8080"]

[streams.front]
source = "pattern"
size = "1280x720"
quality = 90
"""
PAGE = f"""<!DOCTYPE html><html lang="en"><title>thin link</title>
<body style="margin: 0"><img id="live" src="{HERE}/front/stream" style="width: 1280px; height: 720px">"""


class ThinLink(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0 or not os.access("/dev/net/tun", os.W_OK):
            self.skipTest("a link needs root and /dev/net/tun")
        # The rate changes when it is told to, not by time.
        link = (LINK, "--delay-ms", "20", "--rate-mbit", "100", "--change", "1e9", "2", "--change", "1e9", "100", "--")
        self.file = tempfile.NamedTemporaryFile("w", suffix=".toml")
        self.addCleanup(self.file.close)
        self.file.write(CONFIGURATION)
        self.file.flush()
        self.server = harness.Ringcast("--config", self.file.name, listen=False, prefix=link)
        self.addCleanup(self.server.stop)
        self.server.url = HERE  # what is written in the start message is in the other network namespace
        self.browser = Chromium()
        self.addCleanup(self.browser.close)

    def wait_for_width(self, is_right, what):
        width = harness.wait_for(
            lambda: next((w for w in [self.browser.evaluate("document.getElementById('live')?.naturalWidth")] if is_right(w)), None), what, 90)
        self.browser.screenshot(SCREENSHOTS / f"{what.replace(' ', '_')}.png")
        return width

    def test_the_picture_becomes_smaller_and_large_again(self):
        with page_server({"/": PAGE}) as port:
            self.browser.go_to(f"http://127.0.0.1:{port}/")
            self.wait_for_width(lambda width: width == 1280, "the whole picture")
            (viewer,) = self.server.status()["viewers"]
            self.assertTrue(viewer["adapts"])
            self.server.process.send_signal(signal.SIGUSR1)
            small = self.wait_for_width(lambda width: width in (640, 320), "a smaller picture")
            (now,) = self.server.status()["viewers"]
            self.assertEqual((now["id"], now["rendition"]), (viewer["id"], {640: "half", 320: "quarter"}[small]))
            self.server.process.send_signal(signal.SIGUSR1)
            # Not by its rendition, which is "full" for the moment of a try too.
            harness.wait_for(lambda: self.server.stream_status()["sent"]["moves_up"] > 0, "the move back", 90)
            self.wait_for_width(lambda width: width == 1280, "the whole picture again")
            (end,) = self.server.status()["viewers"]
            self.assertEqual(end["id"], viewer["id"])
            self.assertGreater(end["moves"], 1)
            self.assertLess(end["moves"], 7)


if __name__ == "__main__":
    harness.main()
