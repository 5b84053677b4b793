#!/usr/bin/python3
"""check_limits.py [ROOT]: the size limits that CONTRIBUTING.md names, over src/ and include/.

A class may exceed its limits when a comment directly above it, or the comment that opens its file,
contains a line `// Limits: <reason>`.
"""

import pathlib
import re
import sys

import cpp_tags

FOLDERS = ["src", "include"]
FILE_LINES_MAX = {".hpp": 200, ".cpp": 450}
FUNCTION_LINES_MAX = 70
METHODS_MAX = 40
FIELDS_MAX = 25

REASON = re.compile(r"\s*///?\s*Limits: \S")


def sources(root):
    return sorted(
        path.relative_to(root)
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.suffix in FILE_LINES_MAX
    )


def check_file(path, lines):
    limit = FILE_LINES_MAX[path.suffix]
    if len(lines) > limit:
        yield f"{path}:{limit + 1}: the file has {len(lines)} lines; at most {limit}"


def check_function(tag):
    length = tag["end"] - tag["line"] + 1
    if length > FUNCTION_LINES_MAX:
        yield (
            f"{tag['path']}:{tag['line']}: {tag['name']} has {length} lines; at most {FUNCTION_LINES_MAX}"
        )


def comment_above(lines, line):
    """The comment lines directly above a class, whose own line is `line`."""
    index = line - 2
    while index >= 0 and re.match(r"\s*(//|template\b)", lines[index]):
        yield lines[index]
        index -= 1


def opening_comment(lines):
    for text in lines:
        if not text.startswith(("//", "#pragma once")):
            return
        yield text


def check_class(tag, members, lines):
    name = f"{tag['path']}:{tag['line']}: {tag['kind']} {tag['name']}"
    methods = {
        (member["name"], member["signature"])
        for member in members
        if member["kind"] in ("function", "prototype")
        and not member["properties"] & {"default", "delete"}
        and not member["name"].startswith(("operator ", "__anon"))  # __anon...: a lambda
    }
    # Not a set: the fields of two anonymous unions may share a name.
    fields = [
        member
        for member in members
        if member["kind"] == "member" and "static" not in member["properties"]
    ]
    if any(REASON.match(text) for text in (*comment_above(lines, tag["line"]), *opening_comment(lines))):
        return
    if len(methods) > METHODS_MAX:
        yield f"{name} has {len(methods)} methods; at most {METHODS_MAX}, or a `// Limits: <reason>`"
    if len(fields) > FIELDS_MAX:
        yield f"{name} has {len(fields)} fields; at most {FIELDS_MAX}, or a `// Limits: <reason>`"


def violations(root, files):
    lines = {str(path): (root / path).read_text(encoding="utf-8").splitlines() for path in files}
    for path in files:
        yield from check_file(path, lines[str(path)])
    tags = cpp_tags.tags(root, files)
    by_scope = {}
    for tag in tags:
        by_scope.setdefault((tag["path"], tag.get("scope")), []).append(tag)
    for tag in tags:
        if tag["kind"] == "function" and "end" in tag:
            yield from check_function(tag)
        elif tag["kind"] in ("class", "struct") and "end" in tag:
            full_name = "::".join(filter(None, (tag.get("scope"), tag["name"])))
            # A member that is defined below its class, in the same file, is declared within it too.
            members = [
                member
                for member in by_scope.get((tag["path"], full_name), [])
                if tag["line"] <= member["line"] <= tag["end"]
            ]
            yield from check_class(tag, members, lines[tag["path"]])


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    files = sources(root)
    count = 0
    for violation in violations(root, files):
        print(violation)
        count += 1
    print(f"{len(files)} files, {count} violations")
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
