"""The benchmark of renditions: what a smaller or turned picture costs beside the full one, by
bench_rendition. run.py calls `measure`, report.py calls `sections`."""

import json
import statistics
import subprocess

# Size, format and quality of the source. At quality 80 the noisy pattern of 1280x720 has 109 KB, and
# at quality 93 as many as the frames of many cameras.
SOURCES = (
    (1280, 720, "yuv420", 80),
    (1280, 720, "yuv420", 93),
    (1920, 1080, "yuv420", 80),
    (1920, 1080, "yuyv", 80),
)
ROW_COUNT = len(SOURCES)
FRAMES = 20


def measure(programs, rounds, say):
    """Returns a list of rows, one for each source; reports progress by `say`."""
    rows = []
    for width, height, pixel_format, quality in SOURCES:
        command = [str(programs / "bench_rendition"), "--format", pixel_format]
        command += ["--width", str(width), "--height", str(height)]
        command += ["--source-quality", str(quality)]
        command += ["--rounds", str(rounds), "--frames", str(FRAMES)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        report = json.loads(done.stdout)
        name = f"{width}x{height} {pixel_format}, quality {quality}"
        rows.append({"source": name} | report)
        halves = ", ".join(
            f"half of {kind} {ratio(report['rounds'], kind + ' half'):.2f}"
            for kind in ("jpeg", "raw")
        )
        say(f"renditions, {name}: {halves}")
    return rows


def median(rounds, kind, key):
    return statistics.median(turn[kind][key] for turn in rounds)


def ratio(rounds, kind):
    """The median of the ratios within each round, so that slow drifts of the machine cancel out."""
    full = kind.split()[0] + " full"
    return statistics.median(turn[kind]["cpu_us"] / turn[full]["cpu_us"] for turn in rounds)


def sections(rows, table):
    yield "### What a rendition costs, quality 80, back to back"
    lines = []
    for row in rows:
        rounds = row["rounds"]
        for kind in rounds[0]:
            lines.append(
                (
                    row["source"],
                    kind,
                    f"{median(rounds, kind, 'cpu_us') / 1000:.2f}",
                    f"{ratio(rounds, kind):.2f}",
                    f"{median(rounds, kind, 'bytes') / 1000:.0f}",
                )
            )
    yield table(("source", "rendition", "CPU ms", "to the full one", "KB"), lines)
