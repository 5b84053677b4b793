"""Programs that users watch streams with read ringcast's streams: curl, ffmpeg, GStreamer, aiohttp,
Blink."""

import asyncio
import subprocess
import tempfile
import unittest

import harness

WIDTH, HEIGHT, RATE = 640, 360, 30
FRAMES = 60


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Ringcast("pattern", "--size", f"{WIDTH}x{HEIGHT}", "--fps", RATE).wait_live()

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        assert code == 0, code

    def check_pictures(self, pixels):
        """`pixels`: consecutive grey pictures, one byte per pixel. Returns their sequence
        numbers."""
        size = WIDTH * HEIGHT
        self.assertEqual(len(pixels) % size, 0)
        blocks = [harness.read_block(pixels[i : i + size], WIDTH, HEIGHT) for i in range(0, len(pixels), size)]
        self.assertNotIn(None, blocks, "a picture arrived damaged")
        sequences = [sequence for sequence, _ in blocks]
        self.assertTrue(harness.rising(sequences), sequences)
        return sequences

    def test_curl_receives_whole_parts(self):
        harness.need("curl")
        bodies = harness.curl_stream(FRAMES, self.server.url + "/stream")
        self.assertTrue(harness.rising([harness.StampedFrame(body).sequence for body in bodies]))

    def test_curl_receives_a_snapshot(self):
        harness.need("curl")
        done = subprocess.run(
            ["curl", "-sSf", self.server.url + "/snapshot"], check=True, capture_output=True
        )
        harness.StampedFrame(done.stdout)

    def test_ffmpeg_decodes_every_frame(self):
        harness.need("ffmpeg")
        done = subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "mpjpeg", "-i", self.server.url + "/stream",
             "-frames:v", str(FRAMES), "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-"],
            check=True, capture_output=True, timeout=harness.WAIT_SECONDS,
        )
        self.assertEqual(done.stderr, b"")
        self.assertEqual(len(self.check_pictures(done.stdout)), FRAMES)

    def test_ffprobe_detects_format_and_size(self):
        harness.need("ffprobe")
        done = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0",
             self.server.url + "/stream"],
            check=True, capture_output=True, text=True, timeout=harness.WAIT_SECONDS,
        )
        self.assertEqual(done.stdout.strip(), f"mjpeg,{WIDTH},{HEIGHT}")

    def test_gstreamer_demultiplexes_and_decodes(self):
        harness.need("gst-launch-1.0")
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run(
                ["gst-launch-1.0", "-q", "souphttpsrc", f"location={self.server.url}/stream", "do-timestamp=true",
                 "!", "multipartdemux", "single-stream=true", "!", "identity", f"eos-after={FRAMES}",
                 "!", "jpegdec", "!", "videoconvert", "!", "video/x-raw,format=GRAY8",
                 "!", "filesink", f"location={file.name}"],
                check=True, capture_output=True, timeout=harness.WAIT_SECONDS,
            )
            self.assertGreaterEqual(len(self.check_pictures(file.read())), FRAMES - 1)

    def test_aiohttp_reads_parts_as_home_assistant_does(self):
        try:
            import aiohttp
        except ImportError:
            raise unittest.SkipTest("python3-aiohttp is not installed") from None

        async def read():
            frames = []
            timeout = aiohttp.ClientTimeout(total=harness.WAIT_SECONDS)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                async with session.get(self.server.url + "/stream") as response:
                    reader = aiohttp.MultipartReader.from_response(response)
                    while len(frames) < FRAMES:
                        part = await reader.next()
                        frames.append(harness.StampedFrame(await part.read()))
            return frames

        sequences = [frame.sequence for frame in asyncio.run(read())]
        self.assertTrue(harness.rising(sequences), sequences)

    def test_a_plain_reader_sees_capture_times_and_lengths(self):
        with harness.StreamReader(self.server.url) as reader:
            for _ in range(FRAMES):
                part = reader.part()
                frame = harness.StampedFrame(part.body)
                self.assertEqual(part.headers["content-type"], "image/jpeg")
                whole, micros = part.headers["x-timestamp"].split(".")
                self.assertEqual(len(micros), 6)
                self.assertEqual(int(whole) * 1_000_000 + int(micros), frame.captured_ns // 1000)
                self.assertNotIn("x-ringcast-signal", part.headers)

    def test_blink_receives_the_headers_of_the_next_part_ahead_of_it(self):
        headers = {"Accept": "image/avif,image/webp,*/*;q=0.8", "User-Agent": "Mozilla/5.0 Chrome/120 Safari/537"}
        with harness.StreamReader(self.server.url, headers=headers) as reader:
            self.assertEqual(reader.file.readline(), b"Content-Type: image/jpeg\r\n")
            self.assertEqual(reader.file.readline(), b"\r\n")
            ahead = b"\r\n--" + reader.boundary + b"\r\nContent-Type: image/jpeg\r\n\r\n"
            buffer = b""
            frames = []
            while len(frames) < 5:
                buffer += reader.socket.recv(65536) if not (more := reader.file.peek()) else reader.file.read(len(more))
                while ahead in buffer:
                    body, buffer = buffer.split(ahead, 1)
                    frames.append(harness.StampedFrame(body).sequence)
            self.assertTrue(harness.rising(frames))

    def test_a_rate_limit_is_respected(self):
        harness.retried(self.check_rate)

    def check_rate(self):
        with harness.StreamReader(self.server.url, "/stream?fps=10") as reader:
            times = [harness.StampedFrame(reader.part().body).captured_ns for _ in range(31)]
        rate = 30 / ((times[-1] - times[0]) / 1e9)
        self.assertAlmostEqual(rate, 10, delta=1)


if __name__ == "__main__":
    harness.main()
