"""Events that a camera source has to handle: unplugging, a second camera, bad frames, stalled
viewers. Each test uses an emulated camera, the kernel's driver, libcamera, and viewers over a
network card."""

import contextlib
import socket
import time
import unittest

import guest
import harness

FPS = 15
FRONT = '[streams.front]\nsource = "libcamera"\ncamera = "front camera"\nfps = 15\n'
SIDE = '[streams.side]\nsource = "libcamera"\ncamera = "side camera"\nfps = 15\n'
# A stream sends a part at least once a second.
PART_SECONDS_MAX = 30


def is_live(part):
    return "x-ringcast-signal" not in part.headers


def next_part(reader, matches):
    """The next part for which `matches(part)` is true."""
    return harness.wait_for(lambda: matches(part := reader.part()) and part, "a matching part", PART_SECONDS_MAX)


def live_frames(reader, count):
    return [harness.StampedFrame(next_part(reader, is_live).body) for _ in range(count)]


def camera_counters(server, index=0):
    return server.stream_status(index)["camera"]["counters"]


class CameraTest(unittest.TestCase):
    def setUp(self):
        self.guest = guest.running()

    def camera(self, *options, **others):
        camera = self.guest.camera("--fps", FPS, *options, **others)
        # Free the port for the next test even if this one fails.
        self.addCleanup(camera.unplug)
        return camera


class Hotplug(CameraTest):
    BACK_SECONDS_MAX = 2

    def plugged_in_at(self):
        """When the current camera's device appeared, by the guest's clock."""
        return float(self.guest.run("sh", "-c", "stat -c %.9W /dev/video* | sort | head -n 1"))

    def test_viewers_stay_connected_while_the_camera_is_unplugged(self):
        camera = self.camera()
        with self.guest.configured(FRONT) as server, harness.StreamReader(server.wait_live().url) as reader:

            def replug():
                nonlocal camera
                next_part(reader, is_live)
                camera.unplug()
                next_part(reader, lambda part: not is_live(part))
                self.assertEqual(server.stream_status()["reason"], "the camera has been unplugged")
                camera = self.camera()
                part = next_part(reader, is_live)
                self.assertLess(float(part.headers["x-timestamp"]) - self.plugged_in_at(), self.BACK_SECONDS_MAX)

            harness.retried(replug)
            live_frames(reader, FPS)
            self.assertEqual(server.status()["server"]["counters"]["requests"]["stream"], 1)

    def test_plugging_in_another_camera_does_not_disturb_the_first(self):
        with self.camera() as front, self.guest.configured(FRONT + SIDE) as server:
            server.wait_live(0)
            with harness.StreamReader(server.url, "/front/stream") as reader:
                before = live_frames(reader, 1)[0].sequence
                with self.camera(port=1, product="side camera") as side:
                    server.wait_live(1)
                    with harness.StreamReader(server.url, "/side/stream") as other:
                        seen = {frame.sequence for frame in live_frames(other, FPS)}
                    self.assertLessEqual(seen, {frame.sequence for frame in side.sent()})
                    live_frames(reader, FPS)
                server.wait_state("lost", 1)
                after = live_frames(reader, FPS)[-1].sequence
            self.assertEqual(camera_counters(server)["opened"], 1)
            sent = [frame.sequence for frame in front.sent()]
            self.assertEqual([number for number in sent if before <= number <= after], [*range(before, after + 1)])


class SharedCamera(CameraTest):
    # The second stream retries after 1 s, 2 s, and then every 4 s, so at least once in this time.
    SECONDS = 5

    def test_a_second_stream_of_one_camera_does_not_disturb_the_first(self):
        with self.camera(), self.guest.configured(FRONT + FRONT.replace("front]", "again]")) as server:
            first = harness.wait_for(lambda: self.live(server), "a picture")[0]
            second = 1 - first
            harness.wait_for(lambda: "in use" in (server.stream_status(second)["reason"] or ""), "the reason")
            name = server.stream_status(first)["name"]

            def watch():
                before = camera_counters(server, first)
                with harness.StreamReader(server.url, f"/{name}/stream") as reader:
                    sequences = [frame.sequence for frame in live_frames(reader, FPS * self.SECONDS)]
                self.assertTrue(harness.rising(sequences), sequences)
                self.assertEqual(camera_counters(server, first)["driver_dropped"], before["driver_dropped"])

            harness.retried(watch)  # a machine that pauses for a moment drops frames too
            self.assertEqual(camera_counters(server, first)["opened"], 1)

    def live(self, server):
        return [index for index, stream in enumerate(server.status()["streams"]) if stream["state"] == "live"]


