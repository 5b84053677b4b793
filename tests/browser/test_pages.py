"""The server's pages in Chromium and Firefox: they paint live frames, say what is wrong, and leave nothing behind.
Frames are identified by the pattern's block, read back through a canvas."""

import json
import os
import pathlib
import signal
import statistics
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

import harness
from axe import violations
from chromium import Chromium
from firefox import Firefox
from frame_readers import WATCH

SCREENSHOTS = pathlib.Path(os.environ.get("RINGCAST_SCREENSHOTS", tempfile.gettempdir()))
PAGES = ("/", "/pattern0/", "/status")
THEMES = ("light", "dark")
BROKEN = '[streams.broken]\nsource = "exec"\ncommand = ["no-such-program-of-ours"]\n'
# window.violations lists what the content security policy of a page has blocked.
COLLECT_VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", event => violations.push(event.violatedDirective + " " + event.blockedURI));
"""
# window.shift is the sum of all layout shifts, window.firstPicture the time of the first picture, in
# milliseconds since the navigation began.
OBSERVE_LOADING = """
window.shift = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => { window.shift += entry.value; }))
  .observe({type: "layout-shift", buffered: true});
const look = () => {
  const pictures = [...document.querySelectorAll(".still, .picture canvas")];
  if (pictures.some(picture => picture.naturalWidth || picture.tagName === "CANVAS")) window.firstPicture = performance.now();
  else requestAnimationFrame(look);
};
look();
"""
# A page does not know a hidden window from one that says so.
SET_HIDDEN = """
(hidden => {
  Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
})(%s)
"""
HIDE_AND_SHOW_OFTEN = """
(async count => {
  const pause = time => new Promise(done => setTimeout(done, time));
  for (let i = 0; i < count; ++i) {
    for (const hidden of [true, false]) {
      Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
      await pause(hidden ? 1 : 40);
    }
  }
})(%d)
"""
# A camera with one control of each kind. fetch answers for it as docs/http-api.md says; window.changes lists what
# was sent.
CAMERA = """
window.changes = [];
(() => {
  const real = window.fetch;
  const plain = {interface: "libcamera", count: 1, min: null, max: null, step: null, default: null, value: null, changed: false,
    current: null, inactive: false, read_only: false};
  const controls = [
    {...plain, name: "Brightness", type: "number", min: -1, max: 1, default: 0},
    {...plain, name: "AfMode", type: "enumeration", default: "auto", choices: ["auto", "continuous"]},
    {...plain, name: "AeEnable", type: "boolean", default: true},
    {...plain, name: "AfWindows", type: "rectangle", count: null},
  ];
  const changed = {};
  const json = (value, status = 200) => new Response(JSON.stringify(value), {status});
  window.fetch = async (url, options) => {
    const {pathname} = new URL(url);
    if (pathname.endsWith("/controls") && options?.method === "PUT") {
      const values = JSON.parse(options.body);
      changes.push(values);
      if (values.Brightness === 1) return new Response("Brightness: 1 is too bright.\\n", {status: 400});
      for (const [name, value] of Object.entries(values)) {
        if (value === null) delete changed[name];
        else changed[name] = value;
      }
      const line = Object.entries(changed).map(([name, value]) => name + " = " + value).join(", ");
      return json({applied: true, set: changed, changed, section: "[streams.pattern0]", line: "controls = { " + line + " }"});
    }
    if (pathname.endsWith("/controls")) return json({camera: "a", model: "Test Camera", controls});
    const answer = await real(url, options);
    if (!pathname.endsWith("/api/status")) return answer;
    const status = await answer.json();
    for (const stream of status.streams) stream.camera = {id: "a", model: "Test Camera", format: "MJPEG", running: true};
    return json(status);
  };
})();
// Before the page's own scripts run.
document.addEventListener("readystatechange", () => { document.body.dataset.administrates = "1"; });
"""


def streams(count, size="640x360", fps=10):
    return "".join(f'[streams.pattern{n}]\nsource = "pattern"\nsize = "{size}"\nfps = {fps}\n' for n in range(count))


def canvas(stream):
    return f"document.querySelector('[data-stream=\"{stream}\"] canvas')"


class Browser:
    """The tests of a browser."""

    @classmethod
    def setUpClass(cls):
        cls.browser = cls.program()
        cls.addClassCleanup(cls.browser.close)
        cls.browser.problems()

    def setUp(self):
        self.browser.go_to("about:blank")
        self.browser.problems()  # of a test that failed

    def evaluate(self, script):
        return self.browser.evaluate(script)

    def wait(self, script, description):
        """Waits until the expression is neither false nor null."""
        harness.wait_for(lambda: self.evaluate(f"Boolean({script})"), description, seconds=60)

    def open(self, server, path):
        self.browser.go_to(server.url + path)
        self.wait(f"location.href === '{server.url}{path}' && document.readyState === 'complete'", "the page")

    def leave(self, server):
        self.browser.go_to("about:blank")
        server.wait_without_viewers()

    def wait_painted(self, stream, frames=3):
        """Waits until the picture of the stream has shown so many frames."""
        self.wait(f"{canvas(stream)} !== null", f"the picture of {stream}")
        self.evaluate(WATCH)
        self.evaluate(f"watch({canvas(stream)})")
        self.wait(f"seen.length >= {frames}", f"{frames} frames of {stream}")

    def assert_quiet(self):
        self.assertEqual(self.browser.problems(), [])

    def test_all_streams_are_painted_two_of_them_live(self):
        with harness.configured(streams(4) + BROKEN) as server:
            server.wait_live(3).wait_state("lost", 4)
            self.open(server, "/")
            for stream in range(4):
                self.wait_painted(f"pattern{stream}")
            harness.wait_for(lambda: server.status()["viewers_total"] == 2, "two live pictures")
            words = "document.querySelector('[data-stream=\"broken\"] .figures').textContent"
            self.wait(words + ".includes('the program was not found')", "the reason of the lost stream")
            self.wait("document.querySelector('[data-stream=\"broken\"] .state').className === 'state lost'", "its state")
            self.wait("/^10(\\.\\d)? fps · .* old · 1 viewer$/.test(document.querySelector('.figures').textContent)", "figures")
            # Over HTTP/1.1, all other requests go through a few connections that are kept.
            with server.connect() as connection:
                def counters():
                    return json.loads(connection.ask("/api/status").body)["server"]["counters"]

                before = counters()
                harness.wait_for(lambda: counters()["requests"]["snapshot"] > before["requests"]["snapshot"] + 10, "stills")
                self.assertLessEqual(counters()["connections_accepted"], before["connections_accepted"] + 2)
            self.leave(server)
        self.assert_quiet()

    def test_a_hidden_page_watches_nothing(self):
        with harness.configured(streams(3)) as server:
            server.wait_live(2)
            for path in ("/", "/pattern0/"):
                self.open(server, path)
                self.wait_painted("pattern0")
                self.evaluate(SET_HIDDEN % "true")
                server.wait_without_viewers()
                snapshots = server.status()["server"]["counters"]["requests"]["snapshot"]
                self.evaluate(SET_HIDDEN % "false")
                self.wait_painted("pattern0", 5)
                if path == "/":
                    harness.wait_for(lambda before=snapshots:
                                     server.status()["server"]["counters"]["requests"]["snapshot"] > before + 3, "stills")
            self.leave(server)
        self.assert_quiet()

    def test_tiles_outside_of_the_window_watch_nothing(self):
        with harness.configured(streams(30)) as server:
            server.wait_live(29)
            self.open(server, "/")
            self.wait_painted("pattern0")
            self.assertIsNone(self.evaluate(f"{canvas('pattern29')}"))
            self.evaluate("document.querySelector('[data-stream=\"pattern29\"]').scrollIntoView()")
            self.wait_painted("pattern29")

            def watched():
                return sorted(viewer["stream"] for viewer in server.status()["viewers"])

            harness.wait_for(lambda: len(watched()) == 2 and "pattern0" not in watched(), "other live pictures")
            self.leave(server)
        self.assert_quiet()

    def test_tiles_are_sorted_hidden_and_enlarged_and_this_is_remembered(self):
        with harness.configured(streams(3)) as server:
            server.wait_live(2)
            self.open(server, "/")
            self.wait_painted("pattern2")
            for label in ("Hide pattern0", "Show pattern2 large"):
                self.evaluate(f"document.querySelector('[aria-label=\"{label}\"]').click()")
            for _ in range(2):
                self.wait("document.querySelector('[data-stream=\"pattern0\"]')?.hidden", "the hidden tile")
                self.wait("document.querySelector('.tile.large')?.dataset.stream === 'pattern2'", "the large tile")
                self.wait_painted("pattern2", 5)
                self.open(server, "/status")
                self.open(server, "/")
            self.evaluate("document.querySelector('.menu button').click()")
            self.wait("!document.querySelector('[data-stream=\"pattern0\"]').hidden", "the tile again")
            self.leave(server)
        self.assert_quiet()

    def test_the_page_says_that_the_server_is_away_and_goes_on_when_it_is_back(self):
        listen = ("--listen", f"127.0.0.1:{harness.fixed_free_port()}")
        for path in ("/", "/pattern/"):
            with harness.Ringcast("pattern", "--size", "640x360", *listen, listen=False) as server:
                self.open(server.wait_live(), path)
                self.wait_painted("pattern")
            self.wait("document.querySelector('.outage').textContent.includes(\"can't be reached\")", "the outage")
            self.wait("document.querySelector('.picture').classList.contains('old')", "the picture marked as old")
            self.wait("document.querySelector('.state').className === 'state away'", "the state")
            with harness.Ringcast("pattern", "--size", "320x240", *listen, listen=False) as server:
                self.wait(f"{canvas('pattern')}.width === 320", "the picture again")
                self.wait("!document.querySelector('.picture').classList.contains('old')", "the picture is live")
                self.wait("document.querySelector('.outage').textContent === ''", "no outage")
                self.leave(server)
        self.browser.problems()  # requests that failed

    def test_the_status_page_shows_what_happens_while_it_is_visible(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "ringcast.toml"
            file.write_text(streams(1))
            with harness.Ringcast("--config", file) as server:
                self.open(server.wait_live(), "/status")
                words = "[...document.querySelectorAll('.events li')].map(line => line.lastChild.textContent)"
                self.wait(words + ".length === 2", "the events of the past")
                self.assertEqual(self.evaluate(words + ".join('|')"), "pattern0: frames arrive|ringcast has started")
                spoken = "document.querySelector('.log [role=status]').textContent"
                self.assertEqual(self.evaluate(spoken), "")
                times = "[...document.querySelectorAll('.events time')].map(time => Date.parse(time.dateTime))"
                self.wait(times + ".every(time => Math.abs(time - Date.now()) < 60000)", "their times")

                def reload(text):
                    file.write_text(text)
                    lines = len(server.lines)
                    server.process.send_signal(signal.SIGHUP)
                    harness.wait_for(lambda: any("reload: " in line for line in server.lines[lines:]), "the reload")

                reload(streams(1) + BROKEN)
                self.wait(words + ".includes('broken: no signal: the program was not found')", "the loss")
                self.assertTrue(self.evaluate(words + ".includes('broken: added')"))
                self.wait(spoken + ".includes('broken')", "the words for those who can't see it")

                # Nobody looks: nothing is held open, and nothing is missed.
                self.evaluate(SET_HIDDEN % "true")
                harness.wait_for(lambda: server.status()["server"]["connections"] == 1, "the page's connections to close", seconds=60)
                reload(streams(1))
                self.evaluate(SET_HIDDEN % "false")
                self.wait(words + ".includes('broken: removed')", "what happened meanwhile")
                self.assertEqual(self.evaluate(words + ".filter(words => words === 'ringcast has started').length"), 1)

                for _ in range(110):
                    reload(streams(1))
                self.wait(words + ".length === 100", "a list of a hundred")
                self.assertEqual(self.evaluate(words + "[0]"), "The configuration was read again: nothing has changed")
                self.assertTrue(self.evaluate(times + ".every((time, index, all) => index === 0 || all[index - 1] >= time)"))
                self.browser.go_to("about:blank")
                harness.wait_for(lambda: server.status()["server"]["connections"] == 1, "the page's connections to close", seconds=60)
        self.assert_quiet()

    def test_the_status_page_goes_on_with_the_events_of_a_new_server(self):
        listen = ("--listen", f"127.0.0.1:{harness.fixed_free_port()}")
        started = "[...document.querySelectorAll('.events li')].filter(line => line.dataset.kind === 'server_started').length"
        with harness.Ringcast("pattern", *listen, listen=False) as server:
            self.open(server.wait_live(), "/status")
            self.wait(started + " === 1", "the first start")
        with harness.Ringcast("pattern", *listen, listen=False):
            self.wait(started + " === 2", "the second start")
            self.browser.go_to("about:blank")
        self.browser.problems()  # requests that failed

    def test_the_page_of_a_stream_has_its_tools(self):
        with harness.Ringcast("pattern", "--size", "640x360", "--fps", 10).wait_live() as server:
            self.open(server, "/pattern/")
            self.wait_painted("pattern")
            self.wait("[...document.querySelectorAll('.graph .value')].every(value => value.textContent !== '–')", "figures")
            self.wait("document.querySelector('.facts').textContent.includes('a test pattern')", "the source in words")

            self.evaluate("document.querySelector('.bar button').click()")  # freeze
            self.evaluate("window.frozen = readBlock(document.querySelector('canvas')).sequence")
            frames = server.status()["viewers"][0]["frames_sent"]
            harness.wait_for(lambda: server.status()["viewers"][0]["frames_sent"] > frames + 10, "more frames")
            self.assertTrue(self.evaluate("readBlock(document.querySelector('canvas')).sequence === frozen"))
            self.evaluate("document.querySelector('.bar button').click()")
            self.wait("readBlock(document.querySelector('canvas'))?.sequence !== frozen", "the picture goes on")

            press = "document.querySelector('.picture').dispatchEvent(new KeyboardEvent('keydown', {key: '%s'}))"
            self.evaluate(press % "+")
            self.assertIn("scale(1.25)", self.evaluate("document.querySelector('canvas').style.transform"))
            self.evaluate(press % "ArrowRight")
            self.evaluate(press % "0")
            self.assertEqual(self.evaluate("document.querySelector('canvas').style.transform"), "")

            choose = "document.querySelectorAll('.bar select')[{}].value = '{}';" \
                     "document.querySelectorAll('.bar select')[{}].dispatchEvent(new Event('change'))"
            self.wait("document.querySelectorAll('.bar select')[0].options.length > 2", "the sizes")
            self.evaluate(choose.format(0, "half", 0))
            harness.wait_for(lambda: [viewer["rendition"] for viewer in server.status()["viewers"]] == ["half"], "the rendition")
            self.wait("document.querySelector('canvas').width === 320", "the smaller picture")
            self.evaluate(choose.format(1, "5", 1))
            harness.wait_for(lambda: [viewer["fps_limit"] for viewer in server.status()["viewers"]] == [5], "the rate")
            self.evaluate("localStorage.clear()")

            self.assertEqual(self.evaluate("document.querySelector('a[download]').href"), server.url + "/pattern/snapshot")
            self.leave(server)
        self.assert_quiet()

    def test_addresses_for_other_programs_are_right_where_the_page_is_reached(self):
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as server:
            self.open(server, "/pattern/")
            self.wait("document.querySelector('details.panel')", "the panel")
            self.evaluate("document.querySelector('details.panel').open = true")
            self.wait("document.querySelector('.qr path')", "the code")
            fields = self.evaluate("JSON.stringify([...document.querySelectorAll('.use input')].map(field => field.value))")
            for part in ("<img src=", "vlc --network-caching=0", "ffmpeg ", "cv2.VideoCapture", "preset-http-mjpeg-generic"):
                self.assertIn(part, fields)
            self.assertIn(f"{server.url}/pattern/stream?variant=advance", fields)
            self.assertIn(f"{server.url}/pattern/snapshot", fields)
            self.leave(server)
        self.assert_quiet()

    def test_the_status_page_has_tables_that_can_be_sorted(self):
        with harness.configured(streams(2) + BROKEN) as server:
            server.wait_live(1).wait_state("lost", 2)
            with harness.StreamReader(server.url, "/pattern1/stream") as reader:
                reader.part()
                self.open(server, "/status")
                rows = "JSON.stringify([...document.querySelectorAll('table')[0].tBodies[0].rows].map(row => row.cells[0].textContent))"
                self.wait(rows + " === '[\"broken\",\"pattern0\",\"pattern1\"]'", "the streams by name")
                self.wait("document.querySelectorAll('table')[1].tBodies[0].rows.length === 1", "the viewer")
                self.evaluate("[...document.querySelectorAll('th button')].find(head => head.textContent === 'Viewers').click()")
                self.wait(rows + ".startsWith('[\"pattern1\"')", "the streams by viewers")
                self.wait("document.querySelector('.findings').textContent.includes('broken: no signal')", "the finding")
                self.wait("document.querySelectorAll('.counter').length > 10", "the counters")
            self.leave(server)
        self.assert_quiet()

    def test_fifty_switches_between_pages_leave_no_connection_behind(self):
        with harness.configured(streams(3)) as server:
            server.wait_live(2)
            for turn in range(50):
                self.open(server, PAGES[turn % len(PAGES)])
            self.leave(server)

            def connections():
                return server.status()["server"]["connections"]

            # A browser keeps up to six idle connections, and this test has its own.
            harness.wait_for(lambda: connections() <= 7, "the connections of earlier pages to end")
        self.assert_quiet()


class InChromium(Browser, unittest.TestCase):
    program = Chromium

    def test_pages_work_within_their_content_security_policy(self):
        with harness.configured(streams(3)) as server, self.browser.script_before_pages(COLLECT_VIOLATIONS):
            server.wait_live(2)
            for path in PAGES:
                self.open(server, path)
                self.wait("document.querySelector('.tools')", "the script")
                self.assertEqual(self.evaluate("getComputedStyle(document.querySelector('header')).display"), "flex")
                if path != "/status":
                    self.wait_painted("pattern0")
                self.assertEqual(self.evaluate("violations"), [])
            # What is not the page's own is blocked and noticed.
            self.evaluate("""
                window.injected = false;
                document.body.append(Object.assign(new Image(), {src: "http://other.example/"}));
                const script = document.createElement("script");
                script.append("injected = true");
                document.body.append(script);
                try {
                  document.createElement("div").innerHTML = "<img src=x onerror='injected = true'>";
                } catch {}
            """)
            harness.wait_for(lambda: len(self.evaluate("violations")) >= 3, "the violations")
            self.assertFalse(self.evaluate("injected"))
            self.leave(server)
        self.browser.problems()

    def test_the_first_picture_is_shown_within_300_ms_and_nothing_moves(self):
        harness.retried(self.check_loading)

    def check_loading(self):
        with harness.configured(streams(6, "1280x720", 10)) as server, self.browser.script_before_pages(OBSERVE_LOADING):
            server.wait_live(5)
            for path in ("/", "/pattern0/"):
                times = []
                for sample in range(50):
                    self.open(server, path)
                    self.wait("window.firstPicture", "a picture")
                    times.append(self.evaluate("window.firstPicture"))
                    if sample < 5:
                        self.wait_painted("pattern0", 5)
                        self.assertLess(self.evaluate("window.shift"), 0.001, path)
                print(f"{path}: {statistics.median(times):.0f} ms", end=" ... ", flush=True)
                self.assertLess(statistics.median(times), 300, times)
            self.leave(server)

    def test_two_windows_with_twelve_streams_leave_room_for_a_third(self):
        with harness.configured(streams(12, "320x240", 5)) as server:
            server.wait_live(11)
            windows = [self.browser, self.browser.open_window(), self.browser.open_window()]
            try:
                for page in windows[:2]:
                    page.go_to(server.url + "/")
                    harness.wait_for(lambda page=page: page.evaluate("document.querySelectorAll('.tile canvas').length") >= 3, "the tiles")
                windows[2].go_to(server.url + "/pattern11/")
                for page in windows:
                    page.command("Page.bringToFront")
                    harness.wait_for(lambda page=page: page.evaluate("document.querySelector('canvas') !== null"), "a picture")
                    page.evaluate(WATCH)
                    page.evaluate("watch(document.querySelector('canvas'))")
                for page in windows:
                    harness.wait_for(lambda page=page: page.evaluate("seen.length") >= 10, "live frames in each window", seconds=60)
                viewers = server.status()["viewers_total"]
                self.assertLessEqual(viewers, 4)
                self.assertGreaterEqual(viewers, 3)
            finally:
                for page in windows[1:]:
                    self.browser.close_window(page)
            self.leave(server)

    def test_500_reconnects_do_not_fill_the_heap(self):
        with harness.configured(streams(1, "320x240", 30)) as server:
            self.open(server.wait_live(), "/pattern0/")
            self.wait_painted("pattern0")

            def requests():
                return server.status()["server"]["counters"]["requests"]["stream"]

            def heap_after(reconnects):
                before = requests()
                while requests() < before + reconnects:
                    self.evaluate(HIDE_AND_SHOW_OFTEN % 10)
                self.browser.command("HeapProfiler.collectGarbage")
                return self.browser.command("Runtime.getHeapUsage")["usedSize"]

            # Until scripts have been optimised, and 250 requests, whose times are kept.
            before = heap_after(700)
            after = heap_after(500)
            print(f"{before / 1e6:.2f} MB, then {after / 1e6:.2f} MB", end=" ... ", flush=True)
            self.assertLess(after, before * 1.1)
            self.leave(server)

    def test_nobody_is_kept_out_of_any_page_in_either_theme(self):
        with harness.configured(streams(3) + BROKEN) as server:
            server.wait_live(2).wait_state("lost", 3)
            for theme in THEMES:
                for width, phone in ((1280, False), (390, True)):
                    self.browser.use_window(width, 900, theme, phone)
                    for path in PAGES:
                        self.open(server, path)
                        if path == "/status":
                            self.wait("document.querySelectorAll('.counter').length > 10", "the tables")
                            self.wait("document.querySelectorAll('.events li').length > 3", "the events")
                        else:
                            self.wait_painted("pattern0")
                        self.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
                        if path == "/pattern0/":
                            self.wait("document.querySelector('.qr path')", "the code")
                        self.assertEqual(violations(self.browser), [], (path, theme, width))
            self.browser.command("Emulation.clearDeviceMetricsOverride")
            self.leave(server)

    def test_administrators_change_the_controls_of_a_camera(self):
        with harness.configured(streams(1)) as server, self.browser.script_before_pages(CAMERA):
            self.open(server.wait_live(), "/pattern0/")
            self.wait("[...document.querySelectorAll('summary')].some(summary => summary.textContent === 'Camera controls')", "the panel")
            self.evaluate("document.querySelector('details.panel:last-of-type').open = true")
            self.wait("document.querySelector('#control-Brightness')", "the controls")
            change = "(input => {{ input.{} = {}; for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind)); }})" \
                     "(document.querySelector('{}'))"
            for property_, value, selector, expected in (
                ("value", "0.5", "[aria-label=Brightness]", {"Brightness": 0.5}), ("value", "'continuous'", "#control-AfMode", {"AfMode": "continuous"}),
                ("checked", "false", "#control-AeEnable", {"AeEnable": False}), ("value", "'[[0, 0, 8, 8]]'", "#control-AfWindows", {"AfWindows": [[0, 0, 8, 8]]}),
            ):
                before = self.evaluate("changes.length")
                self.evaluate(change.format(property_, value, selector))
                self.wait(f"changes.length > {before}", "the change")
                self.assertEqual(self.evaluate("changes.at(-1)"), expected)
            line = "document.querySelector('[aria-label=\"line for the configuration\"]').value"
            self.wait(f"{line}.includes('AfWindows')", "the line for the configuration")
            self.assertIn("Brightness = 0.5", self.evaluate(line))
            # What the camera refuses is said, and the next change takes the words away.
            self.evaluate(change.format("value", "1", "#control-Brightness"))
            self.wait("document.querySelector('.failure').textContent === 'Brightness: 1 is too bright.'", "the refusal")
            self.evaluate("document.querySelector('[aria-label=\"Reset AfMode\"]').click()")
            self.wait("document.querySelector('#control-AfMode').value === 'auto'", "the default")
            self.wait("document.querySelector('.failure').textContent === ''", "no refusal")
            self.assertEqual(self.evaluate("changes.at(-1)"), {"AfMode": None})
            self.assertEqual(violations(self.browser), [])
            self.leave(server)
        self.browser.problems()

    def test_parts_are_read_whole_however_their_bytes_arrive(self):
        with harness.Ringcast("pattern", "--size", "320x240").wait_live() as server:
            self.open(server, "/status")
            self.wait("document.querySelector('.tools')", "the script")
            script = server.get("/status")[2].decode().split('type="module" src="')[1].split('"')[0]
            outcome = self.evaluate("""
                import("%s").then(({PartParser}) => {
                  const bytes = text => new TextEncoder().encode(text);
                  const stream = bytes("--b\\r\\nContent-Type: image/jpeg\\r\\nContent-Length: 3\\r\\nX-Timestamp: 1.5\\r\\n\\r\\n\\r\\n\\r" +
                    "\\r\\n--b\\r\\nContent-Length: 5\\r\\n\\r\\nhello\\r\\n--b\\r\\n");
                  const outcomes = new Set();
                  for (let size = 1; size <= stream.length; ++size) {
                    const parts = [];
                    const parser = new PartParser((fields, body) => parts.push([fields["x-timestamp"] ?? null, ...body]));
                    for (let at = 0; at < stream.length; at += size) parser.take(stream.subarray(at, at + size));
                    outcomes.add(JSON.stringify(parts));
                  }
                  const failures = ["Content-Type: a\\r\\n\\r\\n", "Content-Length: x\\r\\n\\r\\n", "A".repeat(5000)].map(text => {
                    try { new PartParser(() => {}).take(bytes(text)); } catch (problem) { return problem.message; }
                  });
                  return JSON.stringify([[...outcomes], failures]);
                })""" % ("/" + script.rsplit("/", 1)[0] + "/reader.js"))
            self.assertEqual(json.loads(outcome), [
                ['[["1.5",13,10,13],[null,104,101,108,108,111]]'],
                ["a picture without length", "a picture without length", "the head of a picture is too long"]])
            shares = self.evaluate("""
                import("%s").then(({shareOut}) => JSON.stringify([[2], [2, 2], [2, 2, 1], [2, 2, 2], [1, 2, 2, 2, 2], [0, 2, 0, 2]].map(wants =>
                  [...shareOut(wants.map((wants, began) => ({id: String(began), began, wants}))).values()])))
                """ % ("/" + script.rsplit("/", 1)[0] + "/tabs.js"))
            self.assertEqual(json.loads(shares), [[2], [2, 2], [2, 1, 1], [2, 1, 1], [1, 1, 1, 1, 0], [0, 2, 0, 2]])
        self.browser.problems()

    def test_without_javascript_the_pages_are_a_plain_grid_with_live_pictures(self):
        with harness.configured(streams(3)) as server:
            server.wait_live(2)
            self.browser.command("Emulation.setScriptExecutionDisabled", value=True)
            try:
                self.browser.go_to(server.url + "/")
                harness.wait_for(lambda: sorted(viewer["stream"] for viewer in server.status()["viewers"]) == ["pattern0", "pattern1"],
                                 "two live pictures")
                self.assertEqual({viewer["variant"] for viewer in server.status()["viewers"]}, {"advance"})
                self.browser.go_to(server.url + "/pattern2/")
                harness.wait_for(lambda: [viewer["stream"] for viewer in server.status()["viewers"]] == ["pattern2"], "the live picture")
            finally:
                self.browser.command("Emulation.setScriptExecutionDisabled", value=False)
            self.leave(server)

    def test_screenshots(self):
        """Those of the documentation: copy them from the build folder to docs/."""
        names = ("printer", "front-door", "workshop", "yard")
        sections = "".join(f'[streams.{name}]\nsource = "pattern"\nsize = "1280x720"\nfps = 15\n' for name in names)
        with harness.configured(sections + BROKEN.replace("broken", "garage")) as server:
            server.wait_live(3)
            for name, path, size, theme, phone in (
                ("screenshot", "/", (1280, 800), "dark", False), ("page-stream", "/printer/", (1280, 900), "light", False),
                ("page-status", "/status", (1280, 900), "dark", False), ("page-phone", "/", (390, 844), "light", True),
            ):
                self.browser.use_window(*size, theme, phone)
                self.open(server, path)
                if path == "/status":
                    self.wait("document.querySelectorAll('.counter').length > 10", "the tables")
                    self.wait("document.querySelectorAll('.events li').length > 4", "the events")
                else:
                    self.wait_painted("printer", 20)
                self.browser.screenshot(SCREENSHOTS / f"{name}.png")
                self.assertGreater((SCREENSHOTS / f"{name}.png").stat().st_size, 10_000)
            self.browser.command("Emulation.clearDeviceMetricsOverride")
            self.leave(server)


class InFirefox(Browser, unittest.TestCase):
    program = Firefox


if __name__ == "__main__":
    harness.main()
