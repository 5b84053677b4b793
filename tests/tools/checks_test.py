#!/usr/bin/python3
"""Planted faults: each check beside this file must find its own fault, and pass without it."""

import json
import os
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
        self.assert_finds("check_floors.py", "'surprise' is not a module")

    def test_liburing_outside_its_module_is_found(self):
        self.write("src/relay/relay.cpp", "#include <liburing.h>\n")
        self.assert_finds("check_floors.py", "only src/uring/ may include liburing.h")

    def test_the_operating_system_below_is_found(self):
        self.write("src/connection/connection.cpp", "#include <sys/socket.h>\n")
        self.assert_finds("check_floors.py", "may include sys/socket.h")

    def test_a_public_header_that_includes_the_standard_library_passes(self):
        self.write("include/ringcast/version.hpp", "#include <string>\n")
        self.write("include/ringcast/server.hpp", '#include "ringcast/version.hpp"\n#include <memory>\n')
        self.assert_passes("check_floors.py")

    def test_a_public_header_that_includes_a_module_is_found(self):
        self.write("include/ringcast/server.hpp", '#include <memory>\n#include "http/part.hpp"\n')
        self.assert_finds(
            "check_floors.py",
            "include/ringcast/server.hpp:2: a public header may not include http/part.hpp",
        )

    def test_a_public_header_that_includes_a_library_is_found(self):
        self.write("include/ringcast/server.hpp", "#include <fmt/core.h>\n")
        self.assert_finds("check_floors.py", "a public header may not include fmt/core.h")

    def test_a_public_header_below_the_application_is_found(self):
        self.write("include/ringcast/server.hpp", "#include <memory>\n")
        self.write("src/app/server.cpp", '#include "ringcast/server.hpp"\n')
        self.assert_passes("check_floors.py")
        self.write("src/base/bytes.cpp", '#include "ringcast/server.hpp"\n')
        self.assert_finds("check_floors.py", "src/base/bytes.cpp:1: only src/app/ may include the public")

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

    def test_an_untracked_file_is_ignored(self):
        self.write("notes.txt", "/" + "work/notes\n")
        self.assert_passes("check_writing.py")


