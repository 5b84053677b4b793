#!/usr/bin/python3
"""check_writing.py [ROOT]: no tracked file names the machine it was written on.

Folders of a build machine exist nowhere else, and hosts of package registries are configured in each
system (packaging/apt-entry asks apt).
"""

import pathlib
import re
import subprocess
import sys

# Spelled so that this file does not match itself.
FORBIDDEN = [
    (r"(?<![\w.~-])/[w]ork/", "a folder of a build machine"),
    (r"(?<![\w.~-])/[r]oot/", "a folder of a build machine"),
    (r"(?<![\w.~-])/[t]mp/(bash_|build-)", "a folder of a build machine"),
    (r"(?<![\w.~-])/[h]ome/(?!user\b|pi\b)\w+/", "a folder of a build machine"),
    (r"\b(deb|ftp|security|snapshot|registry|proxy)\.(?!example\b)[\w-]+\.(org|com|io)\b", "a package registry"),
    (r"\b[p]ypi\.org|[p]ythonhosted\.org|\b[c]rates\.io|[n]pmjs\.", "a package registry"),
]


def tracked(root):
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z"], capture_output=True, check=False
    )
    if listed.returncode != 0:
        print("NOT TESTED: this is not a git repository, so the tracked files are unknown")
        sys.exit(77)
    return [root / name for name in listed.stdout.decode().split("\0") if name]


def violations(root):
    for path in tracked(root):
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # a picture, a corpus file, or a deleted file
        for number, line in enumerate(text.splitlines(), start=1):
            for pattern, what in FORBIDDEN:
                if found := re.search(pattern, line):
                    yield f"{path.relative_to(root)}:{number}: {what}: {found[0]}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    count = 0
    for violation in violations(root):
        print(violation)
        count += 1
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
