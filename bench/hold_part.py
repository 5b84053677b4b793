"""How long ringcast's loop works at a time while its reports are requested: the longest time from the
return of one io_uring_enter to the next call. run.py calls `measure`, report.py calls `rows`."""

import contextlib
import http.client
import os
import re
import statistics
import time
from pathlib import Path

TRACING = Path("/sys/kernel/tracing")
VIEWERS = 4000
PATHS = (None, "/api/status", "/metrics", "/")
REQUESTS = 30
PAUSE_S = 0.4  # longer than a report is shared
FRAME_S = 0.25  # at least one frame of the stream is sent
LINE = re.compile(r" (\d+\.\d+): sys_io_uring_enter(\(| -> )")


class Trace:
    """Records the calls of io_uring_enter of one thread, by the kernel's tracing."""

    def __init__(self, thread):
        self.instance = TRACING / "instances" / f"ringcast-bench-{os.getpid()}"
        self.instance.mkdir()
        self.write("trace_clock", "mono")
        self.write("buffer_size_kb", "8192")
        for event in ("enter", "exit"):
            folder = f"events/syscalls/sys_{event}_io_uring_enter"
            self.write(f"{folder}/filter", f"common_pid == {thread}")
            self.write(f"{folder}/enable", "1")

    def write(self, name, text):
        (self.instance / name).write_text(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.instance.rmdir()

    def clear(self):
        self.write("trace", "")

    def longest_ms(self):
        """The longest time between two calls since `clear`, in milliseconds."""
        longest = 0.0
        returned = None
        for line in (self.instance / "trace").read_text().splitlines():
            found = LINE.search(line)
            if found is None:
                continue
            if found[2] == "(":
                longest = max(longest, float(found[1]) - returned) if returned else longest
                returned = None
            else:
                returned = float(found[1])
        return longest * 1e3


def measure(port, thread, say):
    """Returns a list of longest times for each path, in milliseconds; None is no request."""
    results = {str(path): [] for path in PATHS}
    with Trace(thread) as trace, contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    ) as connection:
        for turn in range(REQUESTS):
            for path in PATHS:
                time.sleep(PAUSE_S)
                trace.clear()
                if path is None:
                    time.sleep(FRAME_S)
                else:
                    connection.request("GET", path)
                    connection.getresponse().read()
                results[str(path)].append(trace.longest_ms())
            if turn % 10 == 9:
                say(f"loop's longest turn, {turn + 1} of {REQUESTS} requests")
    return results


def rows(results, number):
    """Rows of (what was requested, median, longest)."""
    return [
        (
            "nothing" if path == "None" else f"`{path}`",
            number(statistics.median(found), 2),
            number(max(found), 2),
        )
        for path, found in results.items()
    ]
