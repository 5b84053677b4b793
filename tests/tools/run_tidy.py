#!/usr/bin/python3
"""clang-tidy over src/, skipping files that were clean before with the same content.

A file's key covers everything that the verdict depends on: the tool's version, the checks, the
compile command, and the file with all project headers that it includes. Headers that no source
includes are checked on their own.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

import project_includes

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEPT_DAYS_MAX = 30


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
    parser.add_argument("files", nargs="*", help="only these, relative to the repository")
    arguments = parser.parse_args()

    arguments.cache.mkdir(parents=True, exist_ok=True)
    forget_old(arguments.cache)
    version = subprocess.run(
        [arguments.clang_tidy, "--version"], capture_output=True, check=True
    ).stdout
    wanted = {pathlib.Path(os.path.relpath(file, ROOT)) for file in arguments.files}

    def check(job):
        path, command = job
        mark = arguments.cache / key_of(version, path, command)
        if mark.exists():
            mark.touch()
            return path, "clean before", ""
        started = time.monotonic()
        done = subprocess.run(
            tidy_command(arguments.clang_tidy, arguments.build, path, command),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            mark.touch()
            return path, f"clean ({time.monotonic() - started:.0f} s)", ""
        return path, "NOT CLEAN", done.stdout + done.stderr

    findings = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for path, verdict, output in pool.map(check, jobs_to_do(arguments.build, wanted)):
            print(f"{path}: {verdict}", flush=True)
            if output:
                findings.append(output)
    print("\n".join(findings))
    sys.exit(1 if findings else 0)


main()
