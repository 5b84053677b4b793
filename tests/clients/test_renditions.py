"""Smaller pictures of a stream: made while somebody watches, by name and by width."""

import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

import harness

PATTERN = '[streams.front]\nsource = "pattern"\nsize = "1280x720"\nfps = 10\n'
WALL = 'renditions = { wall = { size = "480x480", fps = 5, quality = 60 } }\n'


def block_of(jpeg):
    """(sequence, capture time in microseconds) that the picture shows."""
    width, height = harness.picture_size(jpeg)
    grey = subprocess.run(["ffmpeg", "-v", "error", "-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
                          input=jpeg, capture_output=True, check=True, timeout=harness.WAIT_SECONDS).stdout
    return harness.read_block(grey, width, height)


def locked_kilobytes(server):
    """Memory that is registered with io_uring."""
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"^VmPin:\s+(\d+) kB", text, re.M)[1])


def live_part(viewer):
    """The first one that shows the camera: while a machine is busy, "no signal" comes before."""
    return harness.wait_for(lambda: next((part for part in [viewer.part()] if "x-ringcast-signal" not in part.headers),
                                         None), "a picture of the source")


class RenditionTest(unittest.TestCase):
    def start(self, text=PATTERN):
        server = harness.configured(text)
        self.addCleanup(server.stop)
        return server.wait_live()

    def snapshot(self, server, query):
        status, headers, body = server.get(f"/front/snapshot{query}")
        self.assertEqual(status, 200, body)
        return headers, body


class Snapshots(RenditionTest):
    def test_each_size_shows_the_picture_of_its_capture_time(self):
        server = self.start(PATTERN + WALL)
        sizes = {"": (1280, 720), "?size=full": (1280, 720), "?size=half": (640, 360), "?size=quarter": (320, 180),
                 "?size=wall": (480, 270), "?width=481": (640, 360), "?width=480": (480, 270), "?width=2000": (1280, 720)}
        for query, size in sizes.items():
            with self.subTest(query=query):
                headers, body = self.snapshot(server, query)
                self.assertEqual(harness.picture_size(body), size)
                name = {640: "half", 320: "quarter", 480: "wall"}.get(size[0])
                self.assertEqual(headers["X-Ringcast-Rendition"], name)
                if size[0] in (1280, 640):  # its cells are whole blocks there
                    _, captured_us = block_of(body)
                    self.assertAlmostEqual(captured_us / 1e6, float(headers["X-Timestamp"]), delta=0.001)

    def test_a_wrong_size_is_refused_with_the_right_ones(self):
        server = self.start(PATTERN + WALL)
        for path in ("/front/snapshot?size=huge", "/front/stream?size=huge"):
            status, _, body = server.get(path)
            self.assertEqual((status, body), (400, b"size must be full, half, quarter or wall.\n"))
            with server.connect() as connection:
                self.assertEqual(connection.ask(path, method="HEAD").status, 400)
        status, _, body = server.get("/front/stream?width=0")
        self.assertEqual((status, body.split(b",")[0]),
                         (400, b"width must be a whole number of pixels from 1 to 65535"))


