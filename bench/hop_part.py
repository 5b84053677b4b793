"""What a hop costs: a chain of ringcasts, each of which reads the stream of the one before, against
one that reads the feeder itself. run.py calls `measure`, report.py calls `rows`."""

import statistics

BYTES = 100_000
HOPS = (0, 1, 2)
VIEWERS = (1, 100)


def chain(bench, processes, hops, ports, fps):
    """Starts the feeder, the origin, and `hops` ringcasts behind it. Returns the feeder and the
    servers, the last of which has the viewers."""
    origin, feeder = bench.start_server(
        processes, bench.contenders[0], BYTES, fps, f"127.0.0.1:{ports[0]}"
    )
    servers = [origin]
    ringcast = bench.contenders[0].command[0]
    for port, before in zip(ports[1 : hops + 1], ports):
        command = (ringcast, f"http://127.0.0.1:{before}/stream", "--listen", "{address}")
        servers.append(bench.serve(processes, command, None, f"127.0.0.1:{port}", port))
    return feeder, servers


def run(bench, make_processes, hops, viewers, ports, fps):
    with make_processes() as processes:
        feeder, servers = chain(bench, processes, hops, ports, fps)
        command = [str(bench.programs / "bench_load"), f"127.0.0.1:{ports[hops]}"]
        command += ["--fps", str(fps), "--viewers", str(viewers), "--pid", str(servers[-1].pid)]
        command += ["--core", str(bench.server_core), "--core", str(bench.other_core)]
        command += ["--seconds", str(bench.options.seconds), "--count-syscalls"]
        for helper in (feeder, *servers[:-1]):
            command += ["--helper", str(helper.pid)]
        return bench.run_load(processes, command, bench.other_core)


def measure(bench, make_processes, first_port, fps):
    """Returns a list of {hops, viewers, result}; another number of hops begins in each turn."""
    ports = [first_port + i for i in range(max(HOPS) + 1)]
    found = []
    for turn in range(bench.options.runs):
        for viewers in VIEWERS:
            for i in range(len(HOPS)):
                hops = HOPS[(turn + i) % len(HOPS)]
                result = run(bench, make_processes, hops, viewers, ports, fps)
                found.append({"turn": turn, "hops": hops, "viewers": viewers, "result": result})
                bench.done += 1
                latency = result["good"]["latency_us"]
                bench.say(
                    f"{hops} hops, {viewers} viewers: p50 {latency['p50'] / 1000:.2f} ms, "
                    f"{result['cpu_ms_per_1000_frames']:.1f} ms per 1000 frames"
                )
    return found


def rows(found, number):
    """Rows of (hops, viewers, p50, p99, added p50, CPU per second, ratio, system calls per frame of
    the source): medians of the turns; differences and ratios within a turn."""
    table = []
    for viewers in VIEWERS:
        by_turn = {}
        for entry in found:
            if entry["viewers"] == viewers:
                by_turn.setdefault(entry["turn"], {})[entry["hops"]] = entry["result"]
        turns = [turn for turn in by_turn.values() if len(turn) == len(HOPS)]

        def middle(get):
            values = [get(turn) for turn in turns]
            return statistics.median(values) if values else None

        for hops in HOPS:
            latency = {
                name: middle(lambda turn, name=name: turn[hops]["good"]["latency_us"][name])
                for name in ("p50", "p99")
            }
            added = middle(
                lambda turn: turn[hops]["good"]["latency_us"]["p50"]
                - turn[max(hops - 1, 0)]["good"]["latency_us"]["p50"]
            )
            ratio = middle(lambda turn: turn[hops]["server_cpu_share"] / turn[0]["server_cpu_share"])
            calls = [
                turn[hops]["syscalls"]["per_source_frame"]
                for turn in turns
                if turn[hops].get("syscalls")
            ]
            table.append(
                (
                    str(hops),
                    str(viewers),
                    number(latency["p50"], 2, 1e-3),
                    number(latency["p99"], 2, 1e-3),
                    number(added, 2, 1e-3) if hops else "–",
                    number(middle(lambda turn: turn[hops]["server_cpu_share"]), 2, 1e3),
                    number(ratio, 2) if hops else "–",
                    number(statistics.median(calls) if calls else None, 1),
                )
            )
    return table
