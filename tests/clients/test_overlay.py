"""Text in pictures: the time of capture, read from the pixels with the font of the source."""

import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import harness

FONT = pathlib.Path(__file__).parents[2] / "src/font/font.cpp"
GLYPH_WIDTH, GLYPH_HEIGHT, ADVANCE = 5, 7, 6
# Pixels of the font: from the edges to the box, and from there to the text.
MARGIN, PADDING = 2, 2


def glyphs():
    """{seven lines of five bits: character}"""
    lines = re.findall(r"\{((?:0x..(?:, )?){7})\},", FONT.read_text())
    assert len(lines) == 95, "the font has all printable characters"
    return {tuple(int(line, 16) for line in glyph.split(", ")): chr(32 + i) for i, glyph in enumerate(lines)}


def grey_of(jpeg):
    """One byte per pixel."""
    return subprocess.run(["ffmpeg", "-v", "error", "-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
                          input=jpeg, capture_output=True, check=True, timeout=harness.WAIT_SECONDS).stdout


def read_text(jpeg, characters, position, scale):
    """The text with so many characters in a corner of the picture; ? for what is no character."""
    width, height = harness.picture_size(jpeg)
    pixels = grey_of(jpeg)
    known = glyphs()
    text_width = characters * ADVANCE - 1
    margin = MARGIN * scale // 2 * 2
    box = ((text_width + 2 * PADDING) * scale + 1) // 2 * 2, ((GLYPH_HEIGHT + 2 * PADDING) * scale + 1) // 2 * 2
    left = width - margin - box[0] if position.endswith("right") else margin
    top = height - margin - box[1] if position.startswith("bottom") else margin
    text = ""
    for i in range(characters):
        glyph = []
        for row in range(GLYPH_HEIGHT):
            bits = 0
            for column in range(GLYPH_WIDTH):
                x = left + (PADDING + i * ADVANCE + column) * scale + scale // 2
                y = top + (PADDING + row) * scale + scale // 2
                bits = bits << 1 | (pixels[y * width + x] >= 150)
            glyph.append(bits)
        text += known.get(tuple(glyph), "?")
    return text


class OverlayTest(unittest.TestCase):
    def picture(self, keys, query=""):
        """(server, headers, JPEG) of a snapshot."""
        server = harness.configured(f'[streams.front]\nsource = "pattern"\nsize = "1280x720"\nfps = 10\n{keys}')
        self.addCleanup(server.stop)

        def answer():
            status, headers, body = server.get(f"/front/snapshot{query}")
            return (server, headers, body) if status == 200 else None
        return harness.wait_for(answer, "a snapshot")

    def test_the_time_of_capture_is_in_the_picture(self):
        for position in ("bottom-left", "bottom-right", "top-right"):  # the pattern's block is at the top left
            with self.subTest(position=position):
                server, headers, jpeg = self.picture(
                    f'overlay = {{ text = "%Y-%m-%d %H:%M:%S  front door", position = "{position}" }}\n')
                captured = time.localtime(float(headers["X-Timestamp"]))
                expected = time.strftime("%Y-%m-%d %H:%M:%S  front door", captured)
                self.assertEqual(read_text(jpeg, len(expected), position, 3), expected)
                status = server.stream_status()["picture"]
                self.assertEqual((status["overlay"], status["how"]), (True, "recompressed"))
                server.stop()

    def test_it_is_upright_in_a_turned_picture(self):
        _, _, jpeg = self.picture('rotate = "90"\noverlay = { text = "yard", position = "top-right" }\n')
        self.assertEqual(harness.picture_size(jpeg), (720, 1280))
        self.assertEqual(read_text(jpeg, 4, "top-right", 5), "yard")

    def test_characters_that_the_font_lacks_are_an_error(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
            file.write('[streams.a]\nsource = "stdin"\noverlay = { text = "Haustür" }\n')
            file.flush()
            code, _, errors = harness.run("--config", file.name, "--check")
        self.assertEqual(code, 2)
        self.assertIn("the font has printable ASCII characters only", errors)


if __name__ == "__main__":
    harness.main()
