"""run_tests.py [UNITTEST ARGUMENTS]: runs all tests of this folder in one boot of the virtual
machine. -k PATTERN selects tests. For arm64 these are those of arm64_*.py, and of other files what the
processor or the size of its pages may change."""

import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "clients"))

import harness


PATTERNS = {
    "amd64": ["test_*.py"],
    "arm64": ["arm64_*.py", "test_camera.py", "test_card.py", "test_virtual_camera.py"],
}


def load_tests(loader, _, __):
    """unittest's hook for the tests of a module."""
    patterns = PATTERNS[os.environ.get("RINGCAST_GUEST_ARCH", "amd64")]
    return unittest.TestSuite(loader.discover(str(HERE), pattern) for pattern in patterns)


harness.main()
