"""Declarations and definitions in C++ files, found by Universal Ctags. For the checks beside this file."""

import json
import shutil
import subprocess
import sys

PROGRAM = "ctags-universal"  # Debian's name: `ctags` may be another program


def tags(root, files):
    """One dictionary per tag of `files` (relative to `root`), in the order of the lines.

    Keys: name, path, line, kind (`class`, `struct`, `function` for a definition, `prototype`, `member`),
    where it applies also end (the last line), scope (`a::b::Class`), scopeKind, signature and properties
    (a set: `static`, `default`, `delete`, ...). ctags 5.9 overlooks the declaration `~X() override;`.
    """
    if not files:
        return []
    if shutil.which(PROGRAM) is None:
        print(f"NOT TESTED: {PROGRAM} is not installed (Debian package universal-ctags)")
        sys.exit(77)
    command = [PROGRAM, "--language-force=C++", "--output-format=json", "--kinds-C++=+p"]
    command += ["--fields=+neSZ", "--fields-C++=+{properties}", "--sort=no", "-f", "-", "-L", "-"]
    listed = subprocess.run(
        command,
        cwd=root,
        input="".join(f"{file}\n" for file in files),
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in listed.stdout.splitlines()]
    for tag in found:
        tag["properties"] = set(filter(None, tag.get("properties", "").split(",")))
    return sorted(found, key=lambda tag: (tag["path"], tag["line"]))
