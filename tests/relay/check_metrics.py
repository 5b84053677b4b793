"""Reads a /metrics text from standard input with the Prometheus project's own parser, and fails
unless all of it is understood and the samples make sense."""

import sys

from prometheus_client.parser import text_string_to_metric_families

text = sys.stdin.read()
families = {family.name: family for family in text_string_to_metric_families(text)}
problems = []

samples = 0
for family in families.values():
    if not family.name.startswith("ringcast_"):
        problems.append(f"{family.name}: not ours")
    if family.type not in ("counter", "gauge", "histogram"):
        problems.append(f"{family.name}: type {family.type}")
    if not family.documentation:
        problems.append(f"{family.name}: no HELP")
    seen = set()
    for sample in family.samples:
        samples += 1
        key = (sample.name, tuple(sorted(sample.labels.items())))
        if key in seen:
            problems.append(f"{key}: twice")
        seen.add(key)
        if family.type == "counter" and sample.value < 0:
            problems.append(f"{key}: a counter below zero")

#Each sample line of the text has become a sample.
lines = [line for line in text.splitlines() if line and not line.startswith("#")]
if len(lines) != samples:
    problems.append(f"{len(lines)} lines, but {samples} samples")

for name in ("ringcast_uptime_seconds", "ringcast_stream_live", "ringcast_frames_sent",
             "ringcast_frame_latency_seconds"):
    if name not in families:
        problems.append(f"{name}: missing")

latency = families.get("ringcast_frame_latency_seconds")
by_stream = {}
for sample in latency.samples if latency else []:
    by_stream.setdefault(sample.labels["stream"], []).append(sample)
for stream, parts in by_stream.items():
    buckets = [part for part in parts if part.name.endswith("_bucket")]
    values = [part.value for part in buckets]
    count = next(part.value for part in parts if part.name.endswith("_count"))
    if values != sorted(values) or buckets[-1].labels["le"] != "+Inf" or values[-1] != count:
        problems.append(f"{stream}: the latency histogram is not cumulative")

print(f"{len(families)} metrics, {samples} samples")
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