class Streams(RenditionTest):
    def test_frames_are_those_of_the_stream_in_its_order(self):
        server = self.start()
        with harness.StreamReader(server.url, "/front/stream?size=half") as viewer:
            parts = [live_part(viewer) for _ in range(10)]
        blocks = [block_of(part.body) for part in parts]
        self.assertTrue(harness.rising([sequence for sequence, _ in blocks]))
        for part, (_, captured_us) in zip(parts, blocks):
            self.assertEqual(part.headers["x-ringcast-rendition"], "half")
            self.assertAlmostEqual(captured_us / 1e6, float(part.headers["x-timestamp"]), delta=0.001)

    def test_ffmpeg_reads_it(self):
        server = self.start()
        read = subprocess.run(["ffmpeg", "-v", "error", "-i", f"{server.url}/front/stream?size=quarter", "-frames:v", "5",
                               "-f", "rawvideo", "-pix_fmt", "gray", "-"],
                              capture_output=True, check=True, timeout=harness.WAIT_SECONDS).stdout
        self.assertEqual(len(read), 5 * 320 * 180)

    def test_its_own_rate_is_not_exceeded(self):
        server = self.start(PATTERN + WALL)
        with harness.StreamReader(server.url, "/front/stream?size=wall") as viewer:
            times = [float(live_part(viewer).headers["x-timestamp"]) for _ in range(12)]
        between = sorted(b - a for a, b in zip(times, times[1:]))
        self.assertGreater(between[len(between) // 2], 0.15)

    def test_status_counts_it_and_its_memory_is_given_back(self):
        server = self.start()
        with harness.StreamReader(server.url, "/front/stream?size=half") as viewer:
            live_part(viewer)
            stream = server.stream_status()
            (half,) = stream["renditions"]
            self.assertEqual((half["name"], half["running"], half["viewers"], half["width"], half["height"]),
                             ("half", True, 1, 640, 360))
            self.assertEqual(stream["viewers"], 1)
            self.assertEqual(server.status()["viewers"][0]["rendition"], "half")
            watched = locked_kilobytes(server)
        harness.wait_for(lambda: not server.stream_status()["renditions"][0]["running"], "the end of the rendition",
                         2 * harness.WAIT_SECONDS)
        made = server.stream_status()["renditions"][0]["frames"]
        self.assertGreater(made, 0)
        self.snapshot(server, "")  # of the stream, which works on
        self.assertEqual(server.stream_status()["renditions"][0]["frames"], made)
        if watched > 1000:  # memory can be registered here
            # The kernel itself may have locked a page meanwhile, and may not any more.
            harness.wait_for(lambda: locked_kilobytes(server) < watched - 1000, "its memory to be given back")

    def test_it_says_when_the_stream_has_no_signal(self):
        server = harness.configured('[streams.front]\nsource = "exec"\ncommand = ["cat", "/dev/null"]\n')
        self.addCleanup(server.stop)
        with harness.StreamReader(server.url, "/front/stream?size=half") as viewer:
            part = viewer.part()
        self.assertEqual(part.headers["x-ringcast-signal"], "none")
        self.assertEqual(part.headers["x-ringcast-rendition"], "half")


class Reloads(RenditionTest):
    def test_renditions_come_and_go_and_the_source_is_not_touched(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "ringcast.toml")
            file.write_text(PATTERN)
            with harness.Ringcast("--config", file).wait_live() as server:
                self.assertEqual(server.get("/front/snapshot?size=wall")[0], 400)
                self.reload(server, file, PATTERN + WALL)
                with harness.StreamReader(server.url, "/front/stream?size=wall") as viewer:
                    first = live_part(viewer)
                    self.assertEqual(harness.picture_size(first.body), (480, 270))
                    self.reload(server, file, PATTERN + WALL.replace("480x480", "320x320"))
                    harness.wait_for(lambda: harness.picture_size(live_part(viewer).body) == (320, 180), "the new size")
                    self.reload(server, file, PATTERN)
                    harness.wait_for(lambda: harness.picture_size(live_part(viewer).body) == (1280, 720), "the full size")
                    last = live_part(viewer)
                self.assertGreater(float(last.headers["x-timestamp"]), float(first.headers["x-timestamp"]))
                self.assertEqual(server.stream_status()["source_counters"]["restarts"], 0)

    def reload(self, server, file, text):
        file.write_text(text)
        count = len(server.lines)
        server.process.send_signal(signal.SIGHUP)
        harness.wait_for(lambda: re.search("reload: done: ", "\n".join(server.lines[count:])), "the reload")
        self.assertIn("stream front: its renditions, or who is moved between them, have changed", "\n".join(server.lines[count:]))


if __name__ == "__main__":
    harness.main()
