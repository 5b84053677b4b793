"""The #includes of the project's own files. For the checks beside this file."""

import pathlib
import re

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def sources(root):
    """Every header and source under src/, relative to `root`, in order."""
    return sorted(
        path.relative_to(root)
        for path in (root / "src").rglob("*")
        if path.suffix in (".hpp", ".cpp")
    )


def public_headers(root):
    """Every header under include/, relative to `root`, in order."""
    return sorted(path.relative_to(root) for path in (root / "include").rglob("*.hpp"))


def includes(path):
    """The (line, spelling) of each #include of one file."""
    text = path.read_text(encoding="utf-8")
    return [(text.count("\n", 0, match.start(2)) + 1, match[2]) for match in INCLUDE.finditer(text)]


def resolve(root, spelling):
    """The project file that an #include names, relative to `root`; None for any other."""
    for folder in ("src", "include"):
        if (root / folder / spelling).is_file():
            return pathlib.Path(folder, spelling)
    return None


def closure(root, path):
    """`path` and every project file that it includes, directly or not."""
    found, waiting = set(), [path]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        waiting.extend(
            target
            for _, spelling in includes(root / file)
            if (target := resolve(root, spelling)) is not None
        )
    return found
