"""A program that loads libcamera as a module: with it, and without it."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness

PATTERN = '[streams.pattern]\nsource = "pattern"\nsize = "160x120"\nfps = 10\n'
CAMERA = '[streams.front]\nsource = "libcamera"\ncamera = "no such camera"\n'
MISSING = "cameras need the package ringcast-libcamera, which is not installed"


class CameraModule(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program = self.folder / "ringcast"
        shutil.copy(os.environ["RINGCAST_LOADING"], self.program)

    def install_module(self):
        shutil.copy(os.environ["RINGCAST_CAMERA_MODULE"], self.folder / "libcamera.so")

    def run_program(self, *arguments):
        return subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=harness.WAIT_SECONDS)

    def needed(self, file):
        harness.need("readelf")
        output = subprocess.run(["readelf", "--dynamic", file], capture_output=True, text=True, check=True).stdout
        return [line for line in output.splitlines() if "(NEEDED)" in line]

    def test_the_program_itself_does_not_depend_on_libcamera(self):
        self.install_module()
        self.assertNotIn("libcamera", "\n".join(self.needed(self.program)))
        self.assertIn("libcamera.so", "\n".join(self.needed(self.folder / "libcamera.so")))

    def test_without_the_module_each_command_names_the_package(self):
        for source in ("camera", "cameras"):
            done = self.run_program(source)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(MISSING, done.stderr)
        self.assertIn(MISSING, self.run_program("doctor").stdout)

    def test_the_service_is_not_restarted_while_the_module_is_not_installed(self):
        unit = (pathlib.Path(__file__).parents[2] / "packaging/ringcast.service").read_text()
        final = int(re.search(r"^RestartPreventExitStatus=(\d+)$", unit, re.MULTILINE)[1])
        configuration = self.folder / "ringcast.toml"
        configuration.write_text(CAMERA + PATTERN)
        done = self.run_program("--config", configuration)
        self.assertIn(MISSING, done.stderr)
        self.assertEqual(done.returncode, final)
        # While packages are upgraded, the program may find the module of the previous version.
        (self.folder / "libcamera.so").write_bytes(b"not of this version")
        done = self.run_program("--config", configuration)
        self.assertIn("install ringcast and ringcast-libcamera in the same version", done.stderr)
        self.assertNotEqual(done.returncode, final)
        self.assertNotEqual(done.returncode, 0)

    def test_cameras_are_listed_through_the_module(self):
        self.install_module()
        done = self.run_program("cameras")
        # This machine may have cameras; the answer is libcamera's in both cases.
        self.assertRegex(done.stdout + done.stderr, r"source = \"libcamera\"|libcamera [0-9.]+ finds no camera"
                         r"|no permission")
        self.assertNotIn(MISSING, self.run_program("doctor").stdout)

    def test_a_stream_waits_for_its_camera(self):
        self.install_module()
        with self.configured(CAMERA + PATTERN) as server:
            self.wait_for_camera(server, 0)
            server.wait_live(1)
            self.assertEqual(server.stop(), 0)

    def test_a_reload_loads_the_module_or_changes_nothing(self):
        with self.configured(PATTERN) as server:
            server.wait_live()
            self.configuration.write_text(PATTERN + CAMERA)
            server.process.send_signal(signal.SIGHUP)
            server.wait_log(MISSING)
            self.assertEqual([stream["name"] for stream in server.status()["streams"]], ["pattern"])
            self.install_module()
            server.process.send_signal(signal.SIGHUP)
            server.wait_log("reload: done: ")
            self.wait_for_camera(server, 1)
            self.assertEqual(server.stop(), 0)

    def configured(self, text):
        self.configuration = self.folder / "ringcast.toml"
        self.configuration.write_text(text)
        os.environ["RINGCAST_BINARY"] = str(self.program)
        return harness.Ringcast("--config", self.configuration)

    def wait_for_camera(self, server, index):
        """Until the stream reports that there is no such camera."""
        harness.wait_for(lambda: "camera" in (server.stream_status(index)["reason"] or ""), "the reason")


if __name__ == "__main__":
    harness.main()
