#!/usr/bin/python3
"""clang-tidy over src/, skipping files that were clean before with the same content.

A file's key covers everything that the verdict depends on: the tool's version, the checks, the
compile command, and the file with all project headers that it includes. Headers that no source
includes are checked on their own.

Most of the time goes into the headers of libraries and into clang's static analyzer. With --quick
the sources of a module are checked in batches (one translation unit that includes several of them)
and without the analyzer, which would examine the translation unit's own file only. A batch that is
not clean is repeated in halves, down to single files, whose results count: names of different files may
collide in a batch.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

import project_includes

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEPT_DAYS_MAX = 30
# Nearly all of a batch's time goes into headers, so few batches are quick. With more files, the last batch
# runs alone for longer while other processors are idle.
BATCH_FILES_MAX = 16


def jobs_to_do(build, wanted):
    """(file, the compile command as a list) for each file to check."""
    database = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    commands = {pathlib.Path(entry["file"]): entry["command"] for entry in database}
    files = project_includes.sources(ROOT)
    sources = [path for path in files if path.suffix == ".cpp"]
    reached = set().union(*(project_includes.closure(ROOT, path) for path in sources))
    alone = [path for path in files if path.suffix == ".hpp" and path not in reached]
    for path in sources + alone:
        if wanted and path not in wanted:
            continue
        if path.suffix == ".cpp" and ROOT / path not in commands:
            sys.exit(f"{path} is not part of the build in {build}")
        yield path, commands.get(ROOT / path)


def tidy_command(tool, build, path, command):
    if command is not None:
        return [tool, "--quiet", "-p", build, "--extra-arg=-Wno-unknown-warning-option", path]
    return [tool, "--quiet", path, "--", "-xc++", "-std=c++20", "-Isrc"]


def flags_of(command):
    """The options of a compile command, without its input and output."""
    words = iter(shlex.split(command)[1:])
    flags = []
    for word in words:
        if word in ("-c", "-o"):
            next(words)
        else:
            flags.append(word)
    return tuple(flags)


def batches(jobs):
    """Lists of jobs that one translation unit can include: of one module, with the same options."""
    groups = {}
    for path, command in jobs:
        # A header is checked alone.
        group = (path.parent, flags_of(command)) if command is not None else path
        groups.setdefault(group, []).append((path, command))
    for group in groups.values():
        count = -(-len(group) // BATCH_FILES_MAX)
        # Of nearly the same size; files with similar names are often of similar length.
        yield from (group[first::count] for first in range(count))


def batch_command(tool, build, batch):
    """Writes the translation unit that includes the batch's files; returns the command to check it."""
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    unit = folder / ("-".join(batch[0][0].with_suffix("").parts) + ".cpp")
    unit.write_text(
        "".join(f'#include "{ROOT / path}" // NOLINT(bugprone-suspicious-include)\n' for path, _ in batch),
        encoding="utf-8",
    )
    flags = flags_of(batch[0][1])
    tidy = [tool, "--quiet", "--checks=-clang-analyzer-*", unit]
    # clang-tidy reports libstdc++'s own use of a deprecated function in included files, but not in the
    # translation unit's own. The compilers report ours.
    return [*tidy, "--", "-xc++", *flags, "-Wno-unknown-warning-option", "-Wno-deprecated-declarations"]


def key_of(version, path, command):
    key = hashlib.sha256()
    for part in (version, (ROOT / ".clang-tidy").read_bytes(), (command or "").encode()):
        key.update(hashlib.sha256(part).digest())
    for file in sorted(project_includes.closure(ROOT, path)):
        key.update(str(file).encode() + b"\0")
        key.update(hashlib.sha256((ROOT / file).read_bytes()).digest())
    return key.hexdigest()


def forget_old(cache):
    oldest = time.time() - KEPT_DAYS_MAX * 24 * 3600
    for entry in cache.iterdir():
        if entry.stat().st_mtime < oldest:
            entry.unlink()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clang-tidy", required=True)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--quick", action="store_true", help="in batches, without the static analyzer")
    parser.add_argument("files", nargs="*", help="only these, relative to the repository")
    arguments = parser.parse_args()

    arguments.cache.mkdir(parents=True, exist_ok=True)
    forget_old(arguments.cache)
    version = subprocess.run(
        [arguments.clang_tidy, "--version"], capture_output=True, check=True
    ).stdout
    wanted = {pathlib.Path(os.path.relpath(file, ROOT)) for file in arguments.files}

    def run(command):
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    def mark_of(path, command, quick=False):
        return arguments.cache / (key_of(version, path, command) + ("-quick" if quick else ""))

    def is_clean(path, command):
        marks = [mark_of(path, command)] + ([mark_of(path, command, True)] if arguments.quick else [])
        found = [mark for mark in marks if mark.exists()]
        for mark in found:
            mark.touch()
        return bool(found)

    def check(batch):
        """(file, verdict, output) for each file of a batch."""
        started = time.monotonic()
        if len(batch) > 1:
            if run(batch_command(arguments.clang_tidy, arguments.build, batch)).returncode != 0:
                middle = len(batch) // 2
                return check(batch[:middle]) + check(batch[middle:])
            for path, command in batch:
                mark_of(path, command, True).touch()
            took = time.monotonic() - started
            return [(path, f"clean ({took:.0f} s for {len(batch)} files)", "") for path, _ in batch]
        ((path, command),) = batch
        done = run(tidy_command(arguments.clang_tidy, arguments.build, path, command))
        if done.returncode != 0:
            return [(path, "NOT CLEAN", done.stdout + done.stderr)]
        mark_of(path, command).touch()
        return [(path, f"clean ({time.monotonic() - started:.0f} s)", "")]

    jobs = []
    for path, command in jobs_to_do(arguments.build, wanted):
        if is_clean(path, command):
            print(f"{path}: clean before", flush=True)
        else:
            jobs.append((path, command))

    findings = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        work = batches(jobs) if arguments.quick else ([job] for job in jobs)
        running = [pool.submit(check, batch) for batch in work]
        for done in concurrent.futures.as_completed(running):
            for path, verdict, output in done.result():
                print(f"{path}: {verdict}", flush=True)
                if output:
                    findings.append(output)
    print("\n".join(findings))
    sys.exit(1 if findings else 0)


main()
