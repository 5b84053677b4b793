"""The benchmark of viewers on thin and changing links: how many frames arrive and how old they are. run.py calls
`measure`, report.py calls `sections`."""

import statistics

DELAY_MS = 20  # one way
RATES = (2, 8, 100)  # Mbit/s
SECONDS = 25.0
WARMUP = 5.0
FRAME_BYTES = 100_000
# The link that changes: its rate from each time on.
CHANGES = ((0.0, 100), (10.0, 2), (40.0, 100))
CHANGES_SECONDS = 70.0
TRY_SECONDS = 3.0
# How ringcast is asked; the others have no choice.
PATHS = {"adapts": "/stream?adapt=1", "does not": "/stream?adapt=0"}
PLAIN = "/stream"


def variants(contender):
    """[(name, path)]"""
    if contender.name == "ringcast":
        return [(f"ringcast, {what}", path) for what, path in PATHS.items()]
    return [(contender.name, PLAIN)]


def figures(frames, begin, end):
    """What arrived from `begin` to `end`, seconds; ages in milliseconds."""
    ages = sorted(age * 1e3 for at, age, _, _ in frames if begin <= at < end)
    if not ages:
        return {"fps": 0.0, "p50": None, "p99": None}
    return {"fps": len(ages) / (end - begin), "p50": statistics.median(ages), "p99": ages[int(len(ages) * 0.99)]}


def stays(frames):
    """[(from, rendition)] without what interrupted another one for less than TRY_SECONDS: larger frames that were tried."""
    runs = []
    for at, _, _, name in frames:
        if not runs or name != runs[-1][1]:
            runs.append((at, name))
    found = []
    for index, (at, name) in enumerate(runs):
        before = found[-1][1] if found else None
        if index + 1 < len(runs):
            end, after = runs[index + 1]
            if after == before and end - at < TRY_SECONDS:
                continue
        if name != before:
            found.append((at, name))
    return found


def measure(contenders, read, say):
    """`read(contender, path, link, seconds)` returns the frames that one viewer got."""
    thin = []
    for rate in RATES:
        for contender in contenders:
            for name, path in variants(contender):
                link = ["--delay-ms", str(DELAY_MS), "--rate-mbit", str(rate)]
                frames = read(contender, path, link, SECONDS)
                row = {"rate": rate, "name": name} | figures(frames, WARMUP, SECONDS)
                row["renditions"] = sorted({found for at, found in stays(frames) if at >= WARMUP} or {frames[-1][3]})
                row["moves"] = len(stays(frames)) - 1
                thin.append(row)
                say(f"{rate} Mbit/s: {name}: {row['fps']:.1f} frames/s")
    changing = []
    link = ["--delay-ms", str(DELAY_MS), "--rate-mbit", str(CHANGES[0][1])]
    for at, rate in CHANGES[1:]:
        link += ["--change", str(at), str(rate)]
    for contender in contenders:
        for name, path in variants(contender):
            frames = read(contender, path, link, CHANGES_SECONDS)
            ends = [at for at, _ in CHANGES[1:]] + [CHANGES_SECONDS]
            row = {"name": name, "spans": [figures(frames, at, end) for (at, _), end in zip(CHANGES, ends)]}
            row["stays"] = stays(frames)
            changing.append(row)
            say(f"a link that changes: {name}: {[round(span['fps'], 1) for span in row['spans']]} frames/s")
    return {"thin": thin, "changing": changing}


def milliseconds(value):
    return "" if value is None else f"{value:.0f}"


def sections(found, table):
    yield "### Thin link: one viewer of 100 KB frames at 30 frames/s, 40 ms round trip"
    yield table(
        ("Mbit/s", "contender", "frames/s", "age p50 ms", "p99 ms", "moves", "watches"),
        [
            (
                str(row["rate"]),
                row["name"],
                f"{row['fps']:.1f}",
                milliseconds(row["p50"]),
                milliseconds(row["p99"]),
                str(row["moves"]) if row["name"].startswith("ringcast") else "",
                ", ".join(row["renditions"]) if row["name"].startswith("ringcast") else "",
            )
            for row in found["thin"]
        ],
    )
    rates = [f"{rate} Mbit/s" for _, rate in CHANGES]
    yield "### Link that changes: " + ", ".join(
        f"from {at:.0f} s {rate}" if at else rate for (at, _), rate in zip(CHANGES, rates)
    )
    yield table(
        ("contender", *(f"{rate}: frames/s, age p50, p99 ms" for rate in rates), "watches, from second"),
        [
            (
                row["name"],
                *(
                    f"{span['fps']:.1f}, {milliseconds(span['p50'])}, {milliseconds(span['p99'])}"
                    for span in row["spans"]
                ),
                ", ".join(f"{name} {at:.1f}" for at, name in row["stays"])
                if row["name"].startswith("ringcast")
                else "",
            )
            for row in found["changing"]
        ],
    )
