"""Chromium paints every frame of a stream in an <img> without delay, and the server's page recovers
from lost connections. Frames are identified by the pattern's block, read back through a canvas."""

import contextlib
import http.server
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

import harness
from chromium import Chromium
from frame_readers import WATCH
from page_server import page_server

# The page's first request to see whether the server is still the same process fails.
FIRST_FETCH_FAILS = """
window.fetch = (real => () => { window.fetch = real; return Promise.reject(new TypeError("no connection")); })(fetch);
"""
# Every such request finds a new server process, and timers run ten times as fast. window.most is
# the highest number of timers pending at the same time, window.looks the number of requests.
EVERY_FETCH_SEES_A_RESTART = """
(() => {
  const waiting = new Set(), start = setTimeout, end = clearTimeout;
  window.setTimeout = (then, time) => {
    const timer = start(() => { waiting.delete(timer); then(); }, time / 10);
    waiting.add(timer);
    window.most = Math.max(window.most, waiting.size);
    return timer;
  };
  window.clearTimeout = timer => { waiting.delete(timer); end(timer); };
  window.most = window.looks = 0;
  window.fetch = async () => new Response("", {headers: {"content-type": "x/y; boundary=" + ++window.looks}});
})();
"""
# window.looks is the number of requests that have been answered and handled.
COUNT_FETCHES = """
window.looks = 0;
window.fetch = (real => async (...request) => {
  const answer = await real(...request);
  setTimeout(() => ++window.looks);
  return answer;
})(fetch);
"""
# window.violations lists what the content security policy of a page has blocked.
COLLECT_VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", event => violations.push(event.violatedDirective + " " + event.blockedURI));
"""
STREAMS = "".join(f'[streams.pattern{n}]\nsource = "pattern"\nsize = "640x360"\n' for n in range(5))
SCREENSHOTS = pathlib.Path(os.environ.get("RINGCAST_SCREENSHOTS", tempfile.gettempdir()))


def setUpModule():
    global browser
    browser = Chromium()


def tearDownModule():
    browser.close()


@contextlib.contextmanager
def page_with_delayed_script(server):
    """Serves the server's page at another address and delays its script until an event is set.
    Yields (address, event, list of the snapshots that the page has requested)."""
    page = server.get("/")[2]
    begin, script = page.split(b"<script>")
    release_script = threading.Event()
    stills = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            if self.path != "/":
                if "/snapshot" in self.path:
                    stills.append(self.path)
                self.send_response(302)
                self.send_header("Location", server.url + self.path)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(begin)
            release_script.wait(harness.WAIT_SECONDS)
            self.wfile.write(b"<script>" + script)

        do_HEAD = do_GET

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as front:
        threading.Thread(target=front.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{front.server_address[1]}/", release_script, stills
        finally:
            release_script.set()
            front.shutdown()


def wait_for_frames(count):
    harness.wait_for(lambda: browser.evaluate("seen.length") >= count, f"{count} frames", seconds=60)
    return browser.evaluate("seen")


class Painting(unittest.TestCase):
    def test_every_frame_is_painted_within_100_ms_in_the_median(self):
        harness.retried(self.check_every_frame)

    def check_every_frame(self):
        frames = 110
        with harness.Ringcast("pattern", "--size", "1280x720", "--fps", 10).wait_live() as server:
            browser.go_to(server.url + "/")
            harness.wait_for(lambda: browser.evaluate("document.images[0]?.naturalWidth") == 1280, "the picture")
            browser.evaluate(WATCH)
            browser.evaluate("watch(document.images[0])")
            seen = wait_for_frames(frames)
            (viewer,) = server.status()["viewers"]
            browser.screenshot(SCREENSHOTS / "pattern.png")
        self.assertEqual(viewer["variant"], "advance")
        sequences = [sequence for sequence, _, _ in seen]
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + len(seen))), "a frame was not painted")
        delays = sorted(looked - captured for _, captured, looked in seen)
        print(f"{len(seen)} frames, {delays[len(delays) // 2]:.0f} ms after capture in the median", end=" ... ", flush=True)
        self.assertLess(delays[len(delays) // 2], 100, delays)

    def test_a_page_on_another_origin_sees_the_last_frame_before_a_pause(self):
        # On a busy machine the browser may not paint for seconds, until the signal counts as lost.
        harness.retried(self.check_other_origin)

    def check_other_origin(self):
        # Provides the frames, and a page on another port, which makes it another origin.
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as other:
            with harness.StreamReader(other.url) as reader:
                frames = [reader.part().body for _ in range(30)]
            browser.go_to(other.url + "/healthz")
            harness.wait_for(lambda: browser.evaluate("document.body?.innerText") == "ok\n", "the page")
        with tempfile.TemporaryDirectory() as folder:
            pipe = harness.Pipe(folder)
            self.addCleanup(pipe.close)
            text = ('http.cors_origins = ["*"]\n[streams.pausing]\nsource = "exec"\n'
                    f'command = ["cat", "{pipe.path}"]\n')
            with harness.configured(text) as server:
                self.check_pauses(server, pipe, frames)

    def check_pauses(self, server, pipe, frames):
        numbers = [harness.StampedFrame(frame).sequence & 0xFFFFFFFF for frame in frames]

        def wait_painted(index, description):
            last = numbers[index]
            harness.wait_for(lambda: browser.evaluate("seen.at(-1)?.[0]") == last, description)

        pipe.write(frames[0])
        server.wait_live()
        browser.evaluate(f"""
            const image = new Image();
            image.crossOrigin = "anonymous";
            image.src = "{server.url}/stream";
            document.body.append(image);
        """)
        browser.evaluate(WATCH)
        browser.evaluate("watch(document.images[0])")
        wait_painted(0, "the first frame")
        at = 1
        for burst in (1, 2, 3, 4, 1):
            for frame in frames[at : at + burst]:
                pipe.write(frame)
                time.sleep(0.1)  # the rate of the source
            at += burst
            wait_painted(at - 1, "the last frame before a pause")
            # Each pause is too short for the signal to count as lost.
            self.assertEqual(server.stream_status()["state"], "live")
        # The "no signal" picture, which has no block, is painted too, and then the next frame.
        harness.wait_for(lambda: browser.evaluate("readBlock(document.images[0])") is None, "no signal")
        browser.screenshot(SCREENSHOTS / "no-signal.png")
        pipe.write(frames[at])
        wait_painted(at, "the picture after no signal")


class Pages(unittest.TestCase):
    def show_again_after_a_restart(self):
        """Opens the page, stops the server and starts another one with another picture size at its
        address."""
        listen = ("--listen", f"127.0.0.1:{harness.fixed_free_port()}")
        with harness.Ringcast("pattern", "--size", "640x360", *listen, listen=False) as server:
            browser.go_to(server.wait_live().url + "/")
            harness.wait_for(lambda: browser.evaluate("document.images[0]?.naturalWidth") == 640, "the picture")
        with harness.Ringcast("pattern", "--size", "320x240", *listen, listen=False):
            harness.wait_for(lambda: browser.evaluate("document.images[0].naturalWidth") == 320, "the picture again")

    def test_the_index_page_shows_live_streams_and_stills_and_missing_signals(self):
        broken = '[streams.broken]\nsource = "exec"\ncommand = ["no-such-program-of-ours"]\n'
        with harness.configured(broken + STREAMS) as server:
            server.wait_live(5).wait_state("lost", 0)
            browser.go_to(server.url + "/")
            harness.wait_for(lambda: browser.evaluate(
                "document.images.length === 6 && [...document.images].every(i => i.naturalWidth === 640)"), "six pictures")
            browser.evaluate(WATCH)
            # A browser opens at most six connections to a host, so the images after the fourth are
            # stills that the page refreshes each second.
            for image in (1, 4):
                browser.evaluate(f"watch(document.images[{image}])")
                wait_for_frames(3)
            self.assertIsNone(browser.evaluate("readBlock(document.images[0])"))
            browser.screenshot(SCREENSHOTS / "index.png")
            for link in browser.evaluate("[...document.links].map(a => a.href)"):
                self.assertTrue(link.startswith(server.url + "/"), link)

    def test_the_index_page_works_within_its_content_security_policy(self):
        with harness.configured(STREAMS) as server, browser.script_before_pages(COLLECT_VIOLATIONS):
            browser.go_to(server.wait_live(4).url + "/")
            harness.wait_for(lambda: browser.evaluate(
                "document.images.length === 5 && [...document.images].every(i => i.naturalWidth === 640)"), "five pictures")
            # Its style applies, and its script has refreshed the still.
            self.assertEqual(browser.evaluate("getComputedStyle(document.querySelector('main')).display"), "grid")
            harness.wait_for(lambda: "&t=" in browser.evaluate("document.images[4].src"), "the still anew")
            self.assertEqual(browser.evaluate("violations"), [])
            # What is not the page's own is blocked and noticed.
            browser.evaluate("""
                window.injected = false;
                const image = document.createElement("div");
                image.innerHTML = '<img src="data:," onerror="injected = true">';
                document.body.append(image);
                const script = document.createElement("script");
                script.textContent = "injected = true";
                document.body.append(script);
            """)
            harness.wait_for(lambda: len(browser.evaluate("violations")) >= 2, "the violations")
            self.assertFalse(browser.evaluate("injected"))

    def test_a_page_that_embeds_only_what_consents_shows_streams_and_snapshots(self):
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as server:
            page = "".join(f'<img src="{server.url}{path}">' for path in ("/stream", "/snapshot", "/?action=stream"))
            with page_server({"/": page}, {"Cross-Origin-Embedder-Policy": "require-corp"}) as port:
                browser.go_to(f"http://127.0.0.1:{port}/")
                harness.wait_for(lambda: browser.evaluate(
                    "document.images.length === 3 && [...document.images].every(i => i.naturalWidth === 640)"), "the pictures")

    def test_a_page_of_another_origin_can_embed_pictures_and_nothing_else(self):
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as server, page_server({"/": "page"}) as port:
            browser.go_to(f"http://127.0.0.1:{port}/")
            harness.wait_for(lambda: browser.evaluate("document.body?.innerText") == "page", "the page")
            for path, outcome in (("/snapshot", "loaded"), ("/api/status", "blocked"), ("/", "blocked"), ("/metrics", "blocked")):
                self.assertEqual(browser.evaluate(
                    f"fetch('{server.url}{path}', {{mode: 'no-cors'}}).then(() => 'loaded', () => 'blocked')"), outcome, path)

    def test_an_open_page_shows_the_stream_again_after_a_restart(self):
        self.show_again_after_a_restart()

    def test_a_page_whose_first_fetch_failed_shows_the_stream_again_after_a_restart(self):
        with browser.script_before_pages(FIRST_FETCH_FAILS):
            self.show_again_after_a_restart()

    def test_a_page_reloads_its_pictures_when_the_server_is_reachable_again(self):
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as server:
            with browser.script_before_pages(FIRST_FETCH_FAILS):
                browser.go_to(server.url + "/")
            harness.wait_for(lambda: "?t=" in browser.evaluate("document.images[0]?.src ?? ''"), "another request")

    def test_a_page_keeps_its_pictures_while_the_server_is_draining(self):
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as server:
            with browser.script_before_pages(COUNT_FETCHES):
                browser.go_to(server.url + "/")
            harness.wait_for(lambda: browser.evaluate("document.images[0]?.naturalWidth") == 640, "the picture")
            address = browser.evaluate("document.images[0].src")
            server.process.send_signal(signal.SIGUSR1)
            server.wait_log("draining for maintenance")
            looks = browser.evaluate("window.looks")
            harness.wait_for(lambda: browser.evaluate("window.looks") >= looks + 2, "two requests while draining")
            self.assertEqual(browser.evaluate("document.images[0].src"), address)
            self.assertEqual(server.status()["viewers_total"], 1)

    def test_a_still_that_was_loaded_before_the_script_ran_is_refreshed(self):
        with harness.configured(STREAMS) as server, page_with_delayed_script(server.wait_live(4)) as (address, release_script, stills):
            browser.go_to(address)
            harness.wait_for(lambda: browser.evaluate("Boolean(document.images[4]?.naturalWidth)"), "the still")
            release_script.set()
            harness.wait_for(lambda: len(stills) >= 3, "the still anew")

    def test_server_restarts_do_not_add_refresh_timers(self):
        with harness.configured(STREAMS) as server, browser.script_before_pages(EVERY_FETCH_SEES_A_RESTART):
            browser.go_to(server.wait_live(4).url + "/")
            harness.wait_for(lambda: browser.evaluate("window.looks >= 20"), "twenty looks")
            # One timer refreshes the still, the other starts the next request.
            self.assertLessEqual(browser.evaluate("window.most"), 2)


if __name__ == "__main__":
    harness.main()
