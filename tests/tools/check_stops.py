#!/usr/bin/python3
"""check_stops.py [ROOT]: docs/architecture.md names functions that exist, and explains few words.

"The life of a frame" and "The life of a request" are each a numbered list of stops:

    1. `src/input/byte_stream.cpp`: `ByteStream::on_read` looks for the frame's end in what was read.

The file must define the function, which is spelled `Class::function` or, when it belongs to no class,
`function`. "Glossary" has entries of the form "- **word**: meaning".
"""

import pathlib
import re
import sys

import cpp_tags

DOCUMENT = pathlib.Path("docs/architecture.md")
LISTS = ["The life of a frame", "The life of a request"]
STOPS_MIN = 5
GLOSSARY = "Glossary"
ENTRIES_MAX = 30

STOP = re.compile(r"\d+\. `(?P<file>[\w./-]+)`: `(?P<function>(\w+::)*~?\w+)`[,:]? \S")
ENTRY = re.compile(r"- \*\*[^*]+\*\*: \S")


def sections(text):
    """The numbered lines below each `## heading`."""
    found, current = {}, None
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := re.match(r"## (.*\S)", line):
            current = found.setdefault(heading[1], [])
        elif current is not None:
            current.append((number, line))
    return found


def defines(root, file, function):
    """True when the file defines `function`; `a::b` matches every b of every a."""
    wanted = function.split("::")
    for tag in cpp_tags.tags(root, [file]):
        if tag["kind"] != "function" or tag["name"] != wanted[-1]:
            continue
        scope = tag.get("scope", "").split("::")
        if len(wanted) > 1:
            if scope[-len(wanted) + 1 :] == wanted[:-1]:
                return True
        elif tag.get("scopeKind", "namespace") == "namespace":
            return True
    return False


def check_list(root, heading, lines):
    stops = [(number, line) for number, line in lines if re.match(r"\d+[.)]", line)]
    if len(stops) < STOPS_MIN:
        number = lines[0][0] - 1 if lines else 1
        yield f"{DOCUMENT}:{number}: '{heading}' has {len(stops)} stops; at least {STOPS_MIN}"
    for number, line in stops:
        stop = STOP.match(line)
        if stop is None:
            yield f"{DOCUMENT}:{number}: not of the form 1. `file`: `Class::function`, explanation"
        elif not (root / stop["file"]).is_file():
            yield f"{DOCUMENT}:{number}: {stop['file']} does not exist"
        elif not defines(root, stop["file"], stop["function"]):
            yield f"{DOCUMENT}:{number}: {stop['file']} defines no {stop['function']}"


def check_glossary(lines):
    entries = [(number, line) for number, line in lines if line.startswith(("- ", "* "))]
    if not entries:
        yield f"{DOCUMENT}:1: '{GLOSSARY}' has no entries"
    if len(entries) > ENTRIES_MAX:
        yield (
            f"{DOCUMENT}:{entries[ENTRIES_MAX][0]}: '{GLOSSARY}' has {len(entries)} entries;"
            f" at most {ENTRIES_MAX}"
        )
    for number, line in entries:
        if not ENTRY.match(line):
            yield f"{DOCUMENT}:{number}: not of the form - **word**: meaning"


def violations(root):
    found = sections((root / DOCUMENT).read_text(encoding="utf-8"))
    for heading in [*LISTS, GLOSSARY]:
        if heading not in found:
            yield f"{DOCUMENT}:1: the heading '## {heading}' is missing"
    for heading in LISTS:
        if heading in found:
            yield from check_list(root, heading, found[heading])
    if GLOSSARY in found:
        yield from check_glossary(found[GLOSSARY])


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    count = 0
    for violation in violations(root):
        print(violation)
        count += 1
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
