"""docs/migrate.md: ringcast accepts its configurations, and answers the URLs that it names."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import bubble  # adds the client tests' folder to the path

import harness

TEXT = pathlib.Path(__file__).parents[2].joinpath("docs/migrate.md").read_text()


def with_ringcast():
    """The second cell of each row below the heading "with ringcast"."""
    inside = False
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("|") else []
        inside = bool(cells) and (inside or cells[-1] == "with ringcast")
        if inside and len(cells) == 2:
            yield cells[1]


class Migrate(unittest.TestCase):
    def test_ringcast_accepts_each_configuration(self):
        blocks = re.findall(r"^```toml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
        self.assertGreaterEqual(len(blocks), 6)
        for block in blocks:
            with self.subTest(block=block), tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                file.write(block)
                file.flush()
                done = subprocess.run([harness.binary(), "--check", file.name], capture_output=True, text=True,
                                      check=False, timeout=harness.WAIT_SECONDS)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_ringcast_answers_each_url(self):
        urls = {url for cell in with_ringcast() for url in re.findall(r"`(/[^`]*)`", cell)}
        self.assertGreaterEqual(len(urls), 12)
        streams = "".join(f'[streams.{name}]\nsource = "pattern"\nsize = "320x240"\n' for name in ("front", "cam_1"))
        with harness.configured(streams) as server:
            server.wait_live(0).wait_live(1)
            for url in sorted(urls):
                with self.subTest(url=url):
                    path = url.replace("NAME", "front")
                    if path.endswith("/controls"):  # only cameras have them
                        code, _, text = server.get(path)
                        self.assertEqual((code, text), (404, b"Stream front is no camera.\n"))
                    else:
                        self.assertEqual(server.get(path, method="HEAD")[0], 200)


if __name__ == "__main__":
    harness.main()
