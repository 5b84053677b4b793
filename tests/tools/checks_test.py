#!/usr/bin/python3
"""Planted faults: each check beside this file must find its own, and pass without it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent

CLEAN = {
    "src/base/bytes.hpp": "#pragma once\n",
    "src/http/part.hpp": '#pragma once\n#include "base/bytes.hpp"\n',
    "src/http/part.cpp": '#include "http/part.hpp"\n#include <string>\n',
    "src/uring/ring.cpp": '#include "http/part.hpp"\n#include <liburing.h>\n',
}


class CheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name, text in CLEAN.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run_check(self, check):
        return subprocess.run(
            [sys.executable, HERE / check, self.root], capture_output=True, text=True, check=False
        )

    def assert_passes(self, check):
        done = self.run_check(check)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assert_finds(self, check, what):
        done = self.run_check(check)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(what, done.stdout)


class Floors(CheckTest):
    def test_clean_modules_pass(self):
        self.assert_passes("check_floors.py")

    def test_a_higher_floor_is_found(self):
        self.write("src/base/bytes.cpp", '#include "http/part.hpp"\n')
        self.assert_finds("check_floors.py", "src/base/bytes.cpp:1: base (floor 0) includes")

    def test_a_neighbour_is_found(self):
        self.write("src/jpeg/scan.cpp", '#include <span>\n#include "http/part.hpp"\n')
        self.assert_finds("check_floors.py", "src/jpeg/scan.cpp:2: jpeg (floor 2) includes")

    def test_a_header_counts_too(self):
        self.write("src/app/wiring.hpp", "#pragma once\n")
        self.write("src/relay/relay.cpp", '#include "app/wiring.hpp"\n')
        self.assert_finds("check_floors.py", "relay (floor 9) includes app/wiring.hpp (floor 10)")

    def test_an_unknown_module_is_found(self):
        self.write("src/surprise/box.cpp", "\n")
        self.assert_finds("check_floors.py", "'surprise' is no module")

    def test_liburing_outside_its_module_is_found(self):
        self.write("src/relay/relay.cpp", "#include <liburing.h>\n")
        self.assert_finds("check_floors.py", "only src/uring/ may include liburing.h")

    def test_the_operating_system_below_is_found(self):
        self.write("src/connection/connection.cpp", "#include <sys/socket.h>\n")
        self.assert_finds("check_floors.py", "may include sys/socket.h")

    def test_a_heavy_header_in_two_files_is_found(self):
        self.write("src/app/a.cpp", "#include <spdlog/spdlog.h>\n")
        self.assert_passes("check_floors.py")
        self.write("src/app/b.cpp", "#include <spdlog/logger.h>\n")
        self.assert_finds("check_floors.py", "already included by src/app/a.cpp:1")

    def test_a_heavy_header_in_a_header_is_found(self):
        self.write("src/app/log.hpp", "#include <CLI/CLI.hpp>\n")
        self.assert_finds("check_floors.py", "in a header")

    def test_a_document_with_other_floors_is_found(self):
        self.write("docs/architecture.md", "| floor | module |\n|---|---|\n| 7 | `http` | pure |\n")
        self.assert_finds("check_floors.py", "module http is on floor 7 there and on floor 2")


class Writing(CheckTest):
    def setUp(self):
        super().setUp()
        subprocess.run(["git", "init", "-q", self.root], check=True)

    def track(self, text):
        self.write("README.md", text)
        subprocess.run(["git", "-C", self.root, "add", "README.md"], check=True)

    def test_plain_text_passes(self):
        self.track("See https://example.org/work/list, /usr/bin and /home/pi/frames.\n")
        self.assert_passes("check_writing.py")

    def test_a_folder_of_a_build_machine_is_found(self):
        for folder in ("wo" + "rk", "ro" + "ot", "home/someone"):
            self.track(f"cd /{folder}/ringcast\n")
            self.assert_finds("check_writing.py", "README.md:1: a folder of a build machine")

    def test_a_package_registry_is_found(self):
        self.track("URIs: http://" + "deb." + "debian.org/debian\n")
        self.assert_finds("check_writing.py", "README.md:1: a package registry")

    def test_what_is_not_tracked_is_not_ours(self):
        self.write("notes.txt", "/" + "work/notes\n")
        self.assert_passes("check_writing.py")


class CtestResults(CheckTest):
    RESULTS = """<testsuite>
        <testcase name="one" status="run"><system-out>fine</system-out></testcase>
        <testcase name="two" status="fail"><failure message=""/><system-out/></testcase>
        <testcase name="three" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>
            <system-out>looking\nNOT TESTED: no browser\n</system-out></testcase>
        <testcase name="four" status="notrun"><skipped message="Unable to find executable"/></testcase>
    </testsuite>"""

    def read(self, exit_code):
        return subprocess.run(
            [sys.executable, HERE / "read_ctest_results.py", self.root / "r.xml", str(exit_code)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()

    def test_each_kind_of_result_is_told_apart(self):
        self.write("r.xml", self.RESULTS)
        self.assertEqual(
            self.read(8), ["failed two", "skipped three: no browser", "failed four", "passed 1"]
        )

    def test_a_ctest_that_failed_without_a_failed_test_has_failed(self):
        self.write("r.xml", "<testsuite></testsuite>")
        self.assertEqual(self.read(1), ["passed 0", "failed ctest itself (exit code 1)"])

    def test_no_results_have_failed(self):
        self.assertIn("failed ctest left no results", self.read(0)[0])


if __name__ == "__main__":
    unittest.main()
