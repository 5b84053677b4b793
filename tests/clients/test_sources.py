"""Sources other than cameras: programs, standard input and files, including their failures."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness

SECRET = "rtsp-password"


def setUpModule():
    """Gets sample frames from the test pattern. They are stamped, so that the tests detect
    damage."""
    global frames, large_frame
    with harness.Ringcast("pattern", "--size", "320x240").wait_live() as server:
        with harness.StreamReader(server.url) as reader:
            frames = [reader.part().body for _ in range(20)]
    with harness.Ringcast("pattern", "--size", "1920x1080", "--quality", 95).wait_live() as server:
        large_frame = server.get("/snapshot")[2]
    assert len(large_frame) > 64 * 1024 > len(frames[0])


def scene(size="640x360", more=()):
    return ["ffmpeg", "-hide_banner", "-loglevel", "error", "-re", *more, "-f", "lavfi",
            "-i", f"testsrc2=size={size}:rate=30", "-pix_fmt", "yuvj420p", "-q:v", "5", "-f", "mjpeg", "-"]


def stream_of(**keys):
    """A configuration with one stream whose memory slots are too small for large_frame."""
    lines = ['memory.frame_max = "64KiB"', "[streams.printer]"]
    return "\n".join(lines + [f"{key} = {toml(value)}" for key, value in keys.items()])


def toml(value):
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def group_members(group):
    """Process ids of the members of a process group, except zombies."""
    members = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue  # ended meanwhile
        if int(pgrp) == group and state != "Z":
            members.append(int(stat.parent.name))
    return members


def next_part(reader, placeholder):
    """The next part that is, or is not, a "no signal" picture. Skips at most 100 others."""
    for _ in range(100):
        part = reader.part()
        if part.headers.get("x-ringcast-signal") == "none":
            if placeholder:
                return part
        elif not placeholder:
            return part
    raise AssertionError("received 100 parts of the wrong kind")


def segments(jpeg):
    """A list of (code, bytes) of the segments before the first scan, and the remaining bytes."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        found.append((jpeg[at + 1], jpeg[at:end]))
        at = end
    return found, jpeg[at:]


def segment(code, content):
    return bytes([0xFF, code]) + (len(content) + 2).to_bytes(2, "big") + content


class Repair(unittest.TestCase):
    def test_missing_huffman_tables_are_inserted_and_thumbnails_are_removed(self):
        with harness.Ringcast("pattern", "--size", "320x240").wait_live() as server:
            good = server.get("/snapshot")[2]
        header, data = segments(good)
        start, huffman_tables = good[:2], 0xC4
        bare = b"".join(content for code, content in header if code != huffman_tables)
        tables = b"".join(content[4:] for code, content in header if code == huffman_tables)
        exif = b"Exif\0\0" + good
        film = start + bare + data + start + segment(0xE1, exif) + good[2:] + good
        expected = {start + segment(huffman_tables, tables) + bare + data, good}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "camera.mjpeg")
            path.write_bytes(film)
            play = ["sh", "-c", f"while cat {path}; do sleep 0.03; done"]
            for source in ({"source": "file", "path": str(path)}, {"source": "exec", "command": play}):
                with harness.configured(stream_of(**source)) as server:
                    with harness.StreamReader(server.wait_live().url) as reader:
                        bodies = [reader.part().body for _ in range(12)]
                    counters = server.stream_status()["source_counters"]
                self.assertEqual(set(bodies), expected)
                self.assertGreaterEqual(counters["frames_repaired"], 4)
                self.assertEqual(counters["frames_damaged"], 0)


