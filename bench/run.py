#!/usr/bin/python3
"""Runs the benchmark: compares ringcast with a floor, a bare loop of `send`, a Python server and
GStreamer, on the same frames. See docs/benchmarks.md. `./dev bench` calls it.

Everything runs in a network namespace that ends with this program. Servers are pinned to one core,
feeder and load generator to another. Contenders take turns. Runs with much foreign load are
discarded and repeated."""

import argparse
import ctypes
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
import unittest
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import beside_part  # noqa: E402  (found beside this file)
import encode_part  # noqa: E402
import hold_part  # noqa: E402
import hop_part  # noqa: E402
import link_part  # noqa: E402
import proxy_part  # noqa: E402
import rendition_part  # noqa: E402
import report  # noqa: E402

PORT = 8080
FPS = 30
SIZES = (30_000, 100_000, 300_000)
VIEWERS = (1, 10, 100, 500)
VIEWERS_SEARCH_MAX = 4000
FOREIGN_SHARE_MAX = 0.10  # of one core, over both cores of a run
GENERATOR_SHARE_MAX = 0.95  # above this the generator limits the result, not the server
ATTEMPTS_MAX = 4
START_TIMEOUT_S = 20.0
INSTRUCTION_FRAMES = (20, 100)
# Viewers with a rate limit, and viewers of a slower source who are sent as many frames without one.
LIMITED_FPS = 5
LIMITED_VIEWERS = (100, 1000, 4000)
LIMITED_BYTES = 10_000
PARTS = (
    "table", "most", "slow", "reader", "burst", "far", "link", "limited", "hold", "hop", "proxy",
    "instructions", "encode", "rendition", "beside",
)  # fmt: skip


@dataclass(frozen=True)
class Contender:
    name: str
    command: tuple  # {address} and {host} are replaced by what to listen on


class Failed(Exception):
    """A run that produced no figures; the message says why."""


def find_contenders(programs):
    """Returns the available contenders, and a line of text for each that is missing."""
    found = []
    missing = []
    ringcast = programs.parent / "ringcast"
    if ringcast.exists():
        command = (str(ringcast), "-", "--listen", "{address}")
        found.append(Contender("ringcast", command))
        found.append(Contender("epoll", (*command, "--engine", "epoll")))
    else:
        missing.append(f"ringcast: {ringcast} is not built")
    found.append(Contender("floor", (str(programs / "bench_floor"), "{address}")))
    found.append(Contender("bare send", (str(programs / "bench_bare_send"), "{address}")))
    found.append(
        Contender("python", ("/usr/bin/python3", str(HERE / "python_server.py"), "{address}"))
    )
    if shutil.which("gst-launch-1.0"):
        pipeline = (
            "fdsrc fd=0 blocksize=1048576 ! image/jpeg,framerate=30/1 ! jpegparse ! "
            f"multipartmux boundary=frame ! tcpserversink host={{host}} port={PORT} "
            "sync=false sync-method=latest"
        )
        found.append(Contender("gstreamer", ("gst-launch-1.0", "-q", *pipeline.split())))
    else:
        missing.append("gstreamer: install gstreamer1.0-tools and its base, good and bad plugins")
    return found, missing


def enter_namespace():
    """Restarts this program in a network namespace (and a mount namespace, for tracefs)."""
    if shutil.which("unshare") is None:
        sys.exit("bench: unshare is missing: install util-linux")
    own_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.execvp(
        "unshare",
        ["unshare", "--net", "--mount", *own_user, "/usr/bin/python3", __file__, "--inside"]
        + sys.argv[1:],
    )


