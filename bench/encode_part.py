"""The benchmark of the encoder: compares several workers with one, by bench_encode. run.py calls
`measure`, report.py calls `sections`."""

import json
import os
import statistics
import subprocess

SIZES = {"1280x720": (1280, 720), "1920x1080": (1920, 1080), "3840x2160": (3840, 2160)}
FORMATS = ("yuv420", "yuyv")
# More workers than processors would only wait for each other.
WORKERS = [count for count in (1, 2, 4) if count <= max(2, os.cpu_count())]
FRAMES = {"1280x720": 90, "1920x1080": 40, "3840x2160": 10}  # per round, for equal times
ROW_COUNT = len(SIZES) * len(FORMATS)


def measure(programs, rounds, foreign_max, attempts_max, say):
    """Returns a list of rows, one for each size and format; reports progress by `say`. A row with
    much foreign load is measured again; after some attempts the quietest is kept, and marked."""
    rows = []
    for size, (width, height) in SIZES.items():
        for pixel_format in FORMATS:
            command = [str(programs / "bench_encode"), "--format", pixel_format]
            command += ["--width", str(width), "--height", str(height)]
            command += ["--rounds", str(rounds), "--frames", str(FRAMES[size])]
            command += ["--workers", *map(str, WORKERS)]
            best = None
            for _ in range(attempts_max):
                done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
                turns = json.loads(done.stdout)
                if best is None or foreign(turns) < foreign(best):
                    best = turns
                if foreign(best) <= foreign_max:
                    break
            noisy = foreign(best) > foreign_max
            rows.append({"size": size, "format": pixel_format, "noisy": noisy, "turns": best})
            say(f"encoder, {size} {pixel_format}: {describe(best)}{', noisy' if noisy else ''}")
    return rows


def foreign(turns):
    """The number of cores that other processes have used."""
    return max(median(turns, count, "foreign_cpu_share") for count in WORKERS)


def describe(turns):
    return ", ".join(
        f"{median(turns, count, 'latency_us') / 1000:.1f} ms by {count}" for count in WORKERS
    )


def median(turns, workers, key):
    return statistics.median(turn[str(workers)][key] for turn in turns)


def ratio(turns, workers, key):
    """The median of the ratios within each round, so that slow drifts of the machine cancel out."""
    return statistics.median(turn[str(workers)][key] / turn["1"][key] for turn in turns)


def sections(rows, table):
    yield "### One picture encoded by several workers, quality 80, back to back"
    lines = []
    for row in rows:
        turns = row["turns"]
        for workers in map(int, turns[0]):
            lines.append(
                (
                    row["size"],
                    row["format"],
                    f"{workers}{'~' if row['noisy'] else ''}",
                    f"{median(turns, workers, 'latency_us') / 1000:.2f}",
                    f"{ratio(turns, workers, 'latency_us'):.2f}",
                    f"{median(turns, workers, 'cpu_us_per_frame') / 1000:.2f}",
                    f"{ratio(turns, workers, 'cpu_us_per_frame'):.2f}",
                    f"{median(turns, workers, 'bytes_per_frame') / 1000:.0f}",
                    f"{median(turns, workers, 'bytes_moved_per_frame') / 1000:.0f}",
                )
            )
    yield table(
        ("picture", "format", "workers", "latency ms", "to one worker", "CPU ms", "to one worker")
        + ("JPEG KB", "moved KB"),
        lines,
    )
