"""Turns the results of run.py into Markdown tables and a plot, without any other figures."""

import json
import statistics

import beside_part
import encode_part
import hold_part
import hop_part
import link_part
import proxy_part
import rendition_part

BEGIN = "<!-- results: begin (written by ./dev bench) -->"
END = "<!-- results: end -->"
NOTHING = "–"


def write(results, directory, docs):
    (directory / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    text = "\n\n".join(sections(results)) + "\n"
    (directory / "tables.md").write_text(text)
    if "table" in results["parts"]:
        plot(results["parts"]["table"], directory / "plot.png")
    if docs:
        page = docs.read_text()
        before, rest = page.split(BEGIN, 1)
        after = rest.split(END, 1)[1]
        docs.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


def sections(results):
    parts = results["parts"]
    measured = results["measured"]
    yield (
        "`~`: a figure from runs that stayed noisy. `>`: the load generator was saturated. "
        "`–`: could not be measured."
    )
    if "table" in parts:
        options = measured["table"]
        yield (
            f"{origin(options)} Medians of {options['runs']} interleaved runs of "
            f"{options['seconds']:g} s."
        )
        yield from cost_tables(parts["table"])
    if "most" in parts:
        yield "### Most viewers of 100 KB frames of which 99 in 100 get 95 % of 30 frames/s"
        yield table(
            ("contender", "viewers"),
            [
                (name, (">" if found["generator_saturated"] else "") + str(found["viewers"]))
                for name, found in parts["most"].items()
            ],
        )
        yield origin(measured["most"])
    yield from scenario_tables(parts, measured)
    if "link" in parts:
        yield from link_part.sections(parts["link"], table)
        yield origin(measured["link"])
    if "limited" in parts:
        yield "### Viewers that limit their rate (`?fps=5` of 30 frames/s), frames of 10 KB"
        yield limited_table(parts["limited"])
        yield origin(measured["limited"])
    if "hold" in parts:
        yield "### The longest turn of the loop while reports are requested, 4000 viewers"
        yield hold_table(parts["hold"])
        yield origin(measured["hold"])
    if "hop" in parts:
        yield "### Ringcasts that read each other's streams, frames of 100 KB at 30 frames/s"
        yield hop_table(parts["hop"])
        yield origin(measured["hop"])
    if "proxy" in parts:
        yield "### Behind a proxy, frames of 72 KB"
        yield proxy_table(parts["proxy"])
        yield origin(measured["proxy"])
    if "instructions" in parts:
        yield "### User-space instructions per viewer and frame"
        yield instruction_table(parts["instructions"])
        yield origin(measured["instructions"])
    if "encode" in parts:
        yield from encode_part.sections(parts["encode"], table)
        yield origin(measured["encode"])
    if "rendition" in parts:
        yield from rendition_part.sections(parts["rendition"], table)
        yield origin(measured["rendition"])
    if "beside" in parts:
        yield from beside_part.sections(parts["beside"], table)
        yield origin(measured["beside"])


def origin(machine):
    """A sentence on where and when a part was measured."""
    return (
        f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}, "
        f"{machine['congestion_control']}, commit {machine['commit']}, {machine['date']}; "
        f"discarded for foreign load: {machine['thrown_away']} runs."
    )


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def path(result, *keys):
    """result[key][key]..., or None where a run has no such figure."""
    for key in keys:
        if not isinstance(result, dict) or result.get(key) is None:
            return None
        result = result[key]
    return result


def median(results, *keys):
    values = [value for value in (path(result, *keys) for result in results) if value is not None]
    return statistics.median(values) if values else None


def number(value, digits=1, scale=1.0):
    return NOTHING if value is None else f"{value * scale:.{digits}f}"


def marks(results):
    noisy = any(result.get("noisy") for result in results)
    saturated = any(result.get("generator_saturated") for result in results)
    return ("~" if noisy else "") + (">" if saturated else "")


def turns(rows, size, viewers, contender):
    """The results of one cell, by turn."""
    return {
        row["turn"]: row["result"]
        for row in rows
        if (row["frame_bytes"], row["viewers"], row["contender"]) == (size, viewers, contender)
    }


# A lower bound of its own: the same system calls without the rest.
FLOORS = {"epoll": "bare send"}


def ratio_to_floor(rows, size, viewers, contender, *keys):
    """The median of the ratios of each turn. Runs of one turn are close to each other in time."""
    floor = turns(rows, size, viewers, FLOORS.get(contender, "floor"))
    ratios = []
    for turn, result in turns(rows, size, viewers, contender).items():
        mine, its = path(result, *keys), path(floor.get(turn), *keys)
        if mine is not None and its:
            ratios.append(mine / its)
    return statistics.median(ratios) if ratios else None


def distinct(rows, key):
    return list(dict.fromkeys(row[key] for row in rows))


