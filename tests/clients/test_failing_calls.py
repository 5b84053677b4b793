"""The program without memory, threads or descriptors: chosen calls of it fail (failing_calls.cpp). It
either ends before it serves, with one line and exit code 3, or serves on; it never aborts."""

import concurrent.futures
import contextlib
import os
import pathlib
import random
import resource
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import harness

SWEEP_SECONDS = 60 if harness.TEST_ALL else 10
NEVER = 10**9


def request(path, target, seconds=2, bytes_max=None):
    """The bytes that the server sends until it closes the connection; empty without a connection."""
    received = b""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(seconds)
        try:
            client.connect(path)
            client.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            while bytes_max is None or len(received) < bytes_max:
                part = client.recv(65536)
                if not part:
                    break
                received += part
        except OSError:
            pass
    return received


class Run:
    """One run of the program in which the call number `first` of `call` fails.
    Asks for every kind of answer, and then whether the program still answers. With `only_start` it is
    stopped when it has started."""

    def __init__(self, call, first, prefix=(), only_start=False):
        self.name = f"{call} {first}"
        self.answers_at_last = False
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder, "report")
            path = os.path.join(folder, "socket")
            environment = {**os.environ, "LD_PRELOAD": os.environ["RINGCAST_FAILING_CALLS"],
                           "RINGCAST_FAIL_CALL": call, "RINGCAST_FAIL_FIRST": str(first),
                           "RINGCAST_FAIL_REPORT": str(report)}
            process = subprocess.Popen(
                [*prefix, harness.binary(), "pattern", "--size", "320x240", "--listen", f"unix:{path}",
                 "--listen", "127.0.0.1:0"], env=environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                self.errors = ""
                if only_start:
                    self.wait_started(process)
                else:
                    self.use(process, path)
                self.errors += process.communicate(timeout=harness.WAIT_SECONDS)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                self.errors += process.communicate()[1] + "ringcast did not end\n"
            self.code = process.returncode
            lines = report.read_text().splitlines() if report.exists() else []
            self.calls = next((int(line.split()[1]) for line in lines if line.startswith("calls ")), None)
            self.stacks = [line.split() for line in lines if not line.startswith("calls ")]

    def wait_started(self, process):
        """The same as `use`, without a connection."""
        for line in process.stderr:
            self.errors += line
            if "Only this machine can watch" in line:
                self.answers_at_last = True
                process.send_signal(signal.SIGTERM)

    def use(self, process, path):
        """Returns when the process has been told to end, or has ended."""
        def answered_or_ended():
            return process.poll() is not None or request(path, "/healthz")

        harness.wait_for(answered_or_ended, f"an answer or the end ({self.name})")
        if process.poll() is not None:
            return
        for target, bytes_max in (("/", None), ("/api/status", None), ("/metrics", None), ("/pattern/snapshot", None),
                                  ("/nothing", None), ("/pattern/stream", 20000)):
            request(path, target, bytes_max=bytes_max)
        self.answers_at_last = any(request(path, "/healthz") for _ in range(3))
        process.send_signal(signal.SIGTERM)

    def problem(self):
        """What is wrong with the end of the run; None if nothing is."""
        messages = [line for line in self.errors.splitlines() if line.startswith("ringcast: ")]
        if self.code == 3 and len(messages) == 1:
            return None
        if self.code == 0 and self.answers_at_last:
            return None
        stack = " ".join(self.stacks[-1][:12]) if self.stacks else "no call failed"
        return f"{self.name}: exit code {self.code}, {stack}\n{self.errors}"


class FailingCalls(unittest.TestCase):
    def check(self, runs):
        problems = [problem for problem in (run.problem() for run in runs) if problem]
        self.assertFalse(problems, "\n".join(problems[:5]))

    def test_any_allocation_may_fail(self):
        total = Run("allocation", NEVER).calls
        self.assertGreater(total, 200)
        # Dense at first, then random, in an order that covers all of it however slow the machine is.
        seed = random.randrange(2**32)
        chosen = random.Random(seed)
        numbers = sorted({round(1.2**exponent) for exponent in range(60) if 1.2**exponent <= total})
        chosen.shuffle(numbers)
        numbers += [chosen.randint(1, total) for _ in range(1000)]
        end = time.monotonic() + SWEEP_SECONDS

        def one(index):
            if time.monotonic() > end:
                return None
            return Run("allocation", numbers[index])

        with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
            runs = [run for run in pool.map(one, range(len(numbers))) if run]
        print(f"{len(runs)} runs of {total} allocations, seed {seed}")
        self.check(runs)
        self.assertGreater(len(runs), 3)

    def test_calls_of_the_start_may_fail(self):
        runs = []
        for call in ("pthread_create", "eventfd", "mmap", "getsockname", "signalfd", "getrandom", "socket", "listen"):
            # Each of the first ones; those of the start are fewer.
            runs += [(call, first) for first in range(1, 4)]
        with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
            self.check(pool.map(lambda run: Run(*run), runs))

    def test_it_starts_with_few_descriptors_or_says_so(self):
        harness.need("prlimit")

        def limited(files):
            return Run("none", NEVER, prefix=("prlimit", f"--nofile={files}"), only_start=True)

        with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
            runs = list(pool.map(limited, (*range(5, 25, 2), 30, 40, 60, 400)))
        self.check(runs)
        self.assertEqual(runs[0].code, 3)
        self.assertEqual(runs[-1].code, 0)

    def test_memory_that_stays_short_costs_requests_and_no_viewer(self):
        with harness.Ringcast("pattern", "--size", "320x240").wait_live() as server:
            with harness.StreamReader(server.url) as reader:
                reader.part()
                pid = server.process.pid
                used = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
                unlimited = resource.prlimit(pid, resource.RLIMIT_AS)
                resource.prlimit(pid, resource.RLIMIT_AS, (used, unlimited[1]))
                refused = 0
                # Each client keeps its connection, so that memory gets shorter.
                with contextlib.ExitStack() as clients:
                    for _ in range(300):
                        client = clients.enter_context(server.connect())
                        client.socket.settimeout(5)
                        with contextlib.suppress(OSError):
                            client.send("GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            refused += client.socket.recv(1) == b""
                            continue
                        refused += 1
                    for _ in range(10):
                        reader.part()
                self.assertGreater(refused, 0)
                resource.prlimit(pid, resource.RLIMIT_AS, unlimited)
                harness.wait_for(lambda: server.get("/healthz")[0] == 200, "an answer")
                reader.part()
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    harness.main()
