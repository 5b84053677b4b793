"""Every URL, parameter and error response of docs/http-api.md, over real sockets."""

import contextlib
import gzip
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import harness

CONFIGURATION = """
[http]
cors_origins = ["https://dashboard.example"]
hosts = ["cam.example.org"]

[streams.front]
source = "pattern"
size = "640x360"

[streams.broken]
source = "exec"
command = ["no-such-program-of-ours", "--secret", "http://camera.example/secret"]

[streams.back]
source = "pattern"
size = "320x240"
fps = 10
default = true
"""


def setUpModule():
    global server
    server = harness.configured(CONFIGURATION)
    server.wait_live(0).wait_live(2).wait_state("lost", 1)


def tearDownModule():
    code = server.stop()
    assert code == 0, server.log()


def near(rate, expected):
    """Within 20 %: the server measures rates over many frames, some of which may have been late."""
    return abs(rate - expected) < expected / 5


class Urls(unittest.TestCase):
    FRONT_SIZE = (640, 360)
    BACK_SIZE = (320, 240)

    def assert_stream(self, path, size):
        with harness.StreamReader(server.url, path) as reader:
            self.assertEqual(reader.status, 200, path)
            self.assertEqual(harness.picture_size(reader.part().body), size, path)

    def assert_snapshot(self, path, size):
        status, headers, body = server.get(path)
        self.assertEqual(status, 200, path)
        self.assertEqual(headers["Content-Type"], "image/jpeg")
        harness.StampedFrame(body)
        self.assertEqual(harness.picture_size(body), size, path)

    def test_each_stream_answers_under_its_name(self):
        for path in ("/front/stream", "/front.mjpg", "/front/stream/", "//front//stream"):
            self.assert_stream(path, self.FRONT_SIZE)
        for path in ("/front/snapshot", "/front.jpg", "/front/snapshot.jpg"):
            self.assert_snapshot(path, self.FRONT_SIZE)

    def test_the_default_stream_answers_at_the_root_too(self):
        for path in ("/stream", "/stream.mjpg", "/stream?timestamp=123", "/stream?cacheBust=123"):
            self.assert_stream(path, self.BACK_SIZE)
        for path in ("/snapshot", "/snapshot.jpg"):
            self.assert_snapshot(path, self.BACK_SIZE)

    def test_the_urls_of_mjpg_streamer_work(self):
        for path in ("/?action=stream", "/stream/?action=stream", "/?action=stream?dummy=param.mjpg",
                     "/?action=stream_2", "/back/?action=stream"):
            self.assert_stream(path, self.BACK_SIZE)
        self.assert_stream("/?action=stream_0", self.FRONT_SIZE)
        for path in ("/?action=snapshot", "/stream/?action=snapshot", "/?action=snapshot_2"):
            self.assert_snapshot(path, self.BACK_SIZE)
        self.assert_snapshot("/?action=snapshot_0", self.FRONT_SIZE)
        self.assertEqual(server.get("/?action=stream_9")[0], 404)
        self.assertEqual(server.get("/?action=dance")[0], 400)

    def test_state_reports_size_and_rate_in_the_format_of_ustreamer(self):
        for path in ("/state", "/back/state"):
            status, headers, body = server.get(path)
            self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
            source = json.loads(body)["result"]["source"]
            self.assertEqual(source["resolution"], {"width": 320, "height": 240})
            self.assertTrue(source["online"])

            def measured(path=path):
                return near(json.loads(server.get(path)[2])["result"]["source"]["captured_fps"], 10)

            harness.wait_for(measured, "a rate of 10 frames/s")
        self.assertFalse(json.loads(server.get("/broken/state")[2])["result"]["source"]["online"])

    def test_pages_name_their_streams_and_load_nothing_from_elsewhere(self):
        for path, names in (("/", ("front", "broken", "back")), ("/front/", ("front",)), ("/front", ("front",)), ("/status", ())):
            status, headers, body = server.get(path)
            self.assertEqual(status, 200)
            self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
            self.assertIn("no-store", headers["Cache-Control"])
            policy = headers["Content-Security-Policy"]
            self.assertTrue(policy.startswith("default-src 'none'; "), policy)
            self.assertNotIn("unsafe", policy)
            page = body.decode()
            self.assertEqual(re.findall(r'data-stream="(.*?)"', page), list(names))
            # All addresses are relative, so that the page works on a subpath.
            self.assertEqual(re.findall(r'(?:src|href)="(?:/|https?:)[^"]*', page), [])

    def test_files_of_pages_are_kept_by_browsers_and_compressed_for_those_that_ask(self):
        (base,) = re.findall(r'<base href="(.*?)">', server.get("/front/")[2].decode())
        self.assertEqual(urllib.parse.urljoin("/front/", base), "/")
        files = set(re.findall(r'"(assets/[^"]+)"', server.get("/front/")[2].decode()))
        self.assertEqual(len(files), 3)
        for file in files:
            status, headers, plain = server.get("/" + file)
            self.assertEqual(status, 200, file)
            self.assertEqual(headers["Cache-Control"], "public, max-age=31536000, immutable")
            self.assertIn(headers["Content-Type"], ("text/css; charset=utf-8", "text/javascript; charset=utf-8"))
            self.assertNotIn("Content-Encoding", headers)
            self.assertIn("Accept-Encoding", headers.get_all("Vary"))
            _, headers, compressed = server.get("/" + file, {"Accept-Encoding": "gzip, br"})
            self.assertEqual(headers["Content-Encoding"], "gzip")
            self.assertEqual(gzip.decompress(compressed), plain)
            status, headers, body = server.get("/" + file, {"Accept-Encoding": "gzip"}, method="HEAD")
            self.assertEqual((status, headers["Content-Length"], body), (200, str(len(compressed)), b""))
        folder, name = files.pop().rsplit("/", 1)
        self.assertEqual(server.get(f"/{folder[:-1]}0/{name}x")[0], 404)

    def test_every_answer_says_who_may_embed_it(self):
        for path, policy in (
            ("/snapshot", "cross-origin"), ("/broken/snapshot?placeholder=1", "cross-origin"), ("/", "same-origin"),
            ("/api/status", "same-origin"), ("/metrics", "same-origin"), ("/state", "same-origin"),
            ("/healthz", "same-origin"), ("/controls", "same-origin"), ("/nothing", "same-origin"),
        ):
            _, headers, _ = server.get(path)
            self.assertEqual(headers["Cross-Origin-Resource-Policy"], policy, path)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff", path)
        with harness.StreamReader(server.url) as reader:
            self.assertEqual(reader.headers["cross-origin-resource-policy"], "cross-origin")
            self.assertEqual(reader.headers["x-content-type-options"], "nosniff")
        with server.connect() as connection:
            self.assertEqual(connection.ask("*", method="OPTIONS").headers["x-content-type-options"], "nosniff")

    def test_every_answer_names_the_server_and_its_version(self):
        expected = "ringcast/" + server.status()["server"]["version"]
        self.assertRegex(expected, r"^ringcast/\d+\.\d+\.\d+")
        for path in ("/snapshot", "/broken/snapshot", "/", "/api/status", "/metrics", "/healthz", "/nothing"):
            for method in ("GET", "HEAD"):
                self.assertEqual(server.get(path, method=method)[1]["Server"], expected, path)
        with harness.StreamReader(server.url) as reader:
            self.assertEqual(reader.headers["server"], expected)
        for request in ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n"):
            with server.connect() as connection:
                connection.send(request)
                self.assertEqual(connection.answer().headers["server"], expected, request)

    def test_an_unknown_url_is_answered_with_the_list_of_streams(self):
        for path in ("/nothing", "/front/nothing", "/nothing/stream", "/nothing.jpg", "/a/b/c", "/api", "/%00"):
            status, _, body = server.get(path)
            self.assertEqual(status, 404, path)
            self.assertIn(b"front, broken, back", body)

    def test_invalid_parameters_are_refused_with_the_expected_values(self):
        for path, expected in (
            ("/stream?fps=0", b"fps"), ("/stream?fps=x", b"fps"), ("/stream?fps=1001", b"1000"),
            ("/stream?variant=wrong", b"advance"), ("/snapshot?max_age_ms=-1", b"max_age_ms"),
            ("/snapshot?max_age_ms=86400001", b"86400000"), ("/snapshot?placeholder=maybe", b"placeholder"),
            ("/snapshot?within_ms=10001", b"10000"), ("/snapshot?within_ms=soon", b"within_ms"),
        ):
            status, _, body = server.get(path)
            self.assertEqual(status, 400, path)
            self.assertIn(expected, body)
            self.assertEqual(body.count(b"\n"), 1)


