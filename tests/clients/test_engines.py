"""Which engine serves, and that the one on epoll serves from every kind of source where a container refuses
io_uring. The suites of HTTP, readers and the browser run on it as a whole."""

import fcntl
import os
import pathlib
import subprocess
import tempfile
import unittest

import harness
import seccomp_filter

PATTERN = ("pattern", "--size", "320x240")


def refused(error):
    return {"preexec_fn": lambda: seccomp_filter.refuse_io_uring(error)}


def engine_of(server):
    _, _, metrics = server.get("/metrics")
    engine = server.status()["server"]["engine"]
    assert f'ringcast_engine_info{{engine="{engine}"}} 1' in metrics.decode(), metrics
    return engine


class Choice(unittest.TestCase):
    def test_where_a_container_refuses_io_uring_epoll_serves_and_the_log_has_the_reason_once(self):
        for error, reason in ((seccomp_filter.DOCKER, "io_uring is blocked"),
                              (seccomp_filter.PODMAN, "io_uring is not available")):
            with self.subTest(error=error), harness.Ringcast(*PATTERN, **refused(error)) as server:
                server.wait_live()
                self.assertEqual(engine_of(server), "epoll")
                lines = [line for line in server.lines if "serving with epoll" in line]
                self.assertEqual(len(lines), 1)
                self.assertIn(reason, lines[0])
                self.assertIn("io_uring_setup", lines[0])  # what the profile has to allow
                self.assertFalse(server.status()["server"]["zero_copy_supported"])
                stream = server.stream_status()
                self.assertEqual(stream["tier"], "unregistered")
                self.assertIn("epoll", stream["tier_reason"])
                # Nothing else about it: the one line has said it.
                self.assertNotIn("can't be registered", server.log())

    def test_curl_reads_the_picture_and_the_stream_where_io_uring_is_refused(self):
        harness.need("curl")
        with harness.Ringcast(*PATTERN, **refused(seccomp_filter.DOCKER)) as server:
            server.wait_live()
            picture = subprocess.run(["curl", "-sS", "--max-time", str(harness.WAIT_SECONDS), server.url + "/snapshot"],
                                     stdout=subprocess.PIPE, check=True).stdout
            self.assertTrue(picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9"))
            stream = subprocess.Popen(["curl", "-sS", "-N", "--max-time", str(harness.WAIT_SECONDS),
                                       server.url + "/stream"], stdout=subprocess.PIPE)
            received = b""
            while received.count(b"\xff\xd9\r\n--") < 5:
                more = stream.stdout.read1(65536)
                self.assertNotEqual(more, b"")
                received += more
            stream.kill()
            stream.wait()
            stream.stdout.close()

    def test_an_engine_that_is_asked_for_is_used_or_the_start_fails(self):
        for engine in ("io_uring", "epoll"):
            with harness.Ringcast(*PATTERN, "--engine", engine) as server:
                self.assertEqual(engine_of(server), engine)
                self.assertNotIn("serving with epoll", server.log())
        with harness.configured('[server]\nengine = "epoll"\n[streams.a]\nsource = "pattern"\n') as server:
            self.assertEqual(engine_of(server), "epoll")
        done = subprocess.run([harness.binary(), *PATTERN, "--listen", "127.0.0.1:0", "--engine", "io_uring"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=harness.WAIT_SECONDS, **refused(seccomp_filter.DOCKER))
        self.assertEqual(done.returncode, 3)
        self.assertIn("io_uring is blocked", done.stderr)


class Sources(unittest.TestCase):
    """On epoll: pipes, processes, folders, files."""

    def frame(self):
        with harness.Ringcast(*PATTERN) as server:
            server.wait_live()
            return server.get("/snapshot")[2]

    def serve(self, *arguments, **options):
        return harness.Ringcast(*arguments, "--engine", "epoll", **options)

    def test_a_pipe_on_standard_input_stays_blocking_for_those_who_share_it(self):
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb", 0) as writer, self.serve("-", stdin=reading) as server:
            writer.write(self.frame())
            server.wait_live()
            self.assertEqual(server.get("/snapshot")[0], 200)
            self.assertFalse(fcntl.fcntl(reading, fcntl.F_GETFL) & os.O_NONBLOCK)
        os.close(reading)

    def test_a_regular_file_on_standard_input_is_read_to_its_end(self):
        with tempfile.TemporaryFile() as file:
            file.write(self.frame() * 3)
            file.seek(0)
            with self.serve("-", stdin=file) as server:
                harness.wait_for(lambda: server.stream_status()["source_counters"]["frames"] >= 3, "three frames")

    def test_a_program_is_restarted_when_it_ends(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "frame.jpg")
            path.write_bytes(self.frame())
            text = f'[streams.a]\nsource = "exec"\ncommand = ["cat", "{path}"]\n'
            with harness.configured(text, "--engine", "epoll") as server:
                harness.wait_for(lambda: server.stream_status()["source_counters"]["restarts"] >= 2, "two restarts")
                self.assertGreaterEqual(server.stream_status()["source_counters"]["frames"], 2)

    def test_a_picture_that_is_moved_into_a_folder_is_shown(self):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as elsewhere:
            frame = self.frame()
            pathlib.Path(folder, "a.jpg").write_bytes(frame)
            with self.serve(folder, "--fps", "10") as server:
                server.wait_live()
                marked = frame[:2] + b"\xff\xfe\x00\x07moved" + frame[2:]
                pathlib.Path(elsewhere, "b.jpg").write_bytes(marked)
                os.rename(pathlib.Path(elsewhere, "b.jpg"), pathlib.Path(folder, "b.jpg"))
                harness.wait_for(lambda: b"moved" in server.get("/snapshot")[2], "the new picture")

    def test_another_server_is_read(self):
        with harness.Ringcast(*PATTERN, "--engine", "epoll") as origin:
            with self.serve(origin.url + "/stream") as edge:
                edge.wait_live()
                self.assertEqual(edge.get("/snapshot")[0], 200)


if __name__ == "__main__":
    harness.main()