class Limits(CheckTest):
    def write_class(self, methods=0, fields=0, comment="", opening=""):
        body = [f"    void method_{number}(int value);" for number in range(methods)]
        body += [f"    int field_{number}_ = 0;" for number in range(fields)]
        lines = ["#pragma once", *opening.splitlines(), "", "namespace ringcast::http {", ""]
        lines += [*comment.splitlines(), "class Big final : public Base {", "public:", *body, "};", "", "}"]
        self.write("src/http/big.hpp", "\n".join(lines) + "\n")

    def test_files_at_their_limits_pass(self):
        self.write("src/http/long.hpp", "#pragma once\n" + "\n" * 199)
        self.write("src/http/long.cpp", "\n" * 450)
        self.assert_passes("check_limits.py")

    def test_a_long_header_is_found(self):
        self.write("src/http/long.hpp", "#pragma once\n" + "\n" * 200)
        self.assert_finds("check_limits.py", "src/http/long.hpp:201: the file has 201 lines; at most 200")

    def test_a_long_public_header_is_found(self):
        self.write("include/ringcast/long.hpp", "#pragma once\n" + "\n" * 200)
        self.assert_finds("check_limits.py", "include/ringcast/long.hpp:201: the file has 201 lines")

    def test_a_long_source_is_found(self):
        self.write("src/http/long.cpp", "\n" * 451)
        self.assert_finds("check_limits.py", "src/http/long.cpp:451: the file has 451 lines; at most 450")

    def test_a_long_test_is_not_limited(self):
        self.write("tests/http/long.tests.cpp", "\n" * 1000)
        self.assert_passes("check_limits.py")

    def test_a_long_function_is_found(self):
        body = "    ++count;\n" * 68
        self.write("src/http/part.cpp", f"\nvoid Part::fill(int count) noexcept {{\n{body}}}\n")
        self.assert_passes("check_limits.py")
        self.write("src/http/part.cpp", f"\nvoid Part::fill(int count) noexcept {{\n\n{body}}}\n")
        self.assert_finds("check_limits.py", "src/http/part.cpp:2: fill has 71 lines; at most 70")

    def test_a_class_at_its_limits_passes(self):
        self.write_class(methods=40, fields=25)
        self.assert_passes("check_limits.py")

    def test_a_class_with_many_methods_is_found(self):
        self.write_class(methods=41)
        self.assert_finds("check_limits.py", "src/http/big.hpp:5: class Big has 41 methods; at most 40")

    def test_a_class_with_many_fields_is_found(self):
        self.write_class(fields=26)
        self.assert_finds("check_limits.py", "src/http/big.hpp:5: class Big has 26 fields; at most 25")

    def test_overloads_and_inline_methods_count(self):
        self.write_class(methods=39)
        text = (self.root / "src/http/big.hpp").read_text()
        extra = "    int method_1() const { return 1; }\n    int method_1() { return 1; }\n"
        self.write("src/http/big.hpp", text.replace("public:\n", "public:\n" + extra))
        self.assert_finds("check_limits.py", "class Big has 41 methods")

    def test_special_members_operators_constants_and_nested_classes_do_not_count(self):
        self.write_class(methods=40, fields=25)
        text = (self.root / "src/http/big.hpp").read_text()
        extra = """    Big(const Big&) = delete;
    Big& operator=(const Big&) = delete;
    Big() = default;
    friend bool operator==(const Big&, const Big&) = default;
    static constexpr int limit = 3;
    struct Nested {
        int field = 0;
        void method() noexcept {}
    };
"""
        self.write("src/http/big.hpp", text.replace("public:\n", "public:\n" + extra))
        # Defined below its class, a method is still one.
        self.write("src/http/big.cpp", '#include "http/big.hpp"\nvoid Big::method_1(int number) {}\n')
        self.assert_passes("check_limits.py")

    def test_a_class_with_a_reason_passes(self):
        self.write_class(methods=41, fields=26, comment="/// A table.\n// Limits: one field per column.")
        self.assert_passes("check_limits.py")
        self.write_class(methods=41, fields=26, opening="// A table.\n// Limits: one field per column.")
        self.assert_passes("check_limits.py")

    def test_a_reason_that_is_empty_or_elsewhere_does_not_count(self):
        self.write_class(fields=26, comment="// Limits: ")
        self.assert_finds("check_limits.py", "class Big has 26 fields")
        self.write_class(fields=26, comment="// Limits: of another class\n\n")
        self.assert_finds("check_limits.py", "class Big has 26 fields")


class Stops(CheckTest):
    FRAME = ["`src/http/part.cpp`: `Part::fill`, writes a part"] * 3 + [
        "`src/http/part.cpp`: `helper` is free",
        "`src/http/part.hpp`: `Part::size`, inline,\n   with a second line",
    ]
    CODE = {
        "src/http/part.hpp": "namespace ringcast::http {\nclass Part {\n    int size() const { return 1; }\n"
        "    void fill();\n};\n}\n",
        "src/http/part.cpp": "namespace ringcast::http {\nnamespace {\nint helper() { return 1; }\n}\n"
        "void Part::fill() {}\n}\n",
    }

    def write_document(self, frame=None, request=None, words=30, entry="- **word**: what it means"):
        def numbered(stops):
            return "".join(f"{number}. {stop}\n" for number, stop in enumerate(stops, start=1))

        self.write(
            "docs/architecture.md",
            "# Architecture\n\n## The life of a frame\n\nA frame:\n\n"
            + numbered(self.FRAME if frame is None else frame)
            + "\n## The life of a request\n\n"
            + numbered(self.FRAME if request is None else request)
            + "\n## The floors\n\n1. not a stop\n\n## Glossary\n\n"
            + f"{entry}\n" * words,
        )

    def setUp(self):
        super().setUp()
        for name, text in self.CODE.items():
            self.write(name, text)
        self.write_document()

    def test_true_lists_pass(self):
        self.assert_passes("check_stops.py")

    def test_a_missing_list_is_found(self):
        self.write("docs/architecture.md", "# Architecture\n")
        self.assert_finds("check_stops.py", "the heading '## The life of a frame' is missing")
        self.assert_finds("check_stops.py", "the heading '## The life of a request' is missing")
        self.assert_finds("check_stops.py", "the heading '## Glossary' is missing")

    def test_a_short_list_is_found(self):
        self.write_document(request=self.FRAME[:4])
        self.assert_finds("check_stops.py", "'The life of a request' has 4 stops; at least 5")

    def test_a_file_that_is_gone_is_found(self):
        self.write_document(frame=[*self.FRAME, "`src/http/gone.cpp`: `Part::fill`, gone"])
        self.assert_finds("check_stops.py", "docs/architecture.md:13: src/http/gone.cpp does not exist")

    def test_a_function_that_is_gone_is_found(self):
        for function in ("Part::empty", "fill", "Other::fill", "http::helper::fill", "Part::helper"):
            self.write_document(frame=[*self.FRAME, f"`src/http/part.cpp`: `{function}`, gone"])
            self.assert_finds("check_stops.py", f"src/http/part.cpp defines no {function}")

    def test_a_declaration_is_no_definition(self):
        self.write_document(frame=[*self.FRAME, "`src/http/part.hpp`: `Part::fill`, declared only"])
        self.assert_finds("check_stops.py", "src/http/part.hpp defines no Part::fill")

    def test_a_stop_of_another_form_is_found(self):
        self.write_document(request=[*self.FRAME, "part.cpp fills it"])
        self.assert_finds("check_stops.py", "not of the form 1. `file`: `Class::function`, explanation")

    def test_a_glossary_that_is_too_long_or_empty_is_found(self):
        self.write_document(words=31)
        self.assert_finds("check_stops.py", "'Glossary' has 31 entries; at most 30")
        self.write_document(words=0)
        self.assert_finds("check_stops.py", "'Glossary' has no entries")

    def test_a_glossary_entry_of_another_form_is_found(self):
        self.write_document(entry="- word: what it means")
        self.assert_finds("check_stops.py", "not of the form - **word**: meaning")


