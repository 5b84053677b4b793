"""The test programs of a build for arm64."""

import os
import pathlib
import unittest

import guest
import harness

# Under emulation and beside builds they take half an hour.
SECONDS_MAX = 3600


class Programs(unittest.TestCase):
    def setUp(self):
        self.guest = guest.running()

    def passes(self, program, *arguments, engine="io_uring"):
        # With the limit of open files that thousands of connections need. The exit code is not 0 either if
        # an engine is not available.
        text = self.guest.run(f"RINGCAST_TEST_ENGINE={engine}", "prlimit", "--nofile=65536:65536", "--",
                              pathlib.Path(os.environ["RINGCAST_BUILD"], "tests", program), *arguments,
                              seconds=SECONDS_MAX)
        self.assertIn("All tests passed", text)
        self.assertNotIn("NOT TESTED", text)

    def test_units(self):
        self.passes("unit_tests")

    def test_engines_on_the_kernel(self):
        self.passes("kernel/kernel_tests")
        self.passes("kernel/kernel_tests", "~[io_uring]", engine="epoll")

    def test_the_relay_on_the_kernel(self):
        # An emulated processor keeps no rate and no bound on a delay.
        self.passes("relay_kernel/relay_kernel_tests", "~[rate]")
        self.passes("relay_kernel/relay_kernel_tests", "~[rate]~[io_uring]", engine="epoll")


if __name__ == "__main__":
    harness.main()