CPU = ("cpu_ms_per_1000_frames",)
P50 = ("good", "latency_us", "p50")
P99 = ("good", "latency_us", "p99")


def cost_tables(rows):
    for size in distinct(rows, "frame_bytes"):
        lines = []
        for viewers in distinct(rows, "viewers"):
            for contender in distinct(rows, "contender"):
                cell = list(turns(rows, size, viewers, contender).values())
                lines.append(
                    (
                        str(viewers),
                        contender + marks(cell),
                        number(median(cell, *CPU)),
                        number(ratio_to_floor(rows, size, viewers, contender, *CPU), 2),
                        number(median(cell, *P50), 2, 1e-3),
                        number(median(cell, *P99), 2, 1e-3),
                        number(ratio_to_floor(rows, size, viewers, contender, *P99), 2),
                        number(median(cell, "good", "delivered_share"), 1, 100),
                        str(sum(path(result, "good", "damaged") or 0 for result in cell)),
                        number(median(cell, "syscalls", "per_source_frame")),
                        number(median(cell, "syscalls", "per_delivered_frame"), 2),
                        number(median(cell, "peak_memory_kb"), 1, 1 / 1024),
                    )
                )
        yield f"### Frames of {size // 1000} KB, 30 a second"
        yield table(
            (
                "viewers",
                "contender",
                "CPU ms per 1000 viewer-frames",
                "ratio to floor",
                "latency p50 ms",
                "p99 ms",
                "p99 ratio to floor",
                "delivered %",
                "damaged",
                "system calls per source frame",
                "per delivered frame",
                "peak MiB",
            ),
            lines,
        )


def scenario_tables(parts, measured):
    if "slow" in parts:
        yield "### 20 good viewers beside 10 that never read and 10 that read 300 KB/s (100 KB frames)"
        yield table(
            ("contender", "good: delivered %", "worst good viewer %", "p99 ms")
            + ("slow: age p50 ms", "slow: age max ms", "damaged", "peak MiB"),
            [
                (
                    name + marks(runs),
                    number(median(runs, "good", "delivered_share"), 1, 100),
                    number(median(runs, "good", "share_min"), 1, 100),
                    number(median(runs, *P99), 1, 1e-3),
                    number(median(runs, "slow", "latency_us", "p50"), 0, 1e-3),
                    number(median(runs, "slow", "latency_us", "max"), 0, 1e-3),
                    number(median(runs, "good", "damaged"), 0)
                    + " + "
                    + number(median(runs, "slow", "damaged"), 0),
                    number(median(runs, "peak_memory_kb"), 1, 1 / 1024),
                )
                for name, runs in parts["slow"].items()
            ],
        )
        yield origin(measured["slow"])
    if "reader" in parts:
        yield "### One reader of 300 KB/s of 60 KB frames at 15 a second, after 10 s"
        yield table(
            ("contender", "age p50 ms", "age max ms", "frames skipped", "damaged"),
            [
                (
                    name + marks(runs),
                    number(median(runs, "slow", "latency_us", "p50"), 0, 1e-3),
                    number(median(runs, "slow", "latency_us", "max"), 0, 1e-3),
                    number(median(runs, "slow", "skipped"), 0),
                    number(median(runs, "slow", "damaged"), 0),
                )
                for name, runs in parts["reader"].items()
            ],
        )
        yield origin(measured["reader"])
    if "burst" in parts:
        yield "### 300 viewers that connect in the same instant: time to the first frame"
        yield table(
            ("contender", "p50 ms", "last ms", "without a frame"),
            [
                (
                    name + marks(runs),
                    number(median(runs, "good", "first_frame_us", "p50"), 1, 1e-3),
                    number(median(runs, "good", "first_frame_us", "max"), 1, 1e-3),
                    number(median(runs, "good", "without_frame"), 0),
                )
                for name, runs in parts["burst"].items()
            ],
        )
        yield origin(measured["burst"])
    for link, found in parts.get("far", {}).items():
        yield f"### A far viewer of 200 KB frames: {link}"
        yield table(
            ("contender", "frames per second", "age p50 ms", "age p99 ms", "CPU ms per 1000 frames"),
            [
                (
                    name,
                    number(median(runs, "good", "delivered_share"), 1, 30),
                    number(median(runs, *P50), 0, 1e-3),
                    number(median(runs, *P99), 0, 1e-3),
                    number(median(runs, *CPU), 0),
                )
                for name, runs in found.items()
            ],
        )
    if "far" in parts:
        yield origin(measured["far"])


