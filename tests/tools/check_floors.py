#!/usr/bin/python3
"""check_floors.py [ROOT]: a module includes only lower floors, never a neighbour.

Also: which files may include which library, that public headers include nothing of src/, and that
docs/architecture.md has the same floors.
"""

import pathlib
import re
import sys

import project_includes

FLOORS = {
    "base": 0,
    "container": 1,
    "font": 1,
    "page": 1,
    "jpeg": 2,
    "http": 2,
    "metrics": 2,
    "access": 3,
    "config": 3,
    "io": 3,
    "frame": 4,
    "os": 4,
    "source": 5,
    "threads": 5,
    "epoll": 5,
    "uring": 5,
    "camera": 6,
    "connection": 6,
    "encode": 6,
    "rendition": 8,
    "api": 8,
    "capture": 7,
    "draw": 7,
    "input": 8,
    "libcamera": 8,
    "stream": 7,
    "relay": 9,
    "upstream": 8,
    "app": 10,
}

# (an included header, the folders that may include it)
ALLOWED = [
    (r"liburing(\.h|/)", ["src/uring/"]),
    (r"libcamera/", ["src/libcamera/"]),
    (r"llhttp\.h", ["src/http/"]),
    (r"(turbojpeg|jpeglib|jerror)\.h", ["src/encode/"]),
    (r"openssl/", ["src/access/", "src/upstream/"]),
    (r"crypt\.h", ["src/access/"]),
    (r"curl/", ["src/app/"]),
    # format.h is slow to compile; core.h is enough for a declaration.
    (r"fmt/format\.h", ["src/"]),
    # The other modules of ringcast_core use no header of the operating system.
    (
        r"(sys|linux|net|netinet)/|(unistd|fcntl|poll|netdb|pthread|spawn|signal|dlfcn)\.h",
        [
            "src/base/",
            "src/os/",
            "src/threads/",
            "src/uring/",
            "src/epoll/",
            "src/encode/",
            "src/capture/",
            "src/input/",
            "src/libcamera/",
            "src/upstream/",
            "src/app/",
        ],
    ),
    # inet_pton and inet_ntop are pure functions.
    (r"arpa/", ["src/http/", "src/os/", "src/input/", "src/upstream/", "src/app/"]),
]
# Each costs seconds of compile time, so no header includes it, and at most so many source files of the program.
HEAVY = {r"spdlog/": 1, r"CLI/": 1, r"toml\+\+/": 1, r"nlohmann/": 4, r"prometheus/": 1}


def module_of(path):
    return path.parts[1]


def check_file(root, path):
    module = module_of(path)
    if module not in FLOORS:
        yield f"{path}:1: '{module}' is not a module; see FLOORS in tests/tools/check_floors.py"
        return
    for line, spelling in project_includes.includes(root / path):
        target = project_includes.resolve(root, spelling)
        if target is not None and target.parts[0] == "include":
            if module != "app":
                yield f"{path}:{line}: only src/app/ may include the public header {spelling}"
        elif target is not None:
            other = module_of(target)
            if other != module and FLOORS.get(other, 0) >= FLOORS[module]:
                yield (
                    f"{path}:{line}: {module} (floor {FLOORS[module]}) includes {spelling}"
                    f" (floor {FLOORS[other]})"
                )
        for pattern, places in ALLOWED:
            if target is None and re.match(pattern, spelling) and not str(path).startswith(tuple(places)):
                yield f"{path}:{line}: only {', '.join(places)} may include {spelling}"


def check_heavy(root, files):
    for pattern, users_max in HEAVY.items():
        users = []
        for path in files:
            lines = [
                line
                for line, spelling in project_includes.includes(root / path)
                if re.match(pattern, spelling)
            ]
            if lines and path.suffix == ".hpp":
                yield f"{path}:{lines[0]}: {pattern} in a header slows down every file that includes that header"
            elif lines:
                users.append(f"{path}:{lines[0]}")
        if len(users) > users_max:
            others = ", ".join(users[:users_max])
            yield f"{users[users_max]}: {pattern} is already included by {others}; that is enough"


def check_public(root):
    """A public header needs the C++ standard library and other public headers, nothing else."""
    for path in project_includes.public_headers(root):
        for line, spelling in project_includes.includes(root / path):
            is_standard = re.fullmatch(r"[a-z_]+", spelling) is not None
            if not is_standard and not (root / "include" / spelling).is_file():
                yield f"{path}:{line}: a public header may not include {spelling}"


def check_document(document):
    """Compares FLOORS with the table in docs/architecture.md: | floor | `module`, `module` | ..."""
    documented = {}
    for floor, names in re.findall(r"^\|\s*(\d+)\s*\|([^|]*)\|", document.read_text(), re.MULTILINE):
        for name in re.findall(r"`(\w+)", names):
            documented[name] = int(floor)
    for name in sorted(FLOORS.keys() | documented.keys()):
        if FLOORS.get(name) != documented.get(name):
            yield (
                f"{document.name}: module {name} is on floor {documented.get(name)} there and on floor"
                f" {FLOORS.get(name)} in tests/tools/check_floors.py"
            )


def violations(root):
    files = project_includes.sources(root)
    for path in files:
        yield from check_file(root, path)
    yield from check_heavy(root, files)
    yield from check_public(root)
    document = root / "docs/architecture.md"
    if document.exists():
        yield from check_document(document)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    count = 0
    for violation in violations(root):
        print(violation)
        count += 1
    print(f"{len(project_includes.sources(root))} files, {count} violations")
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
