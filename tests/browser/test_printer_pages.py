"""The camera views of the printer pages Mainsail (2.18.1 and later) and Fluidd (1.35 and later): both fetch the
stream in a worker, from a page on another port of the same host, and cut the frames out of it themselves. The
workers here do so by the same algorithms."""

import contextlib
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

import harness
from chromium import Chromium
from frame_readers import BLOCK_READER, STAMP_READER
from page_server import page_server
from protected import ProtectedRingcast, with_token

# A page has window.arrived (sequence number of each complete frame), window.painted (sequence
# number, capture time and time of painting of each painted frame, in milliseconds) and
# window.failure. `show(url)` starts its worker.
PAGE = """
<canvas></canvas><img alt="">
<script>
window.arrived = [];
window.painted = [];
window.failure = null;
const now = () => performance.timeOrigin + performance.now();
const worker = new Worker("/worker.js");
worker.onerror = event => { window.failure = event.message; };
</script>
<script src="/page.js"></script>
"""

# Mainsail: all bytes up to a JPEG's first two are headers, which must include Content-Length. The
# frame is painted with the first byte behind it. Bytes that look like the beginning of a JPEG reset
# the frame even within one. The worker paints, and skips frames that arrive while it decodes.
MAINSAIL_WORKER = BLOCK_READER + STAMP_READER + r"""
let canvas, context, decoding = false;
const read = blockReader(new OffscreenCanvas(1, 1));
const paint = jpeg => {
  postMessage({arrived: stampOf(jpeg)});
  if (decoding) return;
  decoding = true;
  createImageBitmap(new Blob([jpeg], {type: "image/jpeg"})).then(picture => {
    canvas.width = picture.width;
    canvas.height = picture.height;
    context.drawImage(picture, 0, 0);
    picture.close();
    postMessage({painted: read(canvas, canvas.width, canvas.height)});
    decoding = false;
  }).catch(error => postMessage({failure: String(error)}));
};
const lengthIn = headers => {
  for (const line of headers.split("\n")) {
    const [name, value] = line.split(":");
    if (name.toLowerCase() === "content-length") return Number(value);
  }
  throw new Error("a part without Content-Length");
};
const watch = async url => {
  const response = await fetch(url + "?timestamp=" + Date.now(), {mode: "cors"});
  if (!response.ok) throw new Error("status " + response.status);
  const reader = response.body.getReader();
  let headers = "", jpeg = null, filled = 0;
  while (true) {
    const {done, value} = await reader.read();
    if (done) throw new Error("the stream ended");
    for (let at = 0; at < value.length; ++at) {
      if (value[at] === 0xFF && value[at + 1] === 0xD8) jpeg = new Uint8Array(lengthIn(headers));
      if (!jpeg) {
        headers += String.fromCharCode(value[at]);
      } else if (filled < jpeg.length) {
        jpeg[filled++] = value[at];
      } else {
        paint(jpeg);
        headers = "", jpeg = null, filled = 0;
      }
    }
  }
};
onmessage = event => {
  canvas = event.data.canvas;
  context = canvas.getContext("2d");
  watch(event.data.url).catch(error => postMessage({failure: String(error)}));
};
"""
MAINSAIL_PAGE = """
worker.onmessage = ({data}) => {
  if ("arrived" in data) arrived.push(data.arrived);
  else if (data.painted) painted.push([data.painted.sequence, data.painted.captured, now()]);
  else window.failure = data.failure ?? "a picture without block";
};
window.show = url => {
  const canvas = document.querySelector("canvas").transferControlToOffscreen();
  worker.postMessage({canvas, url}, [canvas]);
};
"""

# Fluidd: reads at most 8 KiB at a time, appends them to a copy of all that it has, and searches that
# for two delimiters. The frame is everything between the empty line behind the first one and the
# second one, with the line end that belongs to the delimiter. The page shows it in an <img>.
FLUIDD_WORKER = STAMP_READER + r"""
const find = (bytes, wanted, from) => {
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
};
const watch = async url => {
  const response = await fetch(url + "?cacheBust=" + Date.now(), {mode: "cors"});
  if (!response.ok) throw new Error("status " + response.status);
  const boundary = response.headers.get("content-type").match(/^multipart.*boundary=([^;]+)/)[1];
  const delimiter = new TextEncoder().encode("--" + boundary), empty_line = new Uint8Array([13, 10, 13, 10]);
  const reader = response.body.getReader({mode: "byob"});
  let held = new Uint8Array(0);
  while (true) {
    const {done, value} = await reader.read(new Uint8Array(8192));
    if (done) throw new Error("the stream ended");
    const longer = new Uint8Array(held.length + value.length);
    longer.set(held);
    longer.set(value, held.length);
    held = longer;
    while (true) {
      const first = find(held, delimiter, 0);
      const second = first < 0 ? -1 : find(held, delimiter, first + delimiter.length);
      if (second < 0) break;
      const head_end = find(held, empty_line, first + delimiter.length);
      if (head_end >= 0 && head_end < second) {
        const frame = held.slice(head_end + empty_line.length, second);
        if (frame.at(-2) !== 13 || frame.at(-1) !== 10) throw new Error("no line end before the delimiter");
        postMessage({arrived: stampOf(frame.subarray(0, -2)), frame}, [frame.buffer]);
      }
      held = held.slice(second);
    }
  }
};
onmessage = event => watch(event.data).catch(error => postMessage({failure: String(error)}));
"""
FLUIDD_PAGE = BLOCK_READER + """
const image = document.querySelector("img");
const read = blockReader(document.createElement("canvas"));
image.onload = () => {
  URL.revokeObjectURL(image.src);
  const block = read(image, image.naturalWidth, image.naturalHeight);
  if (block) painted.push([block.sequence, block.captured, now()]);
  else window.failure = "a picture without block";
};
worker.onmessage = ({data}) => {
  if ("failure" in data) {
    window.failure = data.failure;
    return;
  }
  arrived.push(data.arrived);
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(new Blob([data.frame], {type: "image/jpeg"}));
};
window.show = url => worker.postMessage(url);
"""
CLIENTS = {"Mainsail": (MAINSAIL_WORKER, MAINSAIL_PAGE), "Fluidd": (FLUIDD_WORKER, FLUIDD_PAGE)}
FRAMES = 60


