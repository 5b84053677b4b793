"""Turned streams: the pictures of any source, rotated and mirrored."""

import pathlib
import subprocess
import tempfile
import unittest

import harness

# ffmpeg's filters that show the pictures of a stream with these keys as they were drawn.
BACK = {
    'rotate = "90"\n': "transpose=cclock",
    'rotate = "180"\n': "hflip,vflip",
    'rotate = "270"\n': "transpose=clock",
    "mirror = true\n": "hflip",
    'rotate = "90"\nmirror = true\n': "transpose=cclock_flip",
}


def ffmpeg(*arguments, pictures=b""):
    return subprocess.run(["ffmpeg", "-v", "error", *arguments], input=pictures, capture_output=True, check=True,
                          timeout=harness.WAIT_SECONDS).stdout


def block_of(jpeg, keys):
    """(sequence, capture time in microseconds) that the pattern shows."""
    width, height = harness.picture_size(jpeg)
    if "90" in keys or "270" in keys:
        width, height = height, width
    grey = ffmpeg("-f", "mjpeg", "-i", "-", "-vf", BACK[keys], "-f", "rawvideo", "-pix_fmt", "gray", "-", pictures=jpeg)
    return harness.read_block(grey, width, height)


def live_part(viewer):
    """The first one that shows the source: while a machine is busy, "no signal" comes before."""
    return harness.wait_for(lambda: next((part for part in [viewer.part()] if "x-ringcast-signal" not in part.headers),
                                         None), "a picture of the source")


class TurnedTest(unittest.TestCase):
    def start(self, keys, size="1280x720", more=""):
        server = harness.configured(f'[streams.front]\nsource = "pattern"\nsize = "{size}"\nfps = 10\n{keys}{more}')
        self.addCleanup(server.stop)
        return server

    def picture(self, server, query=""):
        """(headers, JPEG) of a snapshot."""
        def answer():
            status, headers, body = server.get(f"/front/snapshot{query}")
            return (headers, body) if status == 200 else None
        return harness.wait_for(answer, "a snapshot")

    def test_pictures_are_turned_and_have_the_time_of_their_originals(self):
        for keys in BACK:
            with self.subTest(keys=keys):
                server = self.start(keys)
                headers, picture = self.picture(server)
                sideways = "90" in keys or "270" in keys
                self.assertEqual(harness.picture_size(picture), (720, 1280) if sideways else (1280, 720))
                _, captured_us = block_of(picture, keys)
                self.assertAlmostEqual(captured_us / 1e6, float(headers["X-Timestamp"]), delta=0.001)
                status = server.stream_status()["picture"]
                self.assertEqual((status["how"], status["frames_damaged"]), ("lossless", 0))
                self.assertGreater(status["work_mean_seconds"], 0)
                server.stop()

    def test_a_stream_of_turned_pictures_is_in_order(self):
        keys = 'rotate = "90"\n'
        server = self.start(keys)
        with harness.StreamReader(server.url, "/front/stream") as viewer:
            parts = [live_part(viewer) for _ in range(10)]
        blocks = [block_of(part.body, keys) for part in parts]
        self.assertTrue(harness.rising([sequence for sequence, _ in blocks]))

    def test_ffmpeg_reads_it(self):
        server = self.start('rotate = "90"\n')
        read = ffmpeg("-i", f"{server.url}/front/stream", "-frames:v", "5", "-f", "rawvideo", "-pix_fmt", "gray", "-")
        self.assertEqual(len(read), 5 * 720 * 1280)

    def test_a_size_whose_edges_cut_through_blocks_is_decoded_and_encoded(self):
        keys = 'rotate = "90"\n'
        server = self.start(keys, "1280x712")
        _, picture = self.picture(server)
        self.assertEqual(harness.picture_size(picture), (712, 1280))
        self.assertIsNotNone(block_of(picture, keys))
        self.assertEqual(server.stream_status()["picture"]["how"], "recompressed")

    def test_renditions_are_turned_too(self):
        keys = 'rotate = "270"\n'
        server = self.start(keys)
        headers, picture = self.picture(server, "?size=half")
        self.assertEqual(harness.picture_size(picture), (360, 640))
        _, captured_us = block_of(picture, keys)
        self.assertAlmostEqual(captured_us / 1e6, float(headers["X-Timestamp"]), delta=0.001)

    def test_nothing_is_turned_while_nobody_watches(self):
        server = self.start('rotate = "90"\n')
        self.picture(server)
        harness.wait_for(lambda: server.stream_status()["state"] == "resting", "the stream to pause")
        turned = server.stream_status()["picture"]["frames"]
        shown = server.stream_status()["source_counters"]["frames"]
        harness.wait_for(lambda: server.stream_status()["source_counters"]["frames"] > shown + 5, "more frames")
        self.assertEqual(server.stream_status()["picture"]["frames"], turned)

    def test_the_picture_without_signal_has_the_turned_size(self):
        with tempfile.TemporaryDirectory() as folder:
            picture = pathlib.Path(folder, "one.jpg")
            ffmpeg("-f", "lavfi", "-i", "color=white:s=320x160", "-frames:v", "1", "-pix_fmt", "yuvj420p", picture)
            command = f'["sh", "-c", "cat {picture}; read -r line < {folder}/end"]'
            subprocess.run(["mkfifo", f"{folder}/end"], check=True)
            server = harness.configured(
                f'[streams.front]\nsource = "exec"\ncommand = {command}\nrotate = "90"\n')
            self.addCleanup(server.stop)
            with harness.StreamReader(server.url, "/front/stream") as viewer:
                self.assertEqual(harness.picture_size(live_part(viewer).body), (160, 320))
                pathlib.Path(folder, "end").write_text("\n")
                part = harness.wait_for(
                    lambda: next((part for part in [viewer.part()] if "x-ringcast-signal" in part.headers), None),
                    "a picture without signal")
                self.assertEqual(harness.picture_size(part.body), (160, 320))


if __name__ == "__main__":
    harness.main()