def prepare_namespace():
    """Returns the name of the congestion control that the namespace uses."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    control = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    for name in ("cubic", "reno"):
        try:
            control.write_text(name)
            break
        except OSError:
            pass  # the host has to load and allow cubic; reno is always available
    if not Path("/sys/kernel/tracing/events").exists():
        # When this fails system calls can't be counted, which the table shows.
        subprocess.run(
            ["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], stderr=subprocess.DEVNULL
        )
    return control.read_text().strip()


def child_setup(core):
    """Returns a function for a child to run before exec: pins the child to `core`, and ends it when
    this program ends."""
    pr_set_pdeathsig = 1
    library = ctypes.CDLL(None)

    def setup():
        library.prctl(pr_set_pdeathsig, signal.SIGKILL)
        if core is not None:
            os.sched_setaffinity(0, {core})

    return setup


class Processes:
    """The processes of one run. They end with the block, in reverse order."""

    def __init__(self):
        self.running = []

    def __enter__(self):
        return self

    def start(self, command, core=None, **options):
        options.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(command, preexec_fn=child_setup(core), **options)
        self.running.append(process)
        return process

    def __exit__(self, *_):
        for process in reversed(self.running):
            process.terminate()
        for process in reversed(self.running):
            try:
                process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_listening(server, log, port=PORT):
    """Polls the kernel's table of sockets, so that no test connection disturbs the server."""
    deadline = time.monotonic() + START_TIMEOUT_S
    wanted = f":{port:04X}"
    while time.monotonic() < deadline:
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[1].endswith(wanted) and fields[3] == "0A":
                    return
        if server.poll() is not None:
            raise Failed(f"the server ended with status {server.returncode}{last_line(log)}")
        time.sleep(0.05)
    raise Failed(f"nothing listens on port {port} after {START_TIMEOUT_S:.0f} s{last_line(log)}")