class BadFrames(CameraTest):
    # A high rate, because only half of the frames are good.
    FPS = 30
    FRAMES = 60

    def test_bad_frames_reach_no_viewer_and_timestamps_increase(self):
        # After a frame with the error bit uvcvideo refills the same buffer, and libcamera then
        # returns frames in the order of buffers, such as 0 1 6 3 4 7.
        configuration = FRONT
        with (
            self.guest.camera("--fps", FPS, "--error-every", 3, "--truncate-every", 4) as camera,
            self.guest.configured(configuration) as server,
        ):
            with harness.StreamReader(server.wait_live().url) as reader:
                parts = [next_part(reader, is_live) for _ in range(self.FRAMES)]
            sequences = [harness.StampedFrame(part.body).sequence for part in parts]
            bad = {frame.sequence for frame in camera.sent() if frame.marks}
            counted = server.stream_status()
        self.assertTrue(harness.rising(sequences), sequences)
        self.assertTrue(harness.rising([float(part.headers["x-timestamp"]) for part in parts]))
        self.assertFalse(bad.intersection(sequences))
        self.assertGreater(counted["source_counters"]["frames_damaged"], 0)
        counters = counted["camera"]["counters"]
        # The driver drops bad frames, which leaves gaps in its sequence numbers.
        self.assertGreater(counters["driver_dropped"] + counters["out_of_order"], 0)


class Starvation(CameraTest):
    VIEWERS = 8
    SECONDS = 10
    # Frames that the camera has sent and ringcast has not seen yet: one per buffer at most.
    UNDER_WAY_MAX = 4
    # Longer than this test, so that no stalled viewer is disconnected.
    LONG_STALL_TIMEOUT = '[viewers]\nstall_timeout = "60s"\n'

    def stalled_viewer(self, server):
        viewer = socket.socket()
        self.addCleanup(viewer.close)
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        viewer.connect(("127.0.0.1", server.port))
        viewer.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        return viewer

    def frames_received(self, server):
        """Frames that the driver has captured or dropped."""
        counters = camera_counters(server)
        return counters["captured"] + counters["driver_dropped"]

    def test_stalled_viewers_do_not_stop_the_camera(self):
        with self.camera() as camera, self.guest.configured(self.LONG_STALL_TIMEOUT + FRONT) as server:
            server.wait_live()
            viewers = []
            for _ in range(self.VIEWERS):
                # One frame apart, so that each holds a different frame.
                viewers.append(self.stalled_viewer(server))
                time.sleep(1 / FPS)
            # Retried, because a machine that pauses for a moment drops frames too.
            harness.retried(lambda: self.watch_stalled(server, camera))
            self.assertEqual(len(server.status()["viewers"]), self.VIEWERS)
            for viewer in viewers:
                viewer.close()
            harness.wait_for(lambda: not server.status()["viewers"], "all viewers to disconnect")
            harness.retried(lambda: self.assert_not_copied_any_more(server))

    def look(self, server, camera):
        """ringcast's camera counters, and the numbers of frames that the camera had sent before and
        after they were read."""
        before = len(camera.sent())
        return camera_counters(server), before, len(camera.sent())

    def watch_stalled(self, server, camera):
        """Checks for SECONDS that ringcast captures every frame."""
        goal = self.frames_received(server) + self.SECONDS * FPS
        begin, sent_before_begin, sent_after_begin = self.look(server, camera)
        harness.wait_for(lambda: self.frames_received(server) >= goal, "the camera's frames")
        end, sent_before_end, sent_after_end = self.look(server, camera)
        captured = end["captured"] - begin["captured"]
        self.assertGreaterEqual(captured, sent_before_end - sent_after_begin - self.UNDER_WAY_MAX)
        self.assertLessEqual(captured, sent_after_end - sent_before_begin + self.UNDER_WAY_MAX)
        self.assertEqual(end["driver_dropped"], begin["driver_dropped"])
        self.assertGreater(end["copied_under_pressure"], begin["copied_under_pressure"])

    def assert_not_copied_any_more(self, server):
        with harness.StreamReader(server.url) as reader:
            live_frames(reader, 2)
            before = camera_counters(server)
            live_frames(reader, 3 * FPS)
            after = camera_counters(server)
        self.assertEqual(after["copied_under_pressure"], before["copied_under_pressure"])
        self.assertGreaterEqual(after["lent"] - before["lent"], 3 * FPS)


