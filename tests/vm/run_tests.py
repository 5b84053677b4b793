"""run_tests.py [UNITTEST ARGUMENTS]: all tests that need the virtual machine, in one boot of it.
-k PATTERN chooses some of them."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))

import harness


def load_tests(loader, _, __):
    """What unittest asks this file for."""
    return loader.discover(str(HERE), "test_*.py")


harness.main()
