"""What `ringcast --help` says, read from src/app/help_text.cpp: for manual pages and completions, so
that they need no build, which may be for another processor."""

import pathlib
import re
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = re.compile(r'const std::string_view (\w*?)_?help_text =\s*R"\((.*?)\)";', re.DOTALL)
# A term and its description are two blanks apart, or one if the term ends just before the column of the
# descriptions. The description may also begin in the next line, or be missing, as of most examples.
ENTRY = re.compile(r"  (\S.*?)(?:  +(\S.*))?$")
FULL_ENTRY = re.compile(r"  (\S{21}) (\S.*)$")


@dataclass
class Block:
    """A paragraph, or a list with a title: "Options", "SOURCE is one of"."""

    title: str
    entries: list = field(default_factory=list)  # (term, description)


@dataclass
class Help:
    command: str  # "passwd"; empty for ringcast itself
    usage: list
    blocks: list

    def options(self):
        """(name, value or "", description) of each option."""
        for block in self.blocks:
            if block.title.startswith("Options"):
                for term, description in block.entries:
                    name, _, value = term.partition(" ")
                    yield name, value, description


def parse_block(lines):
    if len(lines) == 1 or not lines[1].startswith("  "):
        return Block(" ".join(lines))
    block = Block(lines[0])
    for line in lines[1:]:
        continuation = re.fullmatch(r" {5,}(\S.*)", line)
        if continuation:
            term, description = block.entries[-1]
            block.entries[-1] = (term, f"{description} {continuation[1]}".strip())
        else:
            term, description = (FULL_ENTRY.fullmatch(line) or ENTRY.fullmatch(line)).groups()
            block.entries.append((term, description or ""))
    return block


def parse(command, text):
    first, *others = [paragraph.splitlines() for paragraph in text.strip().split("\n\n")]
    usage = [line.removeprefix("Usage:").strip() for line in first]
    return Help(command, usage, [parse_block(lines) for lines in others])


def all_help(root=ROOT):
    """That of ringcast itself first."""
    source = (root / "src/app/help_text.cpp").read_text()
    found = [parse(command, text) for command, text in TEXT.findall(source)]
    assert found and found[0].command == "", "src/app/help_text.cpp: no help_text"
    return found