class Exec(unittest.TestCase):
    def test_a_moving_scene_from_ffmpeg_is_streamed(self):
        harness.need("ffmpeg")
        with harness.configured(stream_of(source="exec", command=scene())) as server:
            with harness.StreamReader(server.wait_live().url) as reader:
                parts = [reader.part() for _ in range(60)]
            status = server.stream_status()
        for part in parts:
            self.assertTrue(part.body.startswith(b"\xff\xd8") and part.body.endswith(b"\xff\xd9"))
        self.assertEqual(len({part.body for part in parts}), 60)
        self.assertTrue(harness.rising([float(part.headers["x-timestamp"]) for part in parts]))
        self.assertEqual((status["width"], status["height"]), (640, 360))
        self.assertNotIn(" warning ", server.log())
        for lost in ("frames_damaged", "frames_oversized", "frames_dropped", "bytes_skipped", "restarts"):
            self.assertEqual(status["source_counters"][lost], 0, lost)

    def test_a_killed_program_is_restarted_and_viewers_stay_connected(self):
        harness.need("ffmpeg")
        with harness.configured(stream_of(source="exec", command=scene())) as server:
            with harness.StreamReader(server.wait_live().url) as reader:
                next_part(reader, placeholder=False)
                (child,) = server.children()
                os.kill(child, signal.SIGKILL)
                placeholder = next_part(reader, placeholder=True)
                self.assertIn(b"\xff\xc0\x00\x11\x08" + (360).to_bytes(2, "big") + (640).to_bytes(2, "big"),
                              placeholder.body)
                next_part(reader, placeholder=False)
            self.assertEqual(server.stream_status()["source_counters"]["restarts"], 1)
            self.assertNotEqual(server.children(), [child])
            self.assertIn("signal KILL", server.wait_log("the program ended"))
            server.wait_log("the picture is back")
            self.assertEqual(server.log().count("starting again in"), 1)

    def test_a_program_that_hangs_is_restarted_with_the_reason_in_status_log_and_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            picture = pathlib.Path(folder, "picture.jpg")
            picture.write_bytes(frames[0])
            command = ["sh", "-c", f"cat {picture}; echo stuck >&2; exec sleep 1000"]
            with harness.configured(stream_of(source="exec", command=command, timeout="1s")) as server:
                with harness.StreamReader(server.wait_live().url) as reader:
                    (child,) = server.children()
                    # The second patience is longer, because there had been a frame.
                    for patience in (1, 2):
                        next_part(reader, placeholder=False)
                        server.wait_log(f"no frame from the program for {patience} s; starting again in")
                        next_part(reader, placeholder=True)
                    next_part(reader, placeholder=False)
                self.assertGreaterEqual(server.stream_status()["source_counters"]["restarts"], 2)
                self.assertIn("its last output: stuck", server.log())
                self.assertFalse(os.path.exists(f"/proc/{child}"))

    def test_the_reason_of_a_silent_program_is_in_status_and_snapshot(self):
        command = ["sh", "-c", "while echo no JPEG; do sleep 0.05; done"]
        with harness.configured(stream_of(source="exec", command=command, timeout="1s")) as server:
            reason = "no frame from the program for 1 s, only data that is not JPEG"
            harness.wait_for(lambda: reason in (server.stream_status()["reason"] or ""), "the reason in the status")
            harness.wait_for(lambda: reason in server.get("/snapshot")[2].decode("latin-1"), "the reason in the answer")

    def test_the_error_for_a_missing_program_names_its_package_and_hides_its_arguments(self):
        environment = {**os.environ, "PATH": "/nonexistent"}
        command = ["ffmpeg", "-i", f"rtsp://camera/{SECRET}"]
        with harness.configured(stream_of(source="exec", command=command), env=environment) as server:
            self.assertIn("package ffmpeg", server.wait_log("not found"))
            server.wait_state("lost")
            with harness.StreamReader(server.url) as reader:
                next_part(reader, placeholder=True)
            answers = [server.get(path)[2].decode() for path in ("/snapshot", "/healthz?stream=printer", "/state",
                                                                 "/api/status", "/metrics", "/")]
            self.assertIn("not found", answers[0])
            self.assertNotIn(SECRET, "".join(answers) + server.log())

    def test_the_last_lines_of_a_failed_program_are_logged(self):
        words = 'for i in 1 2 3 4 5 6 7; do echo "word $i" >&2; done; exit 3'
        with harness.configured(stream_of(source="exec", command=["sh", "-c", words])) as server:
            last = server.wait_log("word 7")
            server.wait_state("lost")
            self.assertEqual(re.findall(r"word (\d)", server.log())[:5], ["3", "4", "5", "6", "7"])
            self.assertIn("its last output", last)
            self.assertIn("exit status 3", server.wait_log("the program ended"))
            self.assertNotIn("word", server.get("/snapshot")[2].decode())

    def test_error_output_of_a_running_program_is_logged_at_debug_level(self):
        command = ["sh", "-c", "echo hello >&2; exec sleep 1000"]
        with harness.configured(stream_of(source="exec", command=command), "--log-level", "debug") as server:
            self.assertIn("debug", server.wait_log("hello").lower())

    def test_a_program_inherits_three_descriptors_and_no_signal_settings(self):
        with harness.configured(stream_of(source="exec", command=["sleep", "1000"])) as server:
            (child,) = harness.wait_for(server.children, "the program")
            name = pathlib.Path(f"/proc/{child}/comm")
            harness.wait_for(lambda: name.read_text() == "sleep\n", "the exec of sleep")
            folder = pathlib.Path(f"/proc/{child}/fd")
            # While it starts, the program opens further files and closes them again.
            harness.wait_for(lambda: {entry.name for entry in folder.iterdir()} == set("012"), "three descriptors")
            blocked = re.search(r"SigBlk:\s+(\w+)", pathlib.Path(f"/proc/{child}/status").read_text())[1]
            ignored = re.search(r"SigIgn:\s+(\w+)", pathlib.Path(f"/proc/{child}/status").read_text())[1]
            self.assertEqual(os.readlink(folder / "0"), "/dev/null")
        self.assertEqual((int(blocked, 16), int(ignored, 16)), (0, 0))

    def test_a_program_that_ignores_sigterm_and_its_children_end_with_ringcast(self):
        script = "trap '' TERM; sleep 987 & echo started >&2; wait; sleep 987"
        command = ["bash", "-c", script]
        with harness.configured(stream_of(source="exec", command=command), "--log-level", "debug") as server:
            server.wait_log("started")
            (child,) = server.children()
            self.assertEqual(server.stop(), 0)
        # The kernel ends the processes asynchronously; zombies don't count.
        harness.wait_for(lambda: not group_members(child), "the end of the program's group")