class Streams(unittest.TestCase):
    def test_the_response_head_prevents_buffering_and_caching(self):
        with harness.StreamReader(server.url) as reader:
            headers = reader.headers
        self.assertRegex(headers["content-type"], r"^multipart/x-mixed-replace; ?boundary=ringcast[0-9a-f]{32}$")
        self.assertEqual(headers["connection"], "close")
        self.assertEqual(headers["x-accel-buffering"], "no")
        for word in ("no-store", "no-transform"):
            self.assertIn(word, headers["cache-control"])
        for absent in ("transfer-encoding", "content-length"):
            self.assertNotIn(absent, headers)

    def test_header_lines_of_a_part_are_short_enough_for_common_clients(self):
        with harness.StreamReader(server.url) as reader:
            part = reader.part()
            for name, value in part.headers.items():
                self.assertLess(len(name) + len(value) + 2, 127)
            self.assertEqual(set(part.headers), {"content-type", "content-length", "x-timestamp"})

    def test_a_no_signal_part_has_the_reason_in_a_line_that_is_short_enough(self):
        with harness.StreamReader(server.url, "/broken/stream") as reader:
            headers = reader.part().headers
        self.assertEqual(headers["x-ringcast-signal"], "none")
        self.assertEqual(headers["x-ringcast-reason"], server.stream_status(1)["reason"])
        for name, value in headers.items():
            self.assertLess(len(name) + len(value) + 2, 127)

    def test_the_variant_can_be_chosen(self):
        blink = {"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}
        with harness.StreamReader(server.url, "/stream?variant=standard", blink) as reader:
            self.assertIn("content-length", reader.part().headers)
        with harness.StreamReader(server.url, "/stream?variant=advance") as reader:
            self.assertEqual(reader.file.readline(), b"Content-Type: image/jpeg\r\n")
            self.assertEqual(reader.file.readline(), b"\r\n")

    def test_the_request_headers_choose_the_variant(self):
        for accept, agent, variant in (
            ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "Chrome/156.0", "advance"),
            ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "Firefox/153.0", "advance"),
            ("image/webp,image/avif,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
             "AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", "advance"),
            ("image/avif,image/webp,*/*", "Mozilla/5.0 Firefox/120.0", "standard"),
            ("image/jpeg", "MyApp/1.0", "standard"),
            ("*/*", "Chrome/156.0", "standard"),
            ("text/html,application/xhtml+xml,image/avif,image/apng", "Chrome/156.0", "standard"),
        ):
            with harness.StreamReader(server.url, headers={"Accept": accept, "User-Agent": agent}) as reader:
                self.assertEqual(server.viewer_status(reader)["variant"], variant, accept)

    def test_a_viewer_with_a_rate_limit_receives_fresh_frames_at_that_rate(self):
        harness.retried(self.check_rate_and_age)

    def check_rate_and_age(self):
        with harness.StreamReader(server.url, "/front/stream?fps=5") as reader:
            reader.part()
            ages = []
            times = []
            for _ in range(10):
                frame = harness.StampedFrame(reader.part().body)
                ages.append(time.time() - frame.captured_ns / 1e9)
                times.append(frame.captured_ns / 1e9)
            viewer = server.viewer_status(reader)
        self.assertAlmostEqual(9 / (times[-1] - times[0]), 5, delta=0.5)
        self.assertLess(sorted(ages)[len(ages) // 2], 0.1)
        self.assertEqual(viewer["fps_limit"], 5)
        self.assertGreater(viewer["frames_skipped"]["rate"], 20)

    def test_the_first_frame_is_sent_without_waiting_for_the_next_one(self):
        harness.retried(self.check_first_frames)

    def check_first_frames(self):
        # At 10 frames/s a wait for the next frame would take 50 ms in the median.
        times = []
        for _ in range(21):
            began = time.monotonic()
            with harness.StreamReader(server.url, "/back/stream") as reader:
                reader.part()
            times.append(time.monotonic() - began)
        self.assertLess(sorted(times)[10], 0.04, times)

    def test_a_head_request_describes_the_stream_and_ends(self):
        with server.connect() as connection:
            answer = connection.ask("/stream", method="HEAD")
            self.assertEqual(answer.status, 200)
            self.assertIn("multipart/x-mixed-replace", answer.headers["content-type"])
            self.assertTrue(connection.closed())


class Chains(unittest.TestCase):
    """Other ringcasts as clients."""

    def test_pictures_say_which_server_they_come_through(self):
        instance = server.status()["server"]["instance"]
        self.assertRegex(instance, r"^[0-9a-f]{16}$")
        self.assertEqual(server.get("/snapshot")[1]["X-Ringcast-Via"], instance)
        with harness.StreamReader(server.url, headers={"X-Ringcast-Via": "0123456789abcdef"}) as reader:
            self.assertEqual((reader.status, reader.headers["x-ringcast-via"]), (200, instance))
        self.assertNotIn("X-Ringcast-Via", server.get("/api/status")[1])

    def test_a_server_can_not_read_its_own_stream(self):
        own = {"X-Ringcast-Via": "0123456789abcdef, " + server.status()["server"]["instance"]}
        for path in ("/stream", "/front/stream", "/snapshot", "/broken/snapshot?placeholder=1"):
            status, _, body = server.get(path, own)
            self.assertEqual(status, 508, path)
            self.assertTrue(body.startswith(b"a loop of servers: "), body)
            self.assertEqual(body.count(b"\n"), 1)
            self.assertEqual(server.get(path, own, "HEAD")[0], 508, path)
        for path in ("/api/status", "/healthz", "/state"):
            self.assertEqual(server.get(path, own)[0], 200, path)

    def test_each_process_has_another_id(self):
        instance = server.status()["server"]["instance"]
        with harness.Ringcast("pattern", "--size", "640x360") as other:
            self.assertNotEqual(other.status()["server"]["instance"], instance)


class HalfClosedClients(unittest.TestCase):
    """Clients that shut down their side after the request, as `printf ... | nc -N` does."""

    def test_a_stream_goes_on_until_its_client_has_left(self):
        server.wait_without_viewers()
        with harness.StreamReader(server.url, "/front/stream") as reader:
            reader.socket.shutdown(socket.SHUT_WR)
            sequences = [harness.StampedFrame(reader.part().body).sequence for _ in range(60)]
            self.assertTrue(harness.rising(sequences))
            self.assertEqual(server.stream_status(0)["viewers"], 1)
        server.wait_without_viewers()

    def test_a_snapshot_is_answered_and_the_connection_closed(self):
        with server.connect() as connection:
            connection.send("GET /front/snapshot HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(connection.answer().status, 200)
            self.assertTrue(connection.closed())


class Snapshots(unittest.TestCase):
    def test_a_snapshot_was_captured_after_the_request(self):
        with server.connect() as connection:
            for _ in range(15):
                asked_ns = time.time_ns()
                answer = connection.ask("/snapshot")
                self.assertEqual(answer.status, 200)
                self.assertGreater(harness.StampedFrame(answer.body).captured_ns, asked_ns)

    def test_max_age_ms_allows_an_older_snapshot(self):
        harness.retried(self.check_older_ones)

    def check_older_ones(self):
        times = []
        with server.connect() as connection:
            for _ in range(21):
                began = time.monotonic()
                answer = connection.ask("/snapshot?max_age_ms=1000")
                times.append(time.monotonic() - began)
                age = time.time() - harness.StampedFrame(answer.body).captured_ns / 1e9
                self.assertLess(age, 1.1)
        self.assertLess(sorted(times)[10], 0.04, times)

    def test_a_slow_stream_answers_its_latest_picture_before_clients_give_up(self):
        # moonraker-timelapse does after two seconds; ringcast answers after one and a half.
        slow = '[streams.slow]\nsource = "pattern"\nsize = "64x64"\nfps = 0.1\n'
        with harness.configured(slow) as server, server.wait_live().connect() as connection:
            began = time.monotonic()
            while time.monotonic() - began < 7:  # longer than a stream of unknown rate may be silent
                asked = time.monotonic()
                answer = connection.ask("/snapshot")
                self.assertLess(time.monotonic() - asked, 2)
                self.assertEqual(answer.status, 200, answer.body)
            asked = time.monotonic()
            self.assertEqual(connection.ask("/snapshot?within_ms=300").status, 200)
            self.assertLess(time.monotonic() - asked, 1)

    def test_a_snapshot_has_the_headers_of_a_part_and_keeps_the_connection_open(self):
        with server.connect() as connection:
            for _ in range(3):
                answer = connection.ask("/snapshot")
                self.assertEqual(answer.headers["content-type"], "image/jpeg")
                self.assertIn("no-store", answer.headers["cache-control"])
                whole, micros = answer.headers["x-timestamp"].split(".")
                captured_us = harness.StampedFrame(answer.body).captured_ns // 1000
                self.assertEqual(int(whole) * 1_000_000 + int(micros), captured_us)
                self.assertNotIn("x-ringcast-signal", answer.headers)

    def test_a_snapshot_says_how_old_its_picture_is(self):
        with server.connect() as connection:
            for query in ("", "?max_age_ms=1000"):
                answer = connection.ask(f"/snapshot{query}")
                oldest = time.time() - harness.StampedFrame(answer.body).captured_ns / 1e9
                self.assertLessEqual(float(answer.headers["x-ringcast-age"]), oldest + 0.001)

    def test_pictures_that_follow_one_another_can_be_asked_for(self):
        with server.connect() as connection:
            latest = connection.ask("/snapshot").headers["x-timestamp"]
            sequences = []
            for _ in range(10):
                answer = connection.ask(f"/snapshot?after={latest}")
                self.assertEqual(answer.status, 200)
                self.assertGreater(float(answer.headers["x-timestamp"]), float(latest))
                latest = answer.headers["x-timestamp"]
                sequences.append(harness.StampedFrame(answer.body).sequence)
            self.assertTrue(harness.rising(sequences), sequences)
            self.assertEqual(connection.ask("/snapshot?after=yesterday").status, 400)
            never = connection.ask(f"/snapshot?after={time.time() + 3600}&within_ms=50")
            self.assertEqual(never.status, 503)

    def test_the_sharpest_of_several_pictures_is_chosen(self):
        program = ("import sys, time\n"
                   "pictures = [open(name, 'rb').read() for name in sys.argv[1:]]\n"
                   "while True:\n"
                   "    for picture in pictures:\n"
                   "        sys.stdout.buffer.write(picture)\n"
                   "        sys.stdout.buffer.flush()\n"
                   "        time.sleep(0.04)\n")
        with tempfile.TemporaryDirectory() as folder:
            names = {}
            for name, blur in (("sharp", 0), ("soft", 1), ("blurred", 4)):
                names[name] = f"{folder}/{name}.jpg"
                subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240", "-frames:v", "1",
                                *(["-vf", f"gblur=sigma={blur}"] if blur else []), "-q:v", "3", names[name]],
                               check=True, timeout=harness.WAIT_SECONDS)
            command = [sys.executable, "-c", program,
                       *(names[name] for name in ("blurred", "soft", "blurred", "sharp", "blurred"))]
            toml = f'[streams.motion]\nsource = "exec"\ncommand = {json.dumps(command)}\n'
            sharp = len(pathlib.Path(names["sharp"]).read_bytes())
            with harness.configured(toml) as running, running.wait_live().connect() as connection:
                for _ in range(5):
                    self.assertGreaterEqual(len(connection.ask("/snapshot?sharpest=6").body), sharp)
                self.assertEqual(connection.ask("/snapshot?sharpest=31").status, 400)

    def test_without_signal_a_snapshot_is_refused_with_the_reason(self):
        with server.connect() as connection:
            answer = connection.ask("/broken/snapshot")
            self.assertEqual(answer.status, 503)
            self.assertGreater(int(answer.headers["retry-after"]), 0)
            self.assertTrue(answer.body.startswith(b"no signal: "), answer.body)
            self.assertEqual(answer.body.count(b"\n"), 1)
            for private in (b"secret", b"camera.example"):
                self.assertNotIn(private, answer.body)

    def test_without_signal_placeholder_1_returns_the_no_signal_picture(self):
        with server.connect() as connection:
            answer = connection.ask("/broken/snapshot?placeholder=1")
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["x-ringcast-signal"], "none")
            self.assertEqual(answer.headers["x-ringcast-reason"], server.stream_status(1)["reason"])
            self.assertTrue(answer.body.startswith(b"\xff\xd8"))
            self.assertEqual(connection.ask("/broken/snapshot?placeholder=0").status, 503)