def limited_table(found):
    """Pairs of adjacent runs: with a limit, and all frames of a stream that has as many. The cost of
    more viewers leaves out that of the source, which is read six times as often in the first."""
    rows = []
    fewest = min(distinct(found["rows"], "viewers"))
    base = [row for row in found["rows"] if row["viewers"] == fewest]
    for viewers in distinct(found["rows"], "viewers"):
        turns = [row for row in found["rows"] if row["viewers"] == viewers]
        key = "cpu_ms_per_1000_frames"
        pairs = [
            row["limited"][key] / row["all"][key]
            for row in turns
            if key in row["limited"] and key in row["all"]
        ]
        rows.append(
            (
                f"CPU ms per 1000 viewer-frames, {viewers} viewers",
                number(median([row["all"] for row in turns], key)),
                number(median([row["limited"] for row in turns], key)),
                number(statistics.median(pairs) if pairs else None, 2),
            )
        )
        if viewers > fewest:
            name = f"CPU ms per 1000 viewer-frames of the viewers from {fewest} to {viewers}"
            rows.append((name, *added_cost(base, turns)))
    counts = found["instructions"]
    if "failed" not in counts:
        rows.append(
            (
                "instructions per viewer-frame, 500 viewers",
                number(counts["all"], 0),
                number(counts["limited"], 0),
                number(counts["limited"] / counts["all"], 2),
            )
        )
    return table(("what", "every frame of 5 frames/s", "`?fps=5` of 30 frames/s", "ratio"), rows)


def added_cost(base, turns):
    """Medians of the cost of a frame of the viewers that `turns` have more than `base`: all frames,
    with a limit, and of the ratio of the two within a turn."""
    costs = {"all": [], "limited": []}
    ratios = []
    for few, many in zip(base, turns):
        if any("server_cpu_share" not in row[name] for row in (few, many) for name in costs):
            continue
        for name in costs:
            share = many[name]["server_cpu_share"] - few[name]["server_cpu_share"]
            rate = frame_rate(many[name]) - frame_rate(few[name])
            costs[name].append(share / rate * 1e6)
        ratios.append(costs["limited"][-1] / costs["all"][-1])
    if not ratios:
        return NOTHING, NOTHING, NOTHING
    middle = {name: statistics.median(found) for name, found in costs.items()}
    return number(middle["all"]), number(middle["limited"]), number(statistics.median(ratios), 2)


def frame_rate(result):
    return result["good"]["delivered"] / result["seconds"]


def hold_table(found):
    if "failed" in found:
        return f"Not measured: {found['failed']}."
    return table(("request", "median ms", "longest of 30, ms"), hold_part.rows(found, number))


def hop_table(found):
    if "failed" in found:
        return f"Not measured: {found['failed']}."
    head = ("hops", "viewers", "p50 ms", "p99 ms", "p50 added by the hop, ms")
    head += ("CPU of the last server, ms per s", "of one without hops", "system calls per frame")
    return table(head, hop_part.rows(found, number))


def proxy_table(found):
    if "failed" in found:
        return f"Not measured: {found['failed']}."
    head = ["proxy", *(f"ms added at {rate} frames/s" for rate in proxy_part.RATES)]
    head += [f"viewer of 300 KB/s, {variant}: age s" for variant in proxy_part.VARIANTS]
    return table(head, proxy_part.rows(found, number))


def instruction_table(found):
    if "failed" in found:
        return f"Not counted: {found['failed']}."
    rows = []
    for name, slopes in found.items():
        if "failed" in slopes:
            rows.append((name, slopes["failed"], NOTHING, NOTHING))
            continue
        small, large = slopes["10000"], slopes["1000000"]
        rows.append((name, number(small, 0), number(large, 0), number(large / small, 2)))
    return table(("contender", "10 KB frames", "1 MB frames", "ratio"), rows)


def plot(rows, target):
    try:
        import matplotlib
    except ImportError:
        print("no plot: install python3-matplotlib", flush=True)
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    sizes = distinct(rows, "frame_bytes")
    figure, axes = pyplot.subplots(2, len(sizes), figsize=(4.5 * len(sizes), 7), squeeze=False)
    for column, size in enumerate(sizes):
        for axis, keys, scale in ((axes[0][column], CPU, 1.0), (axes[1][column], P99, 1e-3)):
            for contender in distinct(rows, "contender"):
                points = [
                    (viewers, median(turns(rows, size, viewers, contender).values(), *keys))
                    for viewers in distinct(rows, "viewers")
                ]
                points = [(viewers, value * scale) for viewers, value in points if value is not None]
                if points:
                    axis.plot(*zip(*points), marker="o", label=contender)
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.set_xlabel("viewers")
            axis.grid(alpha=0.3)
        axes[0][column].set_title(f"{size // 1000} KB frames")
    axes[0][0].set_ylabel("CPU ms per 1000 viewer-frames")
    axes[1][0].set_ylabel("latency p99, ms")
    axes[0][0].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(target, dpi=110)
    pyplot.close(figure)
