"""Tests of scripts that write files, each in a folder of its own."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
sys.path += [str(ROOT / "tests/clients"), str(PACKAGING / "manuals")]


def run(*command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, **options)


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def make(self, *command):
        done = run(PACKAGING / command[0], self.folder, *command[1:])
        self.assertEqual(done.returncode, 0, done.stderr)