class Tidy(CheckTest):
    """With a tool that finds the word FAULT in what it checks, and two definitions of one NAME."""

    TOOL = """#!/bin/sh
[ "$1" != --version ] || exit 0
for word; do case $word in --) break ;; *.cpp) file=$word ;; esac; done
echo "$file" >>calls
text=$(cat "$file" $(sed -n 's/^#include "\\([^"]*\\.cpp\\)".*/\\1/p' "$file"))
case $text in *FAULT* | *NAME*NAME*) echo "found in $file"; exit 1 ;; esac
"""

    def setUp(self):
        super().setUp()
        for script in ("run_tidy.py", "project_includes.py"):
            self.write(f"tests/tools/{script}", (HERE / script).read_text(encoding="utf-8"))
        self.write(".clang-tidy", "")
        self.write("tool", self.TOOL)
        (self.root / "tool").chmod(0o755)
        for name in ("a", "b", "c"):
            self.write(f"src/jpeg/{name}.cpp", "\n")

    def tidy(self, *options):
        """The exit code, the output, and the files that the tool was called for."""
        database = [
            {"file": str(path), "command": f"g++ -Isrc -o {path.stem}.o -c {path}"}
            for path in sorted((self.root / "src").rglob("*.cpp"))
        ]
        self.write("build/compile_commands.json", json.dumps(database))
        self.write("calls", "")
        done = subprocess.run(
            [sys.executable, self.root / "tests/tools/run_tidy.py", "--clang-tidy", self.root / "tool",
             "--build", self.root / "build", "--cache", self.root / "cache", "--jobs", "1", *options],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        calls = (self.root / "calls").read_text(encoding="utf-8").split()
        return done.returncode, done.stdout + done.stderr, [pathlib.Path(call).name for call in calls]

    def test_the_clean_sources_of_a_module_are_checked_at_once_and_only_once(self):
        code, output, calls = self.tidy("--quick")
        self.assertEqual((code, sorted(calls)), (0, ["part.cpp", "ring.cpp", "src-jpeg-a.cpp"]), output)
        code, output, calls = self.tidy("--quick")
        self.assertEqual((code, calls), (0, []), output)

    def test_what_is_clean_in_a_batch_is_still_checked_by_itself_without_quick(self):
        self.tidy("--quick")
        code, output, calls = self.tidy()
        self.assertEqual((code, sorted(calls)), (0, ["a.cpp", "b.cpp", "c.cpp"]), output)
        code, output, calls = self.tidy("--quick")
        self.assertEqual((code, calls), (0, []), output)

    def test_a_fault_in_a_batch_is_found_in_its_file(self):
        self.write("src/jpeg/b.cpp", "FAULT\n")
        # The whole batch, its first half, its second half, and the files of that.
        for expected in (["src-jpeg-a.cpp", "a.cpp", "src-jpeg-b.cpp", "b.cpp", "c.cpp"], ["b.cpp"]):
            code, output, calls = self.tidy("--quick")
            self.assertEqual(code, 1)
            self.assertIn("src/jpeg/b.cpp: NOT CLEAN", output)
            self.assertEqual([call for call in calls if call not in ("part.cpp", "ring.cpp")], expected)

    def test_files_that_only_collide_in_a_batch_are_clean(self):
        self.write("src/jpeg/a.cpp", "NAME\n")
        self.write("src/jpeg/b.cpp", "NAME\n")
        code, output, _ = self.tidy("--quick")
        self.assertEqual(code, 0, output)


class Harness(CheckTest):
    """The main function of the tests in Python."""

    TESTS = """
import sys, unittest
sys.path.insert(0, sys.argv.pop())
import harness
@harness.only_with_all
class Slow(unittest.TestCase):
    def test(self):
        print("slow ran")
class Missing(unittest.TestCase):
    @unittest.skipIf(len(sys.argv) > 1 and sys.argv.pop() == "missing", "no such program")
    def test(self):
        pass
harness.main()
"""

    def run_tests(self, *arguments, **environment):
        self.write("tests.py", self.TESTS)
        done = subprocess.run(
            [sys.executable, "-B", self.root / "tests.py", *arguments, HERE.parent / "clients"],
            env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    def test_a_test_left_out_by_default_is_no_failure_in_ci(self):
        code, output = self.run_tests(CI="true")
        self.assertEqual(code, 0)
        self.assertNotIn("slow ran", output)
        self.assertNotIn("NOT TESTED", output)

    def test_all_runs_it(self):
        code, output = self.run_tests(CI="true", RINGCAST_TEST_ALL="1")
        self.assertEqual(code, 0)
        self.assertIn("slow ran", output)

    def test_a_missing_program_is_not_tested_and_a_failure_in_ci(self):
        for environment, expected in (({}, 77), ({"CI": "true"}, 1)):
            code, output = self.run_tests("missing", **environment)
            self.assertEqual(code, expected)
            self.assertIn("NOT TESTED: no such program", output)


class VirtualCameraTests(CheckTest):
    """tests/vm/test_virtual_camera.py with another libcamera, and without booting the guest."""

    TESTS = """
import pathlib, sys, unittest
sys.path[:0] = sys.argv[2:]
import guest, harness, test_virtual_camera
from test_virtual_camera import VirtualCamera, load_tests
def running():
    raise unittest.SkipTest("it would boot")
guest.running = running
test_virtual_camera.LIBRARIES = pathlib.Path(sys.argv[1])
del sys.argv[1:]
harness.main()
"""

    def run_tests(self, version, content):
        if version:
            self.write(f"x86_64-linux-gnu/libcamera.so.{version}", content)
        self.write("tests.py", self.TESTS)
        done = subprocess.run(
            [sys.executable, "-B", self.root / "tests.py", self.root, HERE.parent / "vm", HERE.parent / "clients"],
            env={"PATH": os.environ["PATH"], "CI": "true"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def test_a_libcamera_that_never_had_the_handler_is_named_and_no_failure(self):
        code, output = self.run_tests("0.3.2", "")
        self.assertEqual(code, 0)
        self.assertIn("left out: libcamera.so.0.3.2 has no virtual cameras", output)
        self.assertNotIn("NOT TESTED", output)

    def test_a_newer_one_without_it_is_a_failure(self):
        code, output = self.run_tests("0.10.1", "")
        self.assertEqual(code, 1)
        self.assertIn("was built without the pipeline handler", output)
        self.assertNotIn("NOT TESTED", output)

    def test_with_it_the_tests_run(self):
        _, output = self.run_tests("0.4.0", "PipelineHandlerVirtual")
        self.assertIn("it would boot", output)

    def test_no_libcamera_is_not_tested(self):
        code, output = self.run_tests(None, "")
        self.assertEqual(code, 1)
        self.assertIn("NOT TESTED: libcamera is not installed", output)


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
