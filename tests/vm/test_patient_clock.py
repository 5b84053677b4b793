"""The clock that measures the limits of these tests leaves out the time in which the machine was busy."""

import os
import signal
import subprocess
import time
import unittest

import guest
import harness


def start(test, processor, *command):
    process = subprocess.Popen(["taskset", "--cpu-list", str(processor), *command], start_new_session=True)
    test.addCleanup(process.wait)
    test.addCleanup(os.killpg, process.pid, signal.SIGKILL)  # its children too
    return process.pid


class Lag:
    """How far the clock of a process has fallen behind."""

    def __init__(self, pid):
        self._clock = guest.PatientClock(pid)
        self._ahead = time.monotonic() - self._clock()

    def __call__(self):
        return time.monotonic() - self._clock() - self._ahead


@harness.only_with_all
class PatientClock(unittest.TestCase):
    def test_it_falls_behind_while_a_process_waits_for_a_processor(self):
        harness.need("taskset")
        processor = min(os.sched_getaffinity(0))
        spin = ("sh", "-c", "while :; do :; done")
        # The process that waits is a child of the one that is named.
        of_waiting = Lag(start(self, processor, "sh", "-c", "sh -c 'while :; do :; done' & wait"))
        of_idle = Lag(start(self, processor, "sleep", "3600"))
        start(self, processor, *spin)
        harness.wait_for(lambda: of_waiting() > 1, "a clock to fall behind")
        self.assertLess(of_idle(), 0.5)


if __name__ == "__main__":
    harness.main()
