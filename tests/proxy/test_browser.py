"""Chromium displays the server's page and its stream over HTTP/2, through each of the proxies of conf/proxy."""

import pathlib
import statistics
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("clients", "upstream", "browser")]

import harness
import proxies
from chromium import Chromium
from frame_readers import WATCH
from sites import Site

# The first frames are painted while the browser is still busy with the page.
FRAMES_BEFORE = 5
FRAMES = 15
# Less than the time until the next frame, 200 ms: it does not wait for that one.
DELAY_MS_MAX = 150
PICTURE = "document.querySelector('canvas')"
WIDTH = PICTURE + "?.width"


def setUpModule():
    global browser, site
    browser = Chromium("--host-resolver-rules=MAP *.example.org 127.0.0.1", "--ignore-certificate-errors")
    unittest.addModuleCleanup(browser.close)
    site = Site(5)
    unittest.addModuleCleanup(site.close)


class Pages(unittest.TestCase):
    def check(self, name):
        # The one over the UNIX socket.
        (_, proxy), _ = site.of(name)
        browser.go_to(f"https://{proxies.SUBPATH_HOST}:{proxy.https}{proxies.SUBPATH}/pattern/")
        harness.wait_for(lambda: browser.evaluate(WIDTH) == 1280, "the picture")
        self.assertEqual(browser.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol"), "h2")
        harness.retried(self.check_delay)
        site.server.stop()
        try:
            site.start("640x360")
            harness.wait_for(lambda: browser.evaluate(WIDTH) == 640, "the picture after a restart of ringcast")
        finally:
            site.server.stop()
            site.start()

    def check_delay(self):
        browser.evaluate(WATCH)
        browser.evaluate(f"watch({PICTURE})")
        harness.wait_for(lambda: browser.evaluate("seen.length") >= FRAMES_BEFORE + FRAMES, "frames")
        seen = browser.evaluate("seen")[FRAMES_BEFORE:]
        delay = statistics.median(looked - captured for _, captured, looked in seen)
        print(f"{delay:.0f} ms after capture in the median", end=" ... ", flush=True)
        self.assertLess(delay, DELAY_MS_MAX)

    def test_behind_nginx(self):
        self.check("nginx")

    def test_behind_haproxy(self):
        self.check("HAProxy")

    def test_behind_caddy(self):
        self.check("Caddy")

    def test_behind_apache(self):
        self.check("Apache")


if __name__ == "__main__":
    harness.main()
