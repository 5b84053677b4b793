"""Whether viewers of the whole picture notice a rendition that is made beside them, on another core. run.py calls
`measure`, report.py calls `sections`."""

import json
import os
import pathlib
import statistics
import time
import urllib.request

BYTES = 100_000
VIEWERS = 20
VARIANTS = ("alone", "beside half")


def move_workers(server, core):
    """The threads that make pictures go to `core`. The loop, which is the first thread, and the kernel's
    workers of io_uring stay."""
    for thread in pathlib.Path(f"/proc/{server.pid}/task").iterdir():
        own = not (thread / "comm").read_text().startswith("iou-")
        if own and int(thread.name) != server.pid:
            os.sched_setaffinity(int(thread.name), {core})


def begin_rendition(bench, processes, server, port):
    address = f"http://127.0.0.1:{port}"
    viewer = processes.start(
        ["curl", "-s", "-o", "/dev/null", f"{address}/stream?size=half"], bench.other_core
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{address}/api/status", timeout=5) as answer:
            renditions = json.load(answer)["streams"][0]["renditions"]
        if any(rendition["frames"] > 10 for rendition in renditions):
            move_workers(server, bench.other_core)
            return viewer
        time.sleep(0.1)
    raise RuntimeError("no rendition was made within 10 s")


def run(bench, make_processes, busy, port, fps):
    with make_processes() as processes:
        server, feeder = bench.start_server(
            processes, bench.contenders[0], BYTES, fps, f"127.0.0.1:{port}"
        )
        helpers = [feeder]
        # Whatever the measured viewers depend on shares the core of the loop, in both variants.
        os.sched_setaffinity(feeder.pid, {bench.server_core})
        if busy:
            helpers.append(begin_rendition(bench, processes, server, port))
        command = [str(bench.programs / "bench_load"), f"127.0.0.1:{port}"]
        command += ["--fps", str(fps), "--viewers", str(VIEWERS), "--pid", str(server.pid)]
        command += ["--core", str(bench.server_core), "--core", str(bench.other_core)]
        command += ["--seconds", str(bench.options.seconds)]
        for helper in helpers:
            command += ["--helper", str(helper.pid)]
        return bench.run_load(processes, command, bench.server_core)


def measure(bench, make_processes, port, fps):
    """Returns a list of turns, {variant: result}; the other variant begins in each turn."""
    turns = []
    for turn in range(bench.options.runs):
        found = {}
        for name in sorted(VARIANTS, reverse=turn % 2 == 1):
            found[name] = run(bench, make_processes, name != VARIANTS[0], port, fps)
            bench.done += 1
            latency = found[name]["good"]["latency_us"]
            bench.say(f"{name}: p50 {latency['p50'] / 1000:.2f} ms, p99 {latency['p99'] / 1000:.2f} ms")
        turns.append(found)
    return turns


def sections(turns, table):
    yield f"### Viewers of the whole picture beside a rendition that is made on another core, {VIEWERS} viewers of 100 KB"
    if "failed" in turns:
        yield f"Not measured: {turns['failed']}."
        return
    lines = []
    for name in VARIANTS:
        figures = []
        for percentile in ("p50", "p99"):
            values = [turn[name]["good"]["latency_us"][percentile] for turn in turns]
            ratios = [
                value / turn[VARIANTS[0]]["good"]["latency_us"][percentile]
                for value, turn in zip(values, turns)
            ]
            figures += [f"{statistics.median(values) / 1000:.2f}", f"{statistics.median(ratios):.2f}"]
        lines.append((name, *figures))
    yield table(("viewers", "p50 ms", "to alone", "p99 ms", "to alone"), lines)
