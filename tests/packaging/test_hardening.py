"""packaging/check-hardening finds each missing protection. ./dev vm --arch arm64 runs this with the prefix of
the cross-compiler's programs in RINGCAST_CROSS_PREFIX."""

import os
import platform

from in_folder import PACKAGING, InFolder, run

import harness


class Hardening(InFolder):
    """A small program that uses what the flags protect; each test leaves one flag out."""

    SOURCE = """
        #include <cstdio>
        #include <cstring>
        #include <vector>
        int a(int n) { return n; } int b(int n) { return n; } int c(int n) { return n; }
        int d(int n) { return n; } int e(int n) { return n; } int f(int n) { return n; }
        int g(int n) { return n; } int h(int n) { return n; } int i(int n) { return n; }
        int main(int count, char** words) {
            std::vector<int> numbers(static_cast<unsigned>(count));
            volatile char large[200000];
            large[count] = 1;
            char copy[16];
            std::strcpy(copy, words[0]);
            return std::printf("%s %d %d", copy, numbers[static_cast<unsigned>(count)], large[count]);
        }
    """
    PREFIX = os.environ.get("RINGCAST_CROSS_PREFIX", "")
    MACHINE = PREFIX.split("-")[0] or platform.machine()
    JUMPS = "-fcf-protection=full" if MACHINE == "x86_64" else "-mbranch-protection=standard"
    FLAGS = ["-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3", "-D_GLIBCXX_ASSERTIONS", "-fstack-protector-strong",
             "-fstack-clash-protection", JUMPS, "-fPIE", "-pie", "-Wl,-z,relro", "-Wl,-z,now"]

    def check(self, *changes):
        """The result for a program with these (flag, replacement)."""
        flags = [dict(changes).get(flag, flag) for flag in self.FLAGS]
        source, program = self.folder / "program.cpp", self.folder / "program"
        source.write_text(self.SOURCE)
        built = run(f"{self.PREFIX}g++", "-w", *flags, source, "-o", program)
        self.assertEqual(built.returncode, 0, built.stderr)
        return run(PACKAGING / "check-hardening", f"--prefix={self.PREFIX}", program)

    def test_a_hardened_program_passes(self):
        done = self.check()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_missing_flag_is_found(self):
        for found, *changes in (
                ("not resolved at start", ("-Wl,-z,now", "-Wl,-z,lazy")),
                ("no read-only relocations", ("-Wl,-z,relro", "-Wl,-z,norelro")),
                ("not position-independent", ("-fPIE", "-fno-pie"), ("-pie", "-no-pie")),
                ("no stack protector", ("-fstack-protector-strong", "-fno-stack-protector")),
                ("_FORTIFY_SOURCE", ("-D_FORTIFY_SOURCE=3", "-U_FORTIFY_SOURCE")),
                ("_GLIBCXX_ASSERTIONS", ("-D_GLIBCXX_ASSERTIONS", "-U_GLIBCXX_ASSERTIONS")),
                ("-fstack-clash-protection", ("-fstack-clash-protection", "-fno-stack-clash-protection")),
                ("checked by the processor", (self.JUMPS, self.JUMPS.split("=")[0] + "=none"))):
            with self.subTest(found):
                done = self.check(*changes)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(found, done.stdout)
                self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)


if __name__ == "__main__":
    harness.main()
