"""run_tests.py [UNITTEST ARGUMENTS]: runs all tests of this folder in one boot of the virtual
machine. -k PATTERN selects tests."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "clients"))

import harness


def load_tests(loader, _, __):
    """unittest's hook for the tests of a module."""
    return loader.discover(str(HERE), "test_*.py")


harness.main()