class Operators(unittest.TestCase):
    def test_status_reports_streams_and_server(self):
        asked = time.time()

        def measured():
            status = server.status()
            front, _, back = status["streams"]
            return near(front["fps"], 30) and near(back["fps"], 10) and front["frame_age_seconds"] < 1 and status

        status = harness.wait_for(measured, "the rates and a young frame")
        self.assertTrue(asked - 1 < status["server"]["time_unix_seconds"] < time.time() + 1)
        self.assertEqual([stream["name"] for stream in status["streams"]], ["front", "broken", "back"])
        front, broken, back = status["streams"]
        self.assertEqual([front["default"], broken["default"], back["default"]], [False, False, True])
        self.assertEqual((front["source"], front["state"], front["reason"]), ("pattern", "live", None))
        self.assertEqual((front["width"], front["height"]), (640, 360))
        self.assertGreater(front["frame_bytes_last"], 1000)
        self.assertGreater(front["frame_bytes_mean"], 1000)
        self.assertEqual((broken["source"], broken["state"]), ("exec", "lost"))
        self.assertTrue(broken["reason"])
        self.assertIn(front["tier"], ("registered", "unregistered"))
        self.assertEqual(front["slots_total"], 32)
        self.assertLessEqual(front["slots_free"], 32)
        self.assertGreater(front["source_counters"]["frames"], 0)
        self.assertEqual(status["server"]["viewers_max"], 4096)

    def test_status_has_exactly_the_documented_fields(self):
        document = pathlib.Path(__file__).parents[2] / "docs" / "http-api.md"
        example = json.loads(re.search(r"```json\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)[1])
        # Null for streams without a camera, another server or a change of their pictures; tests/api/status_json.tests.cpp checks
        # their fields.
        for absent in ("camera", "upstream", "picture"):
            example["streams"][0][absent] = None
        with (harness.StreamReader(server.url, "/front/stream") as reader,
              harness.StreamReader(server.url, "/front/stream?size=half") as smaller):
            reader.part()
            smaller.part()
            answered = server.status()

        def fields(value, path=""):
            if isinstance(value, dict):
                for name, inner in value.items():
                    yield f"{path}.{name}"
                    yield from fields(inner, f"{path}.{name}")
            elif isinstance(value, list) and value:
                yield from fields(value[0], f"{path}[]")

        self.assertEqual(sorted(fields(example)), sorted(fields(answered)))

    def test_status_reports_each_viewer(self):
        with harness.StreamReader(server.url, "/front/stream") as reader:
            host, port = reader.socket.getsockname()

            def measured():
                reader.part()
                viewer = server.viewer_status(reader)
                return near(viewer["fps"], 30) and viewer["delivered_age_seconds"] < 1 and viewer

            viewer = harness.wait_for(measured, "a measured rate and a young frame")
        self.assertEqual(viewer["address"], f"{host}:{port}")
        self.assertEqual((viewer["stream"], viewer["lane"], viewer["variant"]), ("front", "copy", "standard"))
        self.assertIsNone(viewer["fps_limit"])
        self.assertGreaterEqual(viewer["frames_sent"], 40)
        self.assertEqual(set(viewer["frames_skipped"]), {"busy", "rate", "memory", "late"})
        self.assertGreater(viewer["bytes_sent"], 40_000)

    def test_status_is_not_cached(self):
        _, headers, _ = server.get("/api/status")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertIn("no-store", headers["Cache-Control"])

    def test_metrics_are_parsed_by_the_parser_of_prometheus(self):
        try:
            from prometheus_client.parser import text_string_to_metric_families
        except ImportError:
            raise unittest.SkipTest("python3-prometheus-client is not installed") from None

        def read():
            status, headers, body = server.get("/metrics")
            self.assertEqual(status, 200)
            self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            return {family.name: family for family in text_string_to_metric_families(body.decode())}

        def value(families, family, sample=None, **labels):
            (found,) = [one.value for one in families[family].samples
                        if one.name == (sample or family) and labels.items() <= one.labels.items()]
            return found

        server.wait_without_viewers()
        with harness.StreamReader(server.url, "/front/stream") as reader:
            for _ in range(10):
                reader.part()
            families = read()
        self.assertEqual(value(families, "ringcast_stream_viewers", stream="front", lane="copy"), 1)
        self.assertEqual(value(families, "ringcast_stream_live", stream="front"), 1)
        self.assertEqual(value(families, "ringcast_stream_live", stream="broken"), 0)
        self.assertEqual(value(families, "ringcast_stream_width_pixels", stream="back"), 320)
        sent = value(families, "ringcast_frames_sent", "ringcast_frames_sent_total", stream="front", lane="copy")
        self.assertGreaterEqual(sent, 10)
        buckets = [sample for sample in families["ringcast_frame_latency_seconds"].samples
                   if sample.name.endswith("_bucket") and sample.labels["stream"] == "front"]
        self.assertEqual(buckets[-1].labels["le"], "+Inf")
        self.assertTrue(all(a.value <= b.value for a, b in zip(buckets, buckets[1:])))
        self.assertGreaterEqual(buckets[-1].value, 10)
        # Names and types are exactly the documented ones.
        document = pathlib.Path(__file__).parents[2] / "docs" / "http-api.md"
        rows = re.findall(r"^\| `(ringcast_\w+)` \| (\w+) \|", document.read_text(encoding="utf-8"), re.MULTILINE)
        documented = {(name.removesuffix("_total"), kind) for name, kind in rows}
        self.assertEqual(documented, {(family.name, family.type) for family in families.values()})

    def test_healthz_reports_the_health_of_the_server_and_of_a_stream(self):
        self.assertEqual(server.get("/healthz")[0], 200)
        self.assertEqual(server.get("/healthz?stream=front")[0], 200)
        status, headers, body = server.get("/healthz?stream=broken")
        self.assertEqual(status, 503)
        self.assertIn("Retry-After", headers)
        self.assertTrue(body.startswith(b"no signal: "))
        self.assertEqual(server.get("/healthz?stream=nothing")[0], 404)


class Requests(unittest.TestCase):
    def test_head_has_the_same_head_as_get(self):
        for path in ("/", "/api/status", "/metrics", "/healthz", "/snapshot", "/state", "/nothing"):
            with server.connect() as connection:
                headed = connection.ask(path, method="HEAD")
                got = connection.ask(path)
            self.assertEqual(headed.status, got.status, path)
            self.assertEqual(set(headed.headers), set(got.headers), path)

    def test_a_refused_head_request_is_answered_without_a_body(self):
        for request, status in (
            ("HEAD / HTTP/1.1\r\n\r\n", 400),
            ("HEAD / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
            ("HEAD x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 413),
            (f"HEAD /{'a' * 20000}", 414),
            (f"HEAD / HTTP/1.1\r\nHost: a\r\nX: {'a' * 20000}", 431),
            ("HEAD / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            ("HEAD /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
            ("HEAD / HTTP/1.1\r\nHost: a\r\n", 408),
        ):
            with server.connect() as connection:
                connection.send(request)
                answer = connection.answer(head_only=True)
                self.assertEqual(answer.status, status, request[:80])
                self.assertGreater(int(answer.headers["content-length"]), 0)
                self.assertTrue(connection.closed(), request[:80])

    def test_options_lists_the_allowed_methods(self):
        with server.connect() as connection:
            for path in ("/stream", "*", "/nothing"):
                answer = connection.ask(path, method="OPTIONS")
                self.assertEqual((answer.status, answer.headers["allow"]), (204, "GET, HEAD, OPTIONS"))

    def test_other_methods_are_refused(self):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            with server.connect() as connection:
                answer = connection.ask("/snapshot", method=method)
                self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET, HEAD, OPTIONS"))
                if method == "PUT":  # the server knows where it ends
                    self.assertEqual(connection.ask("/healthz").status, 200)
                else:
                    self.assertTrue(connection.closed())
        with server.connect() as connection:
            self.assertEqual(connection.ask("/snapshot", method="BREW").status, 501)
            self.assertTrue(connection.closed())

    def assert_refused(self, request, status):
        with server.connect() as connection:
            connection.send(request)
            answer = connection.answer()
            self.assertEqual(answer.status, status, request[:80])
            self.assertEqual(answer.headers["connection"], "close")
            self.assertEqual(answer.body.count(b"\n"), 1)
            self.assertTrue(connection.closed())

    def test_malformed_requests_are_refused_and_closed(self):
        for request in (
            "GET /\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
            "GET http:///stream HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a:0/stream HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        ):
            self.assert_refused(request, 400)
        self.assert_refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505)

    def test_a_body_is_refused(self):
        self.assert_refused("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413)
        self.assert_refused("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413)

    def test_oversized_requests_are_refused(self):
        self.assert_refused(f"GET /{'a' * 8200} HTTP/1.1\r\nHost: a\r\n\r\n", 414)
        self.assert_refused(f"GET / HTTP/1.1\r\nHost: a\r\nX: {'a' * 16400}\r\n\r\n", 431)
        self.assert_refused("GET / HTTP/1.1\r\nHost: a\r\n" + "X: a\r\n" * 100 + "\r\n", 431)

    def test_requests_with_large_heads_are_served(self):
        cookies = {f"Cookie-{n}": "c" * 150 for n in range(90)}
        with server.connect() as connection:
            for _ in range(3):
                self.assertEqual(connection.ask("/snapshot", cookies).status, 200)
                self.assertEqual(connection.ask("/healthz").status, 200)
                self.assertEqual(connection.ask(f"/snapshot?x={'a' * 8000}").status, 200)
        with harness.StreamReader(server.url, "/back/stream", cookies) as reader:
            harness.StampedFrame(reader.part().body)

    def test_the_sender_of_a_large_refused_body_still_receives_the_answer(self):
        # If the server closed without reading on, a reset for the unread bytes would discard the
        # answer.
        with server.connect() as connection:
            connection.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" + "a" * 40000)
            self.assertEqual(connection.answer().status, 405)

    def test_an_incomplete_request_head_is_answered_after_five_seconds(self):
        with server.connect() as connection:
            began = time.monotonic()
            connection.send("GET / HTTP/1.1\r\n")
            answer = connection.answer()
            self.assertEqual(answer.status, 408)
            self.assertGreater(time.monotonic() - began, 4)
            self.assertTrue(connection.closed())

    def test_http_1_0_works(self):
        with server.connect() as connection:
            connection.send("GET /snapshot HTTP/1.0\r\n\r\n")
            answer = connection.answer()
            self.assertEqual(answer.status, 200)
            self.assertTrue(connection.closed())
        with server.connect() as connection:
            for _ in range(2):
                answer = connection.ask("/snapshot", {"Connection": "keep-alive"}, version="HTTP/1.0")
                self.assertEqual(answer.headers["connection"], "keep-alive")
        with server.connect() as connection:
            connection.send("GET /stream HTTP/1.0\r\n\r\n")
            self.assertEqual(connection.file.readline(), b"HTTP/1.1 200 OK\r\n")
            self.assertNotIn("transfer-encoding", harness.read_headers(connection.file))

    def test_a_later_minor_version_is_served_like_http_1_1(self):
        with server.connect() as connection:
            for version in ("HTTP/1.2", "HTTP/1.9", "HTTP/1.1"):
                answer = connection.ask("/snapshot", version=version)
                self.assertEqual(answer.status, 200)
                self.assertNotIn("connection", answer.headers)

    def test_a_connection_serves_many_requests_and_closes_when_asked(self):
        with server.connect() as connection:
            for path in ("/api/status", "/nothing", "/snapshot", "/metrics", "/stream?fps=0"):
                connection.ask(path)
            self.assertEqual(connection.ask("/healthz", {"Connection": "close"}).headers["connection"], "close")
            self.assertTrue(connection.closed())
        for version in ("HTTP/1.0", "HTTP/1.1", "HTTP/1.2"):
            for value in ("keep-alive, close", "close, keep-alive"):
                with server.connect() as connection:
                    answer = connection.ask("/healthz", {"Connection": value}, version=version)
                    self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
                    self.assertTrue(connection.closed())

    def test_names_addresses_and_ports_are_valid_hosts(self):
        with server.connect() as connection:
            for host in ("cam.local", "my_cam-2:8080", "cam.local.", "192.0.2.7:80", "[2001:db8::1]", "[::1]:8080"):
                self.assertEqual(connection.ask("/healthz", {"Host": host}).status, 200, host)
                self.assertEqual(connection.ask(f"http://{host}/healthz").status, 200, host)

    def test_pipelined_requests_are_answered_in_order(self):
        paths = ("/healthz", "/snapshot", "/nothing", "/api/status", "/snapshot")
        with server.connect() as connection:
            connection.send("".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths))
            answers = [connection.answer() for _ in paths]
        self.assertEqual([answer.status for answer in answers], [200, 200, 404, 200, 200])
        kinds = [answer.headers["content-type"].split(";")[0] for answer in answers]
        self.assertEqual(kinds, ["text/plain", "image/jpeg", "text/plain", "application/json", "image/jpeg"])

    def test_a_request_may_arrive_byte_by_byte(self):
        with server.connect() as connection:
            for byte in "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n":
                connection.send(byte)
            self.assertEqual(connection.answer().status, 200)


class NamesOfTheServer(unittest.TestCase):
    def test_a_stranger_s_name_is_refused_with_the_line_to_add(self):
        for path in ("/", "/stream", "/snapshot", "/api/status", "/metrics", "/nothing"):
            status, _, body = server.get(path, {"Host": "cam.evil.example:8080"})
            self.assertEqual(status, 421, path)
            self.assertIn(b'hosts = ["cam.evil.example"]', body)
            self.assertNotIn(b"front", body)
        self.assertEqual(server.log().count("a request for the host cam.evil.example was refused"), 1)

    def test_own_names_are_answered(self):
        for host in ("localhost", "printer", "printer.local:8080", "192.0.2.7", "[::1]:80", "cam.example.org"):
            self.assertEqual(server.get("/api/status", {"Host": host})[0], 200, host)

    def test_health_checks_and_requests_without_a_host_are_exempt(self):
        self.assertEqual(server.get("/healthz", {"Host": "cam.evil.example"})[0], 200)
        with server.connect() as connection:
            connection.send("GET /api/status HTTP/1.0\r\n\r\n")
            self.assertEqual(connection.answer().status, 200)

    def test_a_target_with_a_stranger_s_name_is_refused_too(self):
        with server.connect() as connection:
            connection.send("GET http://cam.evil.example/snapshot HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(connection.answer().status, 421)


class OtherOrigins(unittest.TestCase):
    def test_a_listed_origin_may_read(self):
        for path in ("/snapshot", "/api/status", "/broken/snapshot"):
            _, headers, _ = server.get(path, {"Origin": "https://dashboard.example"})
            self.assertEqual(headers["Access-Control-Allow-Origin"], "https://dashboard.example")
            self.assertIn("Origin", headers["Vary"])
            self.assertIn("X-Timestamp", headers["Access-Control-Expose-Headers"])
        with harness.StreamReader(server.url, headers={"Origin": "https://dashboard.example"}) as reader:
            self.assertEqual(reader.headers["access-control-allow-origin"], "https://dashboard.example")

    def test_a_preflight_is_answered(self):
        with server.connect() as connection:
            answer = connection.ask("/stream", {"Origin": "https://dashboard.example",
                                                "Access-Control-Request-Method": "GET"}, "OPTIONS")
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://dashboard.example")
        self.assertIn("GET", answer.headers["access-control-allow-methods"])

    def test_a_page_on_another_port_of_the_requested_host_may_read(self):
        for origin in ("http://127.0.0.1", "http://127.0.0.1:7125", "https://127.0.0.1:1"):
            for path in ("/snapshot", "/api/status", "/broken/snapshot"):
                _, headers, _ = server.get(path, {"Origin": origin})
                self.assertEqual(headers["Access-Control-Allow-Origin"], origin)
                self.assertIn("Origin", headers["Vary"])
            with harness.StreamReader(server.url, headers={"Origin": origin}) as reader:
                self.assertEqual(reader.headers["access-control-allow-origin"], origin)
            with server.connect() as connection:
                asked = {"Host": "127.0.0.1", "Origin": origin, "Access-Control-Request-Method": "GET"}
                answer = connection.ask("/stream", asked, "OPTIONS")
                self.assertEqual(answer.headers["access-control-allow-origin"], origin)

    def test_the_host_of_an_absolute_target_counts_for_origins(self):
        with harness.Ringcast("pattern", "--size", "640x360").wait_live() as other, other.connect() as connection:
            for origin, allowed in (("http://cam.local", "http://cam.local"), ("http://ringcast", None)):
                for method in ("GET", "OPTIONS"):
                    answer = connection.ask("http://cam.local:8080/snapshot", {"Origin": origin}, method)
                    self.assertEqual(answer.headers.get("access-control-allow-origin"), allowed)
                    self.assertEqual(answer.headers["vary"], "Origin")

    def test_the_first_refused_origin_is_logged_with_the_line_to_add(self):
        for origin in ("https://first.example", "https://second.example"):
            _, headers, _ = server.get("/snapshot", {"Origin": origin})
            self.assertNotIn("Access-Control-Allow-Origin", headers)
        self.assertIn('cors_origins = ["https://first.example"]', server.wait_log("first.example"))
        self.assertNotIn("second.example", server.log())

    def test_every_origin_may_be_allowed(self):
        with harness.configured('http.cors_origins = ["*"]\nstreams.pattern.source = "pattern"') as anyone:
            anyone.wait_live()
            _, headers, _ = anyone.get("/snapshot", {"Origin": "https://any.example"})
            self.assertEqual(headers["Access-Control-Allow-Origin"], "*")


class Admission(unittest.TestCase):
    def test_viewers_beyond_the_limit_are_refused_with_retry_after(self):
        with harness.configured('viewers.max = 1\nstreams.pattern.source = "pattern"') as small:
            small.wait_live()
            with harness.StreamReader(small.url) as first:
                first.part()
                status, headers, body = small.get("/stream")
                self.assertEqual((status, body), (503, b"too many viewers\n"))
                self.assertGreater(int(headers["Retry-After"]), 0)
                # The limit does not apply to requests other than streams.
                for other in ("/api/status", "/metrics", "/healthz", "/snapshot"):
                    self.assertEqual(small.get(other)[0], 200, other)
                self.assertEqual(small.status()["server"]["counters"]["connections_refused"], 1)
                small.wait_log("[viewers] max")
                first.part()
            with harness.StreamReader(small.wait_without_viewers().url) as second:
                second.part()


class ViewersBehindProxies(unittest.TestCase):
    """Three addresses: for everybody, and over TCP and a UNIX socket for proxies that send PROXY headers."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.socket_path = os.path.join(folder.name, "http.sock")
        cls.server = harness.configured(f"""
            [http]
            listen = ["127.0.0.1:0", {{ address = "127.0.0.2:0", proxy_protocol = true }},
                      {{ address = "unix:{cls.socket_path}", proxy_protocol = true }}]
            [access]
            trusted_proxies = ["127.0.0.1", "unix"]
            [viewers]
            max_per_address = 1
            [streams.pattern]
            source = "pattern"
            size = "320x240"
            """, listen=False).wait_live()
        cls.addClassCleanup(cls.server.stop)
        cls.proxied_url = re.search(r"http://127\.0\.0\.2:\d+", cls.server.log())[0]

    def setUp(self):
        self.server.wait_without_viewers()

    def forwarded(self, **headers):
        """A viewer at the address for everybody, from a peer that is a trusted proxy."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        reader = harness.StreamReader(self.server.url, headers=headers)
        self.addCleanup(reader.close)
        return reader

    def open(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        connected = socket.socket(family)
        connected.settimeout(harness.WAIT_SECONDS)
        connected.connect(address)
        self.addCleanup(connected.close)
        return harness.Connection(connected)

    def proxy_addresses(self):
        return (("127.0.0.2", int(self.proxied_url.rsplit(":", 1)[1])), self.socket_path)

    def listed(self):
        viewers = self.server.status()["viewers"]
        return sorted((viewer["address"], viewer["proxy"] and viewer["proxy"].split(":")[0]) for viewer in viewers)

    def test_the_limit_of_viewers_by_address_counts_the_clients_of_a_trusted_proxy(self):
        for name, value in (("X_Forwarded_For", "{}"), ("Forwarded", 'for="{}"')):
            with self.subTest(name), self.forwarded(**{name: value.format("203.0.113.7")}) as first:
                first.part()
                self.assertEqual(self.forwarded(**{name: value.format("203.0.113.7")}).status, 503)
                with self.forwarded(**{name: value.format("203.0.113.8")}) as other:
                    other.part()
                    self.assertEqual(self.listed(), [("203.0.113.7", "127.0.0.1"), ("203.0.113.8", "127.0.0.1")])
                first.part()
            self.server.wait_without_viewers()

    def test_a_client_can_not_choose_its_address_by_the_header_that_the_proxy_passes_on(self):
        with self.forwarded(X_Forwarded_For="10.9.9.9, 203.0.113.7") as first:
            first.part()
            self.assertEqual(self.forwarded(X_Forwarded_For="10.9.9.10, 203.0.113.7").status, 503)
        self.server.wait_without_viewers()
        with self.forwarded(X_Forwarded_For="203.0.113.7", Forwarded="for=127.0.0.1") as first:
            first.part()
            self.assertEqual(self.forwarded(X_Forwarded_For="203.0.113.8", Forwarded="for=127.0.0.1").status, 503)
            self.server.wait_log("name different clients")

    def test_a_proxy_header_tells_the_address_of_the_client(self):
        for address in self.proxy_addresses():
            with self.subTest(address), self.open(address) as viewer:
                for piece in (b"PROXY TCP4 203.0.113.7 192.0.2.1", b" 4711 80\r\nGET /str", b"eam HTTP/1.1\r\nHost: a\r\n\r\n"):
                    viewer.socket.sendall(piece)
                self.assertIn(b" 200 ", viewer.file.readline())
                proxy = "unix" if isinstance(address, str) else "127.0.0.1"
                self.assertEqual(self.listed(), [("203.0.113.7:4711", proxy)])
                # The peer is trusted, but not the address in the header, so its headers mean nothing.
                with self.open(address) as second:
                    second.socket.sendall(b"PROXY TCP4 203.0.113.7 192.0.2.1 4712 80\r\nGET /stream HTTP/1.1\r\nHost: a\r\n"
                                          b"X-Forwarded-For: 203.0.113.9\r\n\r\n")
                    self.assertEqual(second.answer().status, 503)
            self.server.wait_without_viewers()

    def test_curl_as_a_proxy_gets_pictures(self):
        harness.need("curl")
        for more in ((), ("--unix-socket", self.socket_path)):
            command = ["curl", "-sS", "--fail", "--max-time", str(harness.WAIT_SECONDS), "--haproxy-protocol", *more]
            jpeg = subprocess.run([*command, f"{self.proxied_url}/snapshot"], stdout=subprocess.PIPE, check=True).stdout
            harness.StampedFrame(jpeg)

    def test_a_connection_without_a_proxy_header_is_closed_without_an_answer(self):
        def counted():
            return self.server.status()["server"]["counters"]["bad_proxy_headers"]

        before = counted()
        for address in self.proxy_addresses():
            for beginning in (b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", b"PROXY TCP4 203.0.113.7\r\n", b"PROXY"):
                with self.subTest(address=address, beginning=beginning), self.open(address) as client:
                    client.socket.sendall(beginning)  # the last one is closed after its time-out
                    with contextlib.suppress(ConnectionResetError):
                        self.assertTrue(client.closed())
        self.assertEqual(counted(), before + 6)
        self.server.wait_log("does not begin with a PROXY header: let the proxy send one")


if __name__ == "__main__":
    harness.main()
