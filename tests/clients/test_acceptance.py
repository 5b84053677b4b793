"""The acceptance test: a moving scene from ffmpeg through an `exec` source to 200 viewers at 30
frames/s. No frame is damaged, at least 99.5 % are delivered, and every skip is due to a full
socket."""

import hashlib
import selectors
import socket
import subprocess
import time
import unittest

import harness

VIEWERS = 200
RATE = 30
SECONDS = 10
COMMAND = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-re", "-f", "lavfi",
           "-i", f"testsrc2=size=640x360:rate={RATE}", "-pix_fmt", "yuvj420p", "-q:v", "5", "-f", "mjpeg", "-"]
CONFIGURATION = f"""
[streams.scene]
source = "exec"
command = [{", ".join(f'"{word}"' for word in COMMAND)}]
"""


def digest_of(picture):
    return hashlib.blake2b(picture, digest_size=16).digest()


def scene():
    """Digests of the pictures that ffmpeg produces without a server; its output is the same in each
    run."""
    command = [word for word in COMMAND if word != "-re"]
    command[1:1] = ["-t", str(SECONDS + 2 * harness.WAIT_SECONDS)]
    made = subprocess.run(command, check=True, capture_output=True).stdout
    # Neither marker occurs within a picture.
    pictures = made.removeprefix(b"\xff\xd8").removesuffix(b"\xff\xd9").split(b"\xff\xd9\xff\xd8")
    return {digest_of(b"\xff\xd8" + picture + b"\xff\xd9") for picture in pictures}


class Damaged(Exception):
    pass


class Viewer:
    """Parses the stream of one connection strictly, as docs/http-api.md specifies it."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), harness.WAIT_SECONDS)
        self.socket.sendall(b"GET /scene/stream HTTP/1.1\r\nHost: a\r\n\r\n")
        self.socket.setblocking(False)
        self.buffer = bytearray()
        self.delimiter = None
        self.parts = []  # (time stamp, hash of the picture)

    def take(self):
        """Reads the available bytes and parses them."""
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        except ConnectionResetError:
            raise AssertionError("a viewer was disconnected") from None
        if not data:
            raise Damaged("the server ended the stream")
        self.buffer += data
        if self.delimiter is None and not self.take_head():
            return
        while self.take_part():
            pass

    def take_head(self):
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self.buffer[:end])
        if not head.startswith(b"HTTP/1.1 200 "):
            raise Damaged(head)
        boundary = head.split(b"boundary=")[1].split(b"\r\n")[0]
        self.delimiter = b"--" + boundary + b"\r\n"
        del self.buffer[: end + 4]
        self.expect_at(0, self.delimiter)
        del self.buffer[: len(self.delimiter)]
        return True

    def expect_at(self, at, text):
        # These bytes have already arrived: the head and its delimiter are sent in one piece, and
        # take_part() has waited for the whole part.
        if self.buffer[at : at + len(text)] != text:
            raise Damaged(f"{bytes(self.buffer[at : at + len(text)])!r} instead of {text!r}")

    def take_part(self):
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        headers = dict(line.split(b": ", 1) for line in bytes(self.buffer[:end]).split(b"\r\n"))
        begin, length = end + 4, int(headers[b"Content-Length"])
        tail = b"\r\n" + self.delimiter
        if len(self.buffer) < begin + length + len(tail):
            return False
        picture = bytes(self.buffer[begin : begin + length])
        self.expect_at(begin + length, tail)
        if not (picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9")):
            raise Damaged("a picture is incomplete")
        if b"X-Ringcast-Signal" in headers:
            raise Damaged("the signal was lost")
        self.parts.append((float(headers[b"X-Timestamp"]), digest_of(picture)))
        del self.buffer[: begin + length + len(tail)]
        return True


class Acceptance(unittest.TestCase):
    def test_a_moving_scene_reaches_200_viewers(self):
        harness.need("ffmpeg")
        self.scene = scene()
        harness.retried(self.watch)

    def watch(self):
        with harness.configured(CONFIGURATION) as server:
            server.wait_live()
            viewers = [Viewer(server.port) for _ in range(VIEWERS)]
            try:
                began, ended = self.read_all(viewers)
                status = server.status()
            finally:
                for viewer in viewers:
                    viewer.socket.close()
            self.assertEqual(server.stop(), 0)
        self.check_status(status)
        self.check_frames(viewers, began, ended)

    def read_all(self, viewers):
        """Reads for SECONDS after every viewer has received a frame. Returns the begin and end, as
        time stamps, of the period during which all viewers were receiving."""
        with selectors.DefaultSelector() as selector:
            for viewer in viewers:
                selector.register(viewer.socket, selectors.EVENT_READ, viewer)
            deadline = time.monotonic() + harness.WAIT_SECONDS
            began = None
            while time.monotonic() < deadline:
                for key, _ in selector.select(1):
                    key.data.take()
                if began is None and all(viewer.parts for viewer in viewers):
                    began = max(viewer.parts[0][0] for viewer in viewers)
                    deadline = time.monotonic() + SECONDS
        self.assertIsNotNone(began, "some viewers have received no frame")
        return began, min(viewer.parts[-1][0] for viewer in viewers)

    def check_frames(self, viewers, began, ended):
        windows = [[part for part in viewer.parts if began <= part[0] <= ended] for viewer in viewers]
        for window in windows:
            self.assertTrue(harness.rising([stamp for stamp, _ in window]), "frames out of order")
        # The time stamp identifies a frame. All viewers must receive the same bytes, those of
        # ffmpeg.
        pictures = {}
        for window in windows:
            for stamp, digest in window:
                self.assertEqual(pictures.setdefault(stamp, digest), digest, "a frame differs between viewers")
        self.assertLessEqual(set(pictures.values()), self.scene, "a frame differs from ffmpeg's output")
        # The scene moves all the time, so no two pictures are equal.
        self.assertEqual(len(set(pictures.values())), len(pictures))
        self.assertGreater(len(pictures), 0.9 * RATE * (ended - began))
        delivered = sum(map(len, windows)) / (len(pictures) * len(viewers))
        print(f"{len(pictures)} frames to {len(viewers)} viewers, {100 * delivered:.3f} % delivered",
              end=" ... ", flush=True)
        self.assertGreaterEqual(delivered, 0.995)

    def check_status(self, status):
        (stream,) = status["streams"]
        self.assertEqual(stream["viewers"], VIEWERS)
        for reason in ("frames_damaged", "frames_oversized", "frames_dropped", "bytes_skipped", "restarts"):
            self.assertEqual(stream["source_counters"][reason], 0, reason)
        for reason in ("rate", "memory", "late"):
            self.assertEqual(stream["sent"]["frames_skipped"][reason], 0, reason)
            self.assertEqual({viewer["frames_skipped"][reason] for viewer in status["viewers"]}, {0}, reason)


if __name__ == "__main__":
    harness.main()