def setUpModule():
    global browser
    browser = Chromium()


def tearDownModule():
    browser.close()


@contextlib.contextmanager
def printer_page(client):
    """Serves the page of `client`; yields its port."""
    worker, page = CLIENTS[client]
    with page_server({"/": PAGE, "/page.js": page, "/worker.js": worker}) as port:
        yield port


def open_page(host, port):
    browser.go_to(f"http://{host}:{port}/")
    harness.wait_for(lambda: browser.evaluate("typeof window.show") == "function", "the page")


def wait_refused(server, host, port):
    """The page at `host` fails to read the stream, and receives none of it."""
    open_page(host, port)
    browser.evaluate(f"show('{server.url}/stream')")
    failure = harness.wait_for(lambda: browser.evaluate("failure"), "the refusal")
    assert "TypeError" in failure, failure
    assert browser.evaluate("[arrived.length, painted.length]") == [0, 0]


class PrinterPages(unittest.TestCase):
    def test_mainsail_receives_every_frame_undamaged_and_in_time(self):
        harness.retried(lambda: self.check_frames("Mainsail", "127.0.0.1"))

    def test_fluidd_receives_every_frame_undamaged_and_in_time(self):
        harness.retried(lambda: self.check_frames("Fluidd", "127.0.0.1"))

    def check_frames(self, client, host):
        with printer_page(client) as port, harness.Ringcast("pattern", "--size", "1280x720", "--fps", 10) as server:
            open_page(host, port)
            browser.evaluate(f"show('{server.wait_live().url}/stream')")
            harness.wait_for(lambda: browser.evaluate(f"failure || painted.length >= {FRAMES}"), "the frames", seconds=60)
            (viewer,) = server.status()["viewers"]
            harness.wait_for(lambda: browser.evaluate(f"failure || arrived.length >= {viewer['frames_sent']}"), "every frame")
            failure, arrived, painted = browser.evaluate("[failure, arrived, painted]")
        self.assertIsNone(failure)
        self.assertEqual(viewer["variant"], "standard")
        # A busy machine makes the pattern omit frames, so numbers may be missing.
        self.assertTrue(harness.rising(arrived), arrived)
        self.assertEqual(sum(viewer["frames_skipped"].values()), 0, viewer)
        self.assertLessEqual({sequence for sequence, _, _ in painted}, set(arrived))
        ages = sorted(shown - captured for _, captured, shown in painted)
        print(f"{len(arrived)} frames, {len(ages)} painted, {ages[len(ages) // 2]:.0f} ms after capture in the median",
              end=" ... ", flush=True)
        self.assertLess(ages[len(ages) // 2], 100, ages)

    def test_a_token_in_the_url_admits_the_workers_which_send_no_password(self):
        streams = '[streams.door]\nsource = "pattern"\nsize = "640x360"\nviewers = ["tablet"]\n'
        for client in CLIENTS:
            with printer_page(client) as port, ProtectedRingcast(streams) as protected:
                server = protected.server.wait_live()
                url = server.url + "/door/stream"
                for token in (protected.token, protected.new_link("door", "--for", "1h")):
                    open_page("127.0.0.1", port)
                    browser.evaluate(f"show('{with_token(url, token)}')")
                    harness.wait_for(lambda: browser.evaluate("failure || painted.length >= 10"), "the frames")
                    self.assertIsNone(browser.evaluate("failure"))
                open_page("127.0.0.1", port)
                browser.evaluate(f"show('{url}')")
                self.assertIn("401", harness.wait_for(lambda: browser.evaluate("failure"), "the refusal"))

    def test_a_page_on_another_host_is_refused_unless_it_is_configured(self):
        for client in CLIENTS:
            with printer_page(client) as port:
                with harness.Ringcast("pattern", "--size", "640x360").wait_live() as server:
                    wait_refused(server, "localhost", port)
                    server.wait_log(f'cors_origins = ["http://localhost:{port}"]')
                allowed = f'http.cors_origins = ["http://localhost:{port}"]\nstreams.pattern.source = "pattern"\n'
                with harness.configured(allowed).wait_live() as server:
                    open_page("localhost", port)
                    browser.evaluate(f"show('{server.url}/stream')")
                    harness.wait_for(lambda: browser.evaluate("failure || painted.length >= 3"), "the frames")
                    self.assertIsNone(browser.evaluate("failure"))

    def test_a_request_that_needs_a_preflight_is_allowed_from_another_port_of_the_same_host(self):
        with printer_page("Fluidd") as port, harness.Ringcast("pattern", "--size", "640x360").wait_live() as server:
            for host, outcome in (("127.0.0.1", 200), ("localhost", "refused")):
                open_page(host, port)
                self.assertEqual(browser.evaluate(
                    f"fetch('{server.url}/api/status', {{headers: {{'X-Requested-With': 'page'}}}})"
                    ".then(response => response.status, () => 'refused')"), outcome, host)


if __name__ == "__main__":
    harness.main()
