"""Chromium paints every frame of an <img>, and at once. Read back from a canvas."""

import contextlib
import http.server
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

import harness
from chromium import Chromium

# Looks at an image each time the browser draws and keeps what it sees anew: sequence number, capture
# time and the time of the look, both in milliseconds. The block is that of docs/pattern-block.md.
WATCH = """
(() => {
  const crc16 = bytes => {
    let crc = 0xFFFF;
    for (const byte of bytes) {
      crc ^= byte << 8;
      for (let bit = 0; bit < 8; ++bit) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xFFFF;
    }
    return crc;
  };
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", {willReadFrequently: true});
  window.readBlock = image => {
    if (!image.naturalWidth) return null;
    const cell = image.naturalWidth >= 1280 && image.naturalHeight >= 720 ? 16 : 8;
    const width = canvas.width = 18 * cell, height = canvas.height = 9 * cell;
    context.drawImage(image, 0, 0, width, height, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height).data;
    const bytes = new Uint8Array(14);
    for (let index = 0; index < 112; ++index) {
      const x = (index % 16 + 1) * cell + cell / 2, y = (Math.floor(index / 16) + 1) * cell + cell / 2;
      if (pixels[(y * width + x) * 4 + 1] >= 128) bytes[index >> 3] |= 0x80 >> index % 8;
    }
    const view = new DataView(bytes.buffer);
    if (crc16(bytes.subarray(0, 12)) !== view.getUint16(12)) return null;
    return {sequence: view.getUint32(0), captured: Number(view.getBigUint64(4)) / 1000};
  };
  window.watch = image => {
    const seen = window.seen = [];
    const look = () => {
      if (window.seen !== seen) return;
      const block = window.readBlock(image);
      if (block && (!seen.length || seen.at(-1)[0] !== block.sequence)) {
        seen.push([block.sequence, block.captured, performance.timeOrigin + performance.now()]);
      }
      requestAnimationFrame(look);
    };
    look();
  };
})()
"""
# The first look at the server finds nobody.
LOOK_IN_VAIN = """
window.fetch = (real => () => { window.fetch = real; return Promise.reject(new TypeError("no connection")); })(fetch);
"""
# Each look finds another server, soon after the last; window.most is how many timers waited at most.
EACH_LOOK_ANOTHER_SERVER = """
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
STREAMS = "".join(f'[streams.pattern{n}]\nsource = "pattern"\nsize = "640x360"\n' for n in range(5))
SCREENSHOTS = pathlib.Path(os.environ.get("RINGCAST_SCREENSHOTS", tempfile.gettempdir()))


def setUpModule():
    global browser
    browser = Chromium()


def tearDownModule():
    browser.close()


@contextlib.contextmanager
def held_page(server):
    """The server's page at another address, and what lets its script through. The first still that it
    asks for comes, those after it are counted: (address, event, list)."""
    page = server.get("/")[2]
    begin, script = page.split(b"<script>")
    let_through = threading.Event()
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
            let_through.wait(harness.WAIT_SECONDS)
            self.wfile.write(b"<script>" + script)

        do_HEAD = do_GET

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as front:
        threading.Thread(target=front.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{front.server_address[1]}/", let_through, stills
        finally:
            let_through.set()
            front.shutdown()


def wait_for_frames(count):
    harness.wait_for(lambda: browser.evaluate("seen.length") >= count, f"{count} frames", seconds=60)
    return browser.evaluate("seen")


class Painting(unittest.TestCase):
    def test_every_frame_is_painted_and_soon(self):
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
        # A browser that is kept from painting for seconds sees "no signal" too soon.
        harness.retried(self.check_other_origin)

    def check_other_origin(self):
        # Gives the frames, and a page on another port, which is another origin.
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

        def wait_painted(index, what):
            last = numbers[index]
            harness.wait_for(lambda: browser.evaluate("seen.at(-1)?.[0]") == last, what)

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
            # Each pause is shorter than what counts as "no signal".
            self.assertEqual(server.stream_status()["state"], "live")
        # The "no signal" picture is painted too; it has no block. Then the picture comes back.
        harness.wait_for(lambda: browser.evaluate("readBlock(document.images[0])") is None, "no signal")
        browser.screenshot(SCREENSHOTS / "no-signal.png")
        pipe.write(frames[at])
        wait_painted(at, "the picture after no signal")


class Pages(unittest.TestCase):
    def show_again_after_a_restart(self):
        """Opens the page, ends the server, starts another at the same address with another size of picture."""
        listen = ("--listen", f"127.0.0.1:{harness.port_to_keep()}")
        with harness.Ringcast("pattern", "--size", "640x360", *listen, listen=False) as server:
            browser.go_to(server.wait_live().url + "/")
            harness.wait_for(lambda: browser.evaluate("document.images[0]?.naturalWidth") == 640, "the picture")
        with harness.Ringcast("pattern", "--size", "320x240", *listen, listen=False):
            harness.wait_for(lambda: browser.evaluate("document.images[0].naturalWidth") == 320, "the picture again")

    def test_the_index_page_shows_live_streams_stills_and_what_is_wrong(self):
        broken = '[streams.broken]\nsource = "exec"\ncommand = ["no-such-program-of-ours"]\n'
        with harness.configured(broken + STREAMS) as server:
            server.wait_live(5).wait_state("lost", 0)
            browser.go_to(server.url + "/")
            harness.wait_for(lambda: browser.evaluate(
                "document.images.length === 6 && [...document.images].every(i => i.naturalWidth === 640)"), "six pictures")
            browser.evaluate(WATCH)
            # From the fifth on they are stills that come anew each second: a browser opens six connections
            # to a host.
            for image in (1, 4):
                browser.evaluate(f"watch(document.images[{image}])")
                wait_for_frames(3)
            self.assertIsNone(browser.evaluate("readBlock(document.images[0])"))
            browser.screenshot(SCREENSHOTS / "index.png")
            for link in browser.evaluate("[...document.links].map(a => a.href)"):
                self.assertTrue(link.startswith(server.url + "/"), link)

    def test_a_page_that_was_open_before_a_restart_shows_the_stream_again(self):
        self.show_again_after_a_restart()

    def test_a_page_that_lost_the_server_before_it_could_look_at_it_shows_the_stream_again(self):
        with browser.script_before_pages(LOOK_IN_VAIN):
            self.show_again_after_a_restart()

    def test_a_page_that_could_not_reach_the_server_for_a_while_asks_for_pictures_anew(self):
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as server:
            with browser.script_before_pages(LOOK_IN_VAIN):
                browser.go_to(server.url + "/")
            harness.wait_for(lambda: "?t=" in browser.evaluate("document.images[0]?.src ?? ''"), "another request")

    def test_a_still_that_came_before_the_script_ran_comes_anew(self):
        with harness.configured(STREAMS) as server, held_page(server.wait_live(4)) as (address, let_through, stills):
            browser.go_to(address)
            harness.wait_for(lambda: browser.evaluate("Boolean(document.images[4]?.naturalWidth)"), "the still")
            let_through.set()
            harness.wait_for(lambda: len(stills) >= 3, "the still anew")

    def test_a_still_is_not_asked_for_more_often_after_each_restart(self):
        with harness.configured(STREAMS) as server, browser.script_before_pages(EACH_LOOK_ANOTHER_SERVER):
            browser.go_to(server.wait_live(4).url + "/")
            harness.wait_for(lambda: browser.evaluate("window.looks >= 20"), "twenty looks")
            # One for the still, and one for the next look.
            self.assertLessEqual(browser.evaluate("window.most"), 2)


if __name__ == "__main__":
    harness.main()
