"""Chromium and Firefox show streams with a password and with a link: what docs/clients.md says of them."""

import pathlib
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

import harness
from chromium import Chromium
from firefox import Firefox
from page_server import page_server
from protected import PASSWORDS, ProtectedRingcast, with_token

FRAMES = 10
STREAMS = ('[streams.door]\nsource = "pattern"\nsize = "640x360"\nviewers = ["anna", "carol"]\n'
           '[streams.yard]\nsource = "pattern"\nsize = "640x360"\nviewers = ["tablet"]\n')
CANVAS = "document.querySelector('canvas')?.width"


def with_password(user, url):
    return url.replace("http://", f"http://{user}:{urllib.parse.quote(PASSWORDS[user], safe='')}@")


class Browser:
    """The tests of a browser, which remembers passwords by origin: each uses a server of its own."""

    @classmethod
    def setUpClass(cls):
        cls.browser = cls.program()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        protected = ProtectedRingcast(STREAMS)
        self.addCleanup(protected.close)
        self.protected = protected
        self.server = protected.server.wait_live()
        self.link = with_token(self.server.url + "/door/stream", protected.new_link("door", "--for", "1h"))

    def wait_picture(self, picture="document.images[0]?.naturalWidth"):
        """Waits until the first picture of the page is live."""
        harness.wait_for(lambda: self.browser.evaluate(picture) == 640, "the picture")
        harness.wait_for(lambda: any(viewer["frames_sent"] > FRAMES for viewer in self.server.status()["viewers"]),
                         f"{FRAMES} frames")

    def leave(self):
        self.browser.go_to("about:blank")
        self.server.wait_without_viewers()

    def open_image(self, address):
        """A page of another origin with an <img>."""
        page = f'<script>failed = false</script><img src="{address}" onerror="failed = true">'
        port = self.enterContext(page_server({"/": page}))
        self.browser.go_to(f"http://127.0.0.1:{port}/")

    def test_a_password_in_the_address_opens_the_page_and_is_remembered(self):
        self.browser.go_to(with_password("anna", self.server.url + "/"))
        self.wait_picture(CANVAS)
        self.leave()
        self.browser.go_to(self.server.url + "/")
        self.wait_picture(CANVAS)
        self.assertEqual(self.browser.evaluate("fetch('api/status').then(answer => answer.status)"), 200)
        self.leave()
        self.open_image(self.server.url + "/door/stream")
        self.wait_picture()

    def test_a_password_in_the_address_may_have_any_characters(self):
        self.browser.go_to(with_password("carol", self.server.url + "/"))
        self.wait_picture(CANVAS)

    def test_a_token_in_the_address_opens_pages_and_is_in_their_addresses(self):
        self.browser.go_to(with_token(self.server.url + "/yard/", self.protected.token))
        self.wait_picture(CANVAS)
        self.browser.evaluate("document.querySelector('details.panel').open = true")
        harness.wait_for(lambda: self.browser.evaluate("document.querySelector('.qr path') !== null"), "the addresses")
        self.assertTrue(self.browser.evaluate(
            f"document.querySelectorAll('.use input')[1].value === '{with_token(self.server.url + '/yard/stream', self.protected.token)}'"))
        harness.wait_for(lambda: self.browser.evaluate("document.querySelector('.state')?.className") == "state live", "the state")

    def test_a_page_makes_links_that_expire(self):
        self.browser.go_to(with_password("anna", self.server.url + "/door/"))
        self.wait_picture(CANVAS)
        self.browser.evaluate("document.querySelector('details.panel').open = true")
        harness.wait_for(lambda: self.browser.evaluate("document.querySelector('.use .bar button') !== null"), "the button")
        self.browser.evaluate("document.querySelector('.use .bar button').click()")
        octoprint = "document.querySelector('[aria-label^=\"OctoPrint: stream\"]').value"
        harness.wait_for(lambda: "token=" in self.browser.evaluate(octoprint), "the link")
        link = self.browser.evaluate(octoprint)
        self.leave()
        self.open_image(link)
        self.wait_picture()

    def test_a_link_works_in_an_image_on_another_page(self):
        self.open_image(self.link)
        self.wait_picture()

    def test_a_link_works_as_an_address(self):
        self.browser.go_to(self.link)
        self.wait_picture()


class InChromium(Browser, unittest.TestCase):
    program = Chromium

    def test_a_password_in_the_address_of_an_image_is_blocked(self):
        self.open_image(with_password("anna", self.server.url + "/door/stream"))
        harness.wait_for(lambda: self.browser.evaluate("window.failed"), "the image to fail")
        self.assertEqual(self.server.status()["server"]["counters"]["requests"]["stream"], 0)


class InFirefox(Browser, unittest.TestCase):
    program = Firefox

    def test_a_password_in_the_address_of_an_image_works(self):
        self.open_image(with_password("anna", self.server.url + "/door/stream"))
        self.wait_picture()


if __name__ == "__main__":
    harness.main()