class ByteStreams(unittest.TestCase):
    """Byte sequences that the test writes, as the output of a source's program."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.pipe = harness.Pipe(self.folder.name)
        self.addCleanup(self.pipe.close)
        self.server = harness.configured(stream_of(source="exec", command=["cat", self.pipe.path]))
        self.addCleanup(self.server.stop)

    def counters(self):
        return self.server.stream_status()["source_counters"]

    def test_garbage_and_damaged_and_oversized_frames_are_skipped_and_counted(self):
        self.pipe.write(frames[0])
        garbage = b"GET / HTTP/1.1\r\n" * 100
        truncated = frames[2][: len(frames[2]) // 2]
        with harness.StreamReader(self.server.wait_live().url) as reader:
            self.assertEqual(reader.part().body, frames[0])
            for number, disturbance in enumerate((garbage, truncated, large_frame, b"\xff", b"\xff\xd8\xff\xd8"), 1):
                self.pipe.write(disturbance + frames[number])
                self.assertEqual(reader.part().body, frames[number])
        counters = self.counters()
        self.assertEqual(counters["frames"], 6)
        self.assertEqual(counters["frames_oversized"], 1)
        self.assertGreaterEqual(counters["frames_damaged"], 1)
        self.assertGreaterEqual(counters["bytes_skipped"], len(garbage))
        self.assertEqual(self.server.stream_status()["state"], "live")
        for logged in ("not JPEG", "damaged", "frame_max"):
            self.server.wait_log(logged)

    def test_when_all_frames_are_too_large_the_reason_names_the_setting_to_raise(self):
        self.pipe.write(frames[0])
        with harness.StreamReader(self.server.wait_live().url) as reader:
            reader.part()

            def reason_after_a_large_frame():
                self.pipe.write(large_frame)
                reason = self.server.stream_status()["reason"] or ""
                return "frame_max" in reason and reason

            reason = harness.wait_for(reason_after_a_large_frame, "the reason")
            next_part(reader, placeholder=True)
            self.assertIn("64 KiB", reason)
            self.assertRegex(reason, r"[1-9]\d\d(\.\d)? KiB")  # the frame's size
            # One frame that fits restores the signal.
            self.pipe.write(frames[1])
            self.assertEqual(next_part(reader, placeholder=False).body, frames[1])
        self.assertEqual(sum("was skipped, because it is larger than frame_max" in line for line in self.server.lines), 1)

    def test_frames_in_pieces_of_any_size_arrive_whole(self):
        self.pipe.write(frames[0])
        with harness.StreamReader(self.server.wait_live().url) as reader:
            reader.part()
            for frame in frames[1:]:
                for at in range(0, len(frame), 997):
                    self.pipe.write(frame[at : at + 997])
                self.assertEqual(reader.part().body, frame)

    def test_a_silent_source_shows_no_signal_until_its_next_frame(self):
        self.pipe.write(frames[0])
        with harness.StreamReader(self.server.wait_live().url) as reader:
            reader.part()
            next_part(reader, placeholder=True)
            self.assertEqual(self.server.get("/healthz?stream=printer")[0], 503)
            self.pipe.write(frames[1])
            self.assertEqual(next_part(reader, placeholder=False).body, frames[1])
        self.assertEqual(self.server.get("/healthz?stream=printer")[0], 200)


class StandardInput(unittest.TestCase):
    def test_a_stream_from_a_pipe_ends_ringcast_when_ffmpeg_ends(self):
        harness.need("ffmpeg")
        producer = subprocess.Popen(scene(), stdout=subprocess.PIPE)
        server = harness.Ringcast("-", stdin=producer.stdout)
        producer.stdout.close()
        with harness.StreamReader(server.wait_live().url) as reader:
            for _ in range(20):
                self.assertNotIn("x-ringcast-signal", reader.part().headers)
            ended = time.monotonic()
            producer.terminate()
            producer.wait()
            next_part(reader, placeholder=True)
            self.assertEqual(server.stream_status()["reason"], "input ended")
            with self.assertRaises(EOFError):
                while True:
                    reader.part()
        self.assertEqual(server.wait_ended(), 0)
        self.assertGreater(time.monotonic() - ended, 5)

    def test_the_end_of_standard_input_does_not_end_other_streams(self):
        text = "[streams.input]\nsource = \"stdin\"\n[streams.pattern]\nsource = \"pattern\"\nfps = 10\n"
        with harness.configured(text, stdin=subprocess.PIPE) as server:
            server.process.stdin.buffer.write(frames[0])
            server.process.stdin.close()
            harness.wait_for(lambda: server.stream_status()["reason"] == "input ended", "the input's end")
            with harness.StreamReader(server.url, "/pattern/stream") as reader:
                for _ in range(70):  # 7 s: without other streams ringcast would end after 5 s
                    reader.part()
            self.assertEqual(server.stop(), 0)

    def test_input_without_a_frame_ends_ringcast_with_what_was_seen(self):
        for content, seen in ((b"", "standard input ended without a byte"),
                              (b"\x89PNG\r\n\x1a\n" + bytes(5000), "standard input is PNG, not JPEG; to show it:"),
                              (frames[0][:-50], "standard input ended without a whole JPEG")):
            done = subprocess.run([harness.binary(), "-", "--listen", "127.0.0.1:0"], input=content,
                                  capture_output=True, timeout=harness.WAIT_SECONDS, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"stream stdin: {seen}", done.stderr.decode())

    def test_a_non_blocking_pipe_works(self):
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        with harness.Ringcast("-", stdin=reading) as server:
            os.close(reading)
            for frame in frames[:3]:
                os.write(writing, frame)
                harness.wait_for(lambda f=frame: server.get("/snapshot?max_age_ms=10000")[2] == f, "the frame")
            os.close(writing)

    def test_a_producer_that_is_faster_than_its_viewers_is_not_slowed_down(self):
        harness.need("ffmpeg")
        # Without -re ffmpeg produces frames as fast as it can, far beyond 30 frames/s.
        command = [word for word in scene("320x240", ("-t", "20")) if word != "-re"]
        producer = subprocess.Popen(command, stdout=subprocess.PIPE)
        with harness.Ringcast("-", stdin=producer.stdout) as server:
            producer.stdout.close()
            with harness.StreamReader(server.wait_live().url):  # never reads
                began = time.monotonic()
                producer.wait(harness.WAIT_SECONDS)
                self.assertLess(time.monotonic() - began, 15)
            harness.wait_for(lambda: server.stream_status()["source_counters"]["frames"] == 600, "all frames")


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix=SECRET)
        self.addCleanup(self.folder.cleanup)

    def path(self, *names):
        return pathlib.Path(self.folder.name, *names)

    def next_body(self, reader, wanted):
        for _ in range(200):
            body = reader.part().body
            harness.StampedFrame(body)
            if body == wanted:
                return
        self.fail("the picture did not arrive within 200 frames")

    def test_a_recording_plays_at_30_frames_per_second_and_repeats(self):
        self.path("a.mjpeg").write_bytes(b"".join(frames))

        def play():
            with harness.Ringcast(self.path("a.mjpeg")).wait_live() as server:
                with harness.StreamReader(server.url) as reader:
                    parts = [reader.part() for _ in range(61)]
            places = [frames.index(part.body) for part in parts]
            self.assertTrue(all(b == (a + 1) % len(frames) for a, b in zip(places, places[1:])), places)
            times = [float(part.headers["x-timestamp"]) for part in parts]
            self.assertAlmostEqual(60 / (times[-1] - times[0]), 30, delta=2)

        harness.retried(play)

    def test_a_recording_plays_at_another_rate(self):
        self.path("a.mjpeg").write_bytes(b"".join(frames))

        def play():
            with harness.Ringcast(self.path("a.mjpeg"), "--fps", 100).wait_live() as server:
                with harness.StreamReader(server.url) as reader:
                    times = [float(reader.part().headers["x-timestamp"]) for _ in range(101)]
            self.assertAlmostEqual(100 / (times[-1] - times[0]), 100, delta=20)  # and not 30

        harness.retried(play)

    def test_a_rewritten_picture_is_shown_once_it_is_complete(self):
        picture = self.path("a.jpg")
        picture.write_bytes(frames[0])
        with harness.Ringcast(picture, "--fps", 20).wait_live() as server:
            with harness.StreamReader(server.url) as reader:
                self.next_body(reader, frames[0])
                with open(picture, "wb", buffering=0) as file:
                    file.write(frames[1][:1000])
                    harness.wait_for(lambda: server.stream_status()["source_counters"]["frames_damaged"],
                                     "ringcast to read the incomplete file")
                    # The incomplete picture is not shown.
                    self.assertEqual(server.get("/snapshot?max_age_ms=60000")[2], frames[0])
                    file.write(frames[1][1000:])
                self.next_body(reader, frames[1])
                self.path("new").write_bytes(frames[2])
                os.replace(self.path("new"), picture)
                self.next_body(reader, frames[2])

    def test_a_folder_plays_in_order_and_includes_new_files(self):
        folder = self.path("slides")
        folder.mkdir()
        for number in range(3):
            (folder / f"{number}.jpg").write_bytes(frames[number])
        (folder / "notes.txt").write_text("no picture")
        with harness.Ringcast(folder, "--fps", 20).wait_live() as server:
            with harness.StreamReader(server.url) as reader:

                def in_order():
                    places = [frames.index(reader.part().body) for _ in range(7)]
                    self.assertTrue(all(b == (a + 1) % 3 for a, b in zip(places, places[1:])), places)

                harness.retried(in_order)  # a viewer that reads too late misses frames
                self.path("new.jpg").write_bytes(frames[3])
                os.replace(self.path("new.jpg"), folder / "9.jpg")
                self.next_body(reader, frames[3])

    def test_a_missing_file_is_reported_without_its_path_and_shown_once_it_exists(self):
        path = self.path("later.jpg")
        with harness.configured(stream_of(source="file", path=path)) as server:
            harness.wait_for(lambda: server.stream_status()["reason"] == "the file is missing", "the reason")
            answers = [server.get(path)[2].decode() for path in ("/snapshot", "/api/status", "/metrics", "/")]
            self.assertNotIn(SECRET, "".join(answers))
            path.write_bytes(frames[0])
            server.wait_live()
            shutil.rmtree(self.folder.name)
            server.wait_state("lost")
            os.mkdir(self.folder.name)


class Cameras(unittest.TestCase):
    """Camera streams on a machine without the camera. Tests with an emulated camera are in
    tests/vm."""

    CONFIGURATION = """
[streams.front]
source = "libcamera"
camera = "no such camera of ours"

[streams.pattern]
source = "pattern"
size = "320x240"
"""

    def wait_for_reason(self, server):
        """Waits until the reason mentions the camera: until libcamera has started, the stream may
        report only that no frame has arrived."""
        harness.wait_for(lambda: "camera" in (server.stream_status()["reason"] or ""), "the reason")
        server.wait_live(1)

    def test_a_missing_camera_is_reported_and_does_not_stop_other_streams(self):
        with harness.configured(self.CONFIGURATION) as server:
            self.wait_for_reason(server)
            status, _, body = server.get("/front/snapshot")
            self.assertEqual(status, 503)
            self.assertIn(b"camera", body)

    def test_only_streams_of_cameras_have_controls(self):
        with harness.configured(self.CONFIGURATION) as server:
            self.wait_for_reason(server)
            status, headers, body = server.get("/front/controls")
            self.assertEqual((status, headers["retry-after"] is None), (503, False))
            self.assertIn(b"camera", body)
            status, _, body = server.get("/pattern/controls")
            self.assertEqual(status, 404)
            self.assertIn(b"Stream pattern is no camera.", body)


if __name__ == "__main__":
    harness.main()