def last_line(log):
    lines = log.read_text(errors="replace").split("\n")
    lines = [line for line in lines if line.strip()]
    return f": {lines[-1]}" if lines else ""


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.programs = options.build / "bench"
        self.work = work
        self.contenders, self.missing = find_contenders(self.programs)
        if options.contenders:
            self.contenders = [c for c in self.contenders if c.name in options.contenders]
        cores = sorted(os.sched_getaffinity(0))
        self.server_core, self.other_core = cores[0], cores[1 % len(cores)]
        self.planned = 1
        self.done = 0
        self.begun = time.monotonic()
        self.discarded = 0

    def say(self, text):
        passed = time.monotonic() - self.begun
        left = passed / self.done * (self.planned - self.done) if self.done else 0
        print(
            f"[{self.done}/{self.planned}, {passed / 60:.0f} min, about {left / 60:.0f} min left] {text}",
            flush=True,
        )

    def start_server(self, processes, contender, frame_bytes, rate, address):
        """Starts feeder and server, and returns them when the first frame has been written."""
        feeder = processes.start(
            [str(self.programs / "bench_feeder"), "--bytes", str(frame_bytes), "--rate", str(rate)],
            self.other_core,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        server = self.serve(processes, contender.command, feeder, address)
        if b"first frame" not in feeder.stderr.readline():
            raise Failed("the feeder ended without writing a frame")
        time.sleep(0.2)
        return server, feeder

    def serve(self, processes, command, feeder, address, port=PORT):
        """Starts a server that reads the output of the feeder, if there is one, and returns it when
        it listens."""
        log = self.work / f"server-{port}.log"
        with log.open("w") as output:
            server = processes.start(
                [
                    part.replace("{address}", address).replace("{host}", address.rsplit(":", 1)[0])
                    for part in command
                ],
                self.server_core,
                stdin=feeder.stdout if feeder else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if feeder:
            feeder.stdout.close()
        wait_until_listening(server, log, port)
        return server

    def run_once(self, contender, frame_bytes, load_arguments, rate=FPS, link=None):
        """Runs one contender once. Returns the report of the load generator."""
        address = f"0.0.0.0:{PORT}" if link else f"127.0.0.1:{PORT}"
        target = f"10.99.0.1:{PORT}" if link else address
        with Processes() as processes:
            server, feeder = self.start_server(processes, contender, frame_bytes, rate, address)
            command = [str(self.programs / "bench_load"), target, "--fps", str(rate)]
            command += ["--pid", str(server.pid), "--helper", str(feeder.pid)]
            command += ["--core", str(self.server_core), "--core", str(self.other_core)]
            command += load_arguments
            if link:
                command = [str(self.programs / "bench_tun_relay"), *link, "--", *command]
            result = self.run_load(processes, command, self.other_core)
            if server.poll() is not None:
                log = last_line(self.work / f"server-{PORT}.log")
                raise Failed(f"the server ended with status {server.returncode}{log}")
            return result

    @staticmethod
    def run_load(processes, command, core):
        """Returns the report of the load generator, which `command` starts."""
        load = processes.start(
            command, core, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            output, errors = load.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            raise Failed("the load generator did not end within 120 s") from None
        if load.returncode != 0:
            raise Failed(f"the load generator failed: {errors.strip()}")
        return json.loads(output)

    def run(self, contender, frame_bytes, load_arguments, what, **options):
        """Repeats a run until it has little foreign load. After some attempts, returns the quietest
        run, marked as noisy."""
        best = None
        for _ in range(ATTEMPTS_MAX):
            try:
                result = self.run_once(contender, frame_bytes, load_arguments, **options)
            except Failed as failure:
                self.say(f"{what}: {contender.name}: {failure}")
                reason = str(failure)
                continue
            # The tun relay's processor time would count as foreign load, so it is not checked then.
            foreign = 0.0 if options.get("link") else result["foreign_cpu_share"]
            result["noisy"] = foreign > self.options.foreign
            if best is None or foreign < best["foreign_cpu_share"]:
                best = result
            if not result["noisy"]:
                break
            self.discarded += 1
        self.done += 1
        if best is None:
            return {"failed": reason}
        best["generator_saturated"] = (
            best["load_cpu_share"] + best["helpers_cpu_share"] > GENERATOR_SHARE_MAX
        )
        self.say(f"{what}: {contender.name}: {describe(best)}")
        return best

    def table(self):
        options = self.options
        cells = [(size, viewers) for size in options.sizes for viewers in options.viewers]
        self.planned += options.runs * len(cells) * len(self.contenders)
        results = []
        for turn in range(options.runs):
            for size, viewers in cells:
                # Another contender begins in each turn.
                order = self.contenders[turn % len(self.contenders) :]
                order += self.contenders[: turn % len(self.contenders)]
                for contender in order:
                    arguments = ["--viewers", str(viewers), "--seconds", str(options.seconds)]
                    if turn == 0:
                        arguments.append("--count-syscalls")
                    what = f"run {turn + 1}, {size // 1000} KB, {viewers} viewers"
                    result = self.run(contender, size, arguments, what)
                    results.append(
                        {
                            "turn": turn,
                            "contender": contender.name,
                            "frame_bytes": size,
                            "viewers": viewers,
                            "result": result,
                        }
                    )
        return results

    def most(self):
        """Finds the largest number of viewers of whom 99 % get 95 % of the frames."""
        self.planned += 10 * len(self.contenders)
        results = {}
        for contender in self.contenders:
            best, limit, saturated = 0, None, False
            viewers = 128
            while viewers <= VIEWERS_SEARCH_MAX and viewers > best * 1.03:
                arguments = ["--viewers", str(viewers), "--seconds", "3"]
                result = self.run(contender, 100_000, arguments, f"most viewers, {viewers}")
                good = result.get("good", {})
                if good.get("viewers_at_95_percent", 0) >= 0.99 * viewers:
                    best = viewers
                else:
                    limit = viewers
                    saturated = result.get("generator_saturated", False)
                viewers = best * 2 if limit is None else (best + limit) // 2
            results[contender.name] = {"viewers": best, "generator_saturated": saturated}
        return results

    def scenario(self, what, frame_bytes, arguments, rate=FPS, link=None):
        chosen = self.contenders
        runs = max(1, self.options.runs // 2)
        self.planned += len(chosen) * runs
        results = {contender.name: [] for contender in chosen}
        for _ in range(runs):
            for contender in chosen:
                results[contender.name].append(
                    self.run(contender, frame_bytes, arguments, what, rate=rate, link=link)
                )
        return results

    def slow(self):
        arguments = ["--viewers", "20", "--never", "10", "--slow", "10", "--slow-rate", "300000"]
        return self.scenario("slow and stuck viewers", 100_000, arguments + ["--seconds", "15"])

    def reader(self):
        arguments = ["--viewers", "0", "--slow", "1", "--slow-rate", "300000"]
        arguments += ["--warmup", "10", "--seconds", "20"]
        return self.scenario("a reader of 300 KB/s", 60_000, arguments, rate=15)

    def burst(self):
        arguments = ["--viewers", "300", "--burst", "--connect", "5"]
        arguments += ["--warmup", "0", "--seconds", "1"]
        return self.scenario("300 viewers at the same time", 100_000, arguments)

    def far(self):
        arguments = ["--viewers", "1", "--warmup", "5", "--seconds", "10"]
        return {
            "100 ms round trip": self.scenario(
                "far viewer, 100 ms", 200_000, arguments, link=["--delay-ms", "50"]
            ),
            "20 ms round trip, 20 Mbit/s": self.scenario(
                "far viewer, 20 Mbit/s",
                200_000,
                arguments,
                link=["--delay-ms", "10", "--rate-mbit", "20"],
            ),
        }

    def link(self):
        """One viewer behind a thin link, and behind one whose rate changes."""
        chosen = [c for c in self.contenders if c.name in ("ringcast", "python", "gstreamer")]
        self.planned += sum(len(link_part.variants(c)) for c in chosen) * (len(link_part.RATES) + 1)

        def say(text):
            self.done += 1
            self.say(text)

        return link_part.measure(chosen, self.read_behind, say)

    def read_behind(self, contender, path, link, seconds):
        """The frames that one viewer behind `link` gets; see link_reader.py."""
        with Processes() as processes:
            self.start_server(processes, contender, link_part.FRAME_BYTES, FPS, f"0.0.0.0:{PORT}")
            reader = ["/usr/bin/python3", str(HERE / "link_reader.py"), f"10.99.0.1:{PORT}"]
            command = [str(self.programs / "bench_tun_relay"), *link, "--", *reader, path]
            done = subprocess.run(
                [*command, str(seconds)], stdout=subprocess.PIPE, check=True, timeout=seconds + 60
            )
        return json.loads(done.stdout)

    def limited(self):
        """The cost of a frame for viewers that ask for ?fps=5 of a stream of 30 frames/s, and for
        viewers of a stream of 5 frames/s, which are sent as many frames."""
        chosen = [c for c in self.contenders if c.name == "ringcast"]
        variants = {"limited": (FPS, f"/stream?fps={LIMITED_FPS}"), "all": (LIMITED_FPS, "/stream")}
        self.planned += len(chosen) * self.options.runs * len(LIMITED_VIEWERS) * len(variants)
        rows = []
        for contender in chosen:
            for turn in range(self.options.runs):
                for viewers in LIMITED_VIEWERS:
                    row = {"viewers": viewers}
                    # Another variant begins in each turn.
                    for name in sorted(variants, reverse=turn % 2 == 1):
                        rate, path = variants[name]
                        arguments = ["--viewers", str(viewers), "--path", path]
                        arguments += ["--seconds", str(self.options.seconds)]
                        what = f"limited, run {turn + 1}, {viewers} viewers, {path}"
                        row[name] = self.run(
                            contender, LIMITED_BYTES, arguments, what, rate=rate
                        )
                    rows.append(row)
        return {"rows": rows, "instructions": self.limited_instructions(chosen)}

    def hold(self):
        """How long the loop works at a time while its reports are requested beside many viewers."""
        chosen = [c for c in self.contenders if c.name == "ringcast"]
        if not chosen:
            return {"failed": "ringcast is not built"}
        self.planned += 1
        seconds = len(hold_part.PATHS) * hold_part.REQUESTS * (hold_part.PAUSE_S + 0.1)
        try:
            with Processes() as processes:
                address = f"127.0.0.1:{PORT}"
                server, _ = self.start_server(
                    processes, chosen[0], LIMITED_BYTES, LIMITED_FPS, address
                )
                command = [str(self.programs / "bench_load"), address, "--fps", str(LIMITED_FPS)]
                command += ["--viewers", str(hold_part.VIEWERS), "--seconds", str(seconds)]
                processes.start(command, self.other_core, stdout=subprocess.DEVNULL)
                time.sleep(5)  # the viewers connect
                found = hold_part.measure(PORT, server.pid, self.say)
        except (Failed, OSError) as failure:
            self.say(f"loop's longest turn: {failure}")
            return {"failed": str(failure)}
        self.done += 1
        return found

    def hop(self):
        """Latency and processor time of ringcasts that read each other's streams."""
        if not self.contenders or self.contenders[0].name != "ringcast":
            return {"failed": "ringcast is not built"}
        self.planned += self.options.runs * len(hop_part.VIEWERS) * len(hop_part.HOPS)
        try:
            return hop_part.measure(self, Processes, PORT, FPS)
        except (Failed, RuntimeError, subprocess.TimeoutExpired) as failure:
            self.say(f"hop: {failure}")
            return {"failed": str(failure)}

    def proxy(self):
        """The age that proxies add, for viewers that keep up and for slow ones."""
        if not self.contenders or self.contenders[0].name != "ringcast":
            return {"failed": "ringcast is not built"}
        self.planned += len(proxy_part.RATES) + len(proxy_part.VARIANTS)

        def say(text):
            self.done += 1
            self.say(text)

        try:
            return proxy_part.measure(self.contenders[0].command[0], say)
        except (AssertionError, OSError, unittest.SkipTest) as failure:
            self.say(f"proxies: {failure}")
            return {"failed": str(failure)}

    def limited_instructions(self, chosen):
        """As `instructions`, for both variants of `limited`."""
        if not chosen or shutil.which("valgrind") is None:
            return {"failed": "install valgrind"}
        self.planned += 8
        results = {}
        for name, times, path in (("all", 1, "/stream"), ("limited", 6, "/stream?fps=4")):
            counted = {
                (viewers, frames): self.count_instructions(
                    chosen[0], LIMITED_BYTES, viewers, frames * times, rate=4 * times, path=path
                )
                for viewers in (10, 500)
                for frames in INSTRUCTION_FRAMES
            }
            if None in counted.values():
                return {"failed": "a run failed, see the output"}
            instructions, delivered = self.double_difference(counted, 10, 500)
            if delivered < 0.9 * 490 * (INSTRUCTION_FRAMES[1] - INSTRUCTION_FRAMES[0]):
                return {"failed": "frames were skipped: use an idle machine"}
            results[name] = instructions / delivered
        return results

    @staticmethod
    def double_difference(counted, fewer_viewers, more_viewers):
        """(instructions, delivered frames) of the additional viewers and frames."""
        few, many = INSTRUCTION_FRAMES
        return tuple(
            counted[more_viewers, many][i]
            - counted[more_viewers, few][i]
            - counted[fewer_viewers, many][i]
            + counted[fewer_viewers, few][i]
            for i in (0, 1)
        )

    def encode(self):
        self.planned += encode_part.ROW_COUNT

        def say(text):
            self.done += 1
            self.say(text)

        options = self.options
        return encode_part.measure(
            self.programs, options.runs, options.foreign, ATTEMPTS_MAX, say
        )

    def rendition(self):
        self.planned += rendition_part.ROW_COUNT

        def say(text):
            self.done += 1
            self.say(text)

        return rendition_part.measure(self.programs, self.options.runs, say)

    def beside(self):
        """The latency of viewers of the whole picture beside a rendition."""
        if not self.contenders or self.contenders[0].name != "ringcast":
            return {"failed": "ringcast is not built"}
        self.planned += self.options.runs * len(beside_part.VARIANTS)
        try:
            return beside_part.measure(self, Processes, PORT, FPS)
        except (Failed, RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
            self.say(f"beside a rendition: {failure}")
            return {"failed": str(failure)}

    def instructions(self):
        """User-space instructions per viewer and frame, by callgrind: the cost of 190 more viewers
        and 80 more frames. The double difference removes start-up, connecting and reading the
        source."""
        if shutil.which("valgrind") is None:
            return {"failed": "install valgrind"}
        chosen = [c for c in self.contenders if c.name in ("ringcast", "floor", "bare send")]
        self.planned += 8 * len(chosen)
        results = {}
        for contender in chosen:
            results[contender.name] = {}
            for size in (10_000, 1_000_000):
                counted = {
                    (viewers, frames): self.count_instructions(contender, size, viewers, frames)
                    for viewers in (10, 200)
                    for frames in INSTRUCTION_FRAMES
                }
                if None in counted.values():
                    results[contender.name] = {"failed": "the run failed, see the output"}
                    break
                few, many = INSTRUCTION_FRAMES
                instructions, delivered = self.double_difference(counted, 10, 200)
                if delivered < 0.98 * 190 * (many - few):
                    results[contender.name] = {"failed": "frames were skipped: use an idle machine"}
                    break
                results[contender.name][str(size)] = instructions / delivered
        return results

    def count_instructions(self, contender, frame_bytes, viewers, frames, rate=4, path="/stream"):
        """Runs a server under callgrind. Returns (instructions, delivered frames), or None. `rate`:
        slow enough that no viewer skips frames and no backlog builds up in the pipe."""
        output = self.work / "callgrind.out"
        delay_s = 8
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"]
        command += contender.command
        what = f"instructions, {frame_bytes // 1000} KB, {viewers} viewers, {frames} frames"
        try:
            with Processes() as processes:
                # The viewers connect before the first frame and stay until after the last.
                feeder = processes.start(
                    [str(self.programs / "bench_feeder"), "--bytes", str(frame_bytes)]
                    + ["--rate", str(rate), "--frames", str(frames), "--delay", str(delay_s)],
                    self.other_core,
                    stdout=subprocess.PIPE,
                )
                address = f"127.0.0.1:{PORT}"
                server = self.serve(processes, command, feeder, address)
                load = subprocess.run(
                    [str(self.programs / "bench_load"), address, "--viewers", str(viewers)]
                    + ["--path", path, "--burst", "--warmup", "0", "--connect", "0"]
                    + ["--seconds", str(delay_s + frames / rate + 2), "--fps", str(rate)],
                    stdout=subprocess.PIPE,
                    check=True,
                )
                good = json.loads(load.stdout)["good"]
                # Callgrind writes its file at the end of the server.
                server.terminate()
                server.wait(timeout=30)
            for line in output.read_text().splitlines():
                if line.startswith(("summary:", "totals:")):
                    counted = int(line.split()[1]), good["delivered"]
                    break
            else:
                raise Failed("callgrind wrote no totals")
        except (Failed, OSError, subprocess.SubprocessError) as failure:
            self.say(f"{what}: {contender.name}: {failure}")
            return None
        self.done += 1
        self.say(f"{what}: {contender.name}: {counted[0]} for {counted[1]} delivered frames")
        return counted


def describe(result):
    """A summary of a run for the progress line."""
    text = []
    if "cpu_ms_per_1000_frames" in result:
        text.append(f"{result['cpu_ms_per_1000_frames']:.1f} ms per 1000 frames")
    for kind in ("good", "slow"):
        if kind in result:
            figures = result[kind]
            text.append(f"{figures['delivered_share'] * 100:.1f} % delivered")
            if figures["latency_us"]:
                text.append(f"p99 {figures['latency_us']['p99'] / 1000:.1f} ms")
            if figures["damaged"]:
                text.append(f"{figures['damaged']} DAMAGED")
    if result["noisy"]:
        text.append(f"noisy, {result['foreign_cpu_share']:.2f} cores of foreign load")
    if result["generator_saturated"]:
        text.append("generator saturated")
    return ", ".join(text)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer runs and parts: a few minutes")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="only these parts (default: all)")
    parser.add_argument("--contenders", nargs="+", help="run only these contenders")
    parser.add_argument("--build", type=Path, default=HERE.parent / "build/release", help="build")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for the results")
    parser.add_argument(
        "--add", action="store_true", help="keep the last results of parts that are not run now"
    )
    parser.add_argument("--docs", type=Path, help="also update the tables in this page")
    parser.add_argument("--runs", type=int, help="number of turns of the table")
    parser.add_argument("--seconds", type=float, help="seconds per run of the table")
    parser.add_argument("--sizes", type=int, nargs="+", help="frame sizes, bytes")
    parser.add_argument("--viewers", type=int, nargs="+", help="numbers of viewers")
    parser.add_argument(
        "--foreign", type=float, default=FOREIGN_SHARE_MAX, help="allowed foreign load, cores"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    quick = options.quick
    options.runs = options.runs or (2 if quick else 5)
    options.seconds = options.seconds or (2.0 if quick else 5.0)
    options.sizes = options.sizes or ((100_000,) if quick else SIZES)
    options.viewers = options.viewers or ((1, 100, 500) if quick else VIEWERS)
    options.only = options.only or (("table", "slow", "burst", "far") if quick else PARTS)
    return options


def describe_machine(congestion_control):
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            model = line.split(":", 1)[1].strip()
    commit = subprocess.run(
        ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "congestion_control": congestion_control,
        "commit": commit,
        "date": time.strftime("%Y-%m-%d"),
    }


def main():
    options = read_options()
    if not options.inside:
        enter_namespace()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    machine = describe_machine(prepare_namespace())
    options.out.mkdir(parents=True, exist_ok=True)
    work = options.out / "work"
    work.mkdir(exist_ok=True)
    bench = Bench(options, work)
    for line in bench.missing:
        print(f"not measured: {line}", flush=True)
    bench.planned = 0
    results = {"parts": {}, "measured": {}}
    if options.add:
        try:
            results = json.loads((options.out / "results.json").read_text())
        except FileNotFoundError:
            pass  # there is no earlier run
    try:
        for part in options.only:
            bench.discarded = 0
            results["parts"][part] = getattr(bench, part)()
            results["measured"][part] = machine | {"thrown_away": bench.discarded}
            if part == "table":
                results["measured"][part] |= {"runs": options.runs, "seconds": options.seconds}
            # Written after each part, so that results survive when a later part is interrupted.
            report.write(results, options.out, options.docs)
    except KeyboardInterrupt:
        sys.exit("bench: stopped")
    finally:
        shutil.rmtree(work)
    print(f"written: {options.out}/results.json, tables.md, plot.png")


if __name__ == "__main__":
    main()