class Rate(CameraTest):
    FRAMES = 12

    def test_frames_beyond_the_configured_rate_are_skipped(self):
        # The camera's lowest rate is 5 frames/s.
        with self.camera(), self.guest.configured(FRONT.replace("fps = 15", "fps = 2")) as server:
            with harness.StreamReader(server.wait_live().url) as reader:
                parts = [next_part(reader, is_live) for _ in range(self.FRAMES)]
            counters = camera_counters(server)
        sequences = [harness.StampedFrame(part.body).sequence for part in parts]
        self.assertGreaterEqual(sequences[-1] - sequences[0], 2 * (self.FRAMES - 1))
        # The camera was set from 15 to 5 frames/s: its frames in between were at most that many.
        self.assertLess(sequences[-1] - sequences[0], 5 * (self.FRAMES - 1))
        seconds = float(parts[-1].headers["x-timestamp"]) - float(parts[0].headers["x-timestamp"])
        self.assertGreater(seconds, 0.9 * (self.FRAMES - 1) / 2)
        self.assertGreaterEqual(counters["skipped_for_rate"], self.FRAMES - 1)
        self.assertEqual(counters["driver_dropped"], 0)


class RawFormat(CameraTest):
    FRAMES = 20
    SIZE = (640, 480)
    HEAP = "/dev/dma_heap/vidbuf_cached"

    def make_heap(self):
        """Creates the device of the dma-heap for cameras as on Raspberry Pi OS, as another name of
        the system heap. The emulated camera can use that heap, because its driver writes by the
        processor."""
        numbers = self.guest.run("stat", "-c", "0x%t 0x%T", "/dev/dma_heap/system").split()
        self.guest.run("mknod", self.HEAP, "c", *(int(number, 16) for number in numbers))
        self.addCleanup(self.guest.run, "rm", self.HEAP)

    def dmabufs(self):
        """The names of the exporters of all dmabufs that are open in the guest."""
        text = self.guest.run("sh", "-c", "cat /proc/[0-9]*/fdinfo/* 2>/dev/null || true")
        return {line.split()[1] for line in text.splitlines() if line.startswith("exp_name:")}

    def test_raw_pictures_are_encoded_while_somebody_watches(self):
        with self.encoded_as_sent() as server:
            camera = server.stream_status()["camera"]
            self.assertEqual(camera["memory"], "libcamera")
            self.assertEqual(camera["memory_reason"], "this system has no dma-heap for cameras")
            self.assertNotIn("system", self.dmabufs())

    def test_raw_pictures_are_captured_into_a_dma_heap_for_cameras(self):
        self.make_heap()
        with self.encoded_as_sent() as server:
            camera = server.stream_status()["camera"]
            self.assertEqual(camera["memory"], "vidbuf_cached")
            self.assertIsNone(camera["memory_reason"])
            self.assertEqual(self.dmabufs(), {"system"})

    @contextlib.contextmanager
    def encoded_as_sent(self):
        """Yields a server that streams a raw camera, while a viewer reads; then checks the
        pictures."""
        width, height = self.SIZE
        with self.guest.camera("--fps", 10, mjpeg=[], yuyv=[f"{width}x{height}"]) as camera:
            with self.guest.configured(FRONT.replace("15", "10")) as server:
                server.wait_state("resting")  # without viewers nothing is encoded
                self.assertEqual(camera_counters(server)["encoded"], 0)
                with harness.StreamReader(server.url) as reader:
                    jpegs = [next_part(reader, is_live).body for _ in range(self.FRAMES)]
                    yield server
                self.assertEqual(server.stream_status()["camera"]["tier"], "encoded")
                self.assertGreaterEqual(camera_counters(server)["encoded"], self.FRAMES)
            sent = {frame.sequence: frame.captured_ns // 1000 for frame in camera.sent()}
        blocks = [harness.read_block(picture, width, height) for picture in guest.decode(jpegs, "gray")]
        self.assertNotIn(None, blocks)
        self.assertTrue(harness.rising([sequence for sequence, _ in blocks]))
        for sequence, captured_us in blocks:
            self.assertEqual(captured_us, sent[sequence])
        self.assert_bars(guest.decode(jpegs[-1:], "rgb24")[0])

    def assert_bars(self, picture):
        width, height = self.SIZE
        bar = width // len(guest.BARS)
        for index, colour in enumerate(guest.BARS):
            begin = 3 * ((height - 10) * width + index * bar + bar // 2)
            self.assertEqual(tuple(int(channel >= 128) for channel in picture[begin : begin + 3]), colour)


if __name__ == "__main__":
    harness.main()
