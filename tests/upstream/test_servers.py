"""ringcast reads the streams of servers that other projects wrote, and loses and damages no frame."""

import contextlib
import subprocess
import unittest

import frames
import harness
import servers
from readers import reader

FRAMES = 200


def setUpModule():
    global sent
    sent = frames.Frames()


class Servers(unittest.TestCase):
    def read(self, url, origin_may_skip=False):
        """Reads FRAMES frames. Those that are missing were skipped by ringcast for its viewer, or by an origin that is
        a ringcast."""
        with reader(url) as opened:
            numbers = [sent.number(opened.frame()) for _ in range(FRAMES)]
            skipped_max = opened.skipped_max()
        missing = frames.missing(numbers)
        print(f"{missing} missing", end=" ... ", flush=True)
        if not origin_may_skip:
            self.assertLessEqual(missing, skipped_max)

    def test_gstreamer_multipartmux(self):
        with servers.gstreamer(sent) as url:
            self.read(url)

    def test_ffmpeg_multipart_with_a_content_type(self):
        kind = "multipart/x-mixed-replace;boundary=ffmpeg"
        with servers.ffmpeg(sent, "mpjpeg", "-content_type", kind) as url:
            self.read(url)

    def test_ffmpeg_multipart_declared_as_octet_stream(self):
        with servers.ffmpeg(sent, "mpjpeg") as url:
            self.read(url)

    def test_ffmpeg_jpegs_declared_as_octet_stream(self):
        with servers.ffmpeg(sent, "mjpeg") as url:
            self.read(url)

    def test_motion(self):
        with contextlib.ExitStack() as stack:
            origin = stack.enter_context(servers.python_http_server(sent, with_length=True))
            url = stack.enter_context(servers.motion(origin))
            opened = stack.enter_context(reader(url))
            jpegs = [opened.frame() for _ in range(FRAMES)]
        decoded = subprocess.run(
            [servers.need("ffmpeg"), "-v", "error", "-f", "mjpeg", "-i", "-",
             "-pix_fmt", "gray", "-f", "rawvideo", "-"],
            input=b"".join(jpegs), stdout=subprocess.PIPE, check=True, timeout=harness.WAIT_SECONDS,
        ).stdout  # fmt: skip
        size = frames.WIDTH * frames.HEIGHT
        self.assertEqual(len(decoded), FRAMES * size)
        numbers = [sent.number_shown(decoded[at : at + size]) for at in range(0, len(decoded), size)]
        # motion watches at its own rate, so it repeats and skips pictures.
        advancing = [numbers[0]] + [after for before, after in zip(numbers, numbers[1:]) if after != before]
        frames.missing(advancing)
        self.assertGreater(len(advancing), FRAMES // 4)

    def test_aiohttp_multipart_writer(self):
        with servers.aiohttp(sent) as url:
            self.read(url)

    def test_python_http_server_with_lengths_of_parts(self):
        with servers.python_http_server(sent, with_length=True) as url:
            self.read(url)

    def test_python_http_server_without_lengths_of_parts(self):
        with servers.python_http_server(sent, with_length=False) as url:
            self.read(url)

    def test_mjpeg_proxy(self):
        with servers.python_http_server(sent, with_length=True) as origin, servers.mjpeg_proxy(origin) as url:
            self.read(url)

    def test_nginx(self):
        with servers.ringcast_with_files(sent) as origin, servers.nginx(origin) as url:
            self.read(url, origin_may_skip=True)

    def test_haproxy_in_front_of_a_chunked_body(self):
        with servers.aiohttp(sent) as url:
            origin = url.removeprefix("http://").removesuffix("/stream")
            with servers.haproxy(origin) as proxied:
                self.read(proxied)

    def test_haproxy(self):
        with servers.ringcast_with_files(sent) as origin, servers.haproxy(origin) as url:
            self.read(url, origin_may_skip=True)


if __name__ == "__main__":
    harness.main()
