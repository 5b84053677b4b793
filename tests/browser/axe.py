"""axe-core, which finds what keeps people from using a page: contrast, names, order, keyboard."""

import json
import pathlib
import subprocess
import unittest

FETCH = pathlib.Path(__file__).parents[2] / "packaging" / "fetch-node-module"


def axe_script():
    fetched = subprocess.run([FETCH, "--cached", "axe-core"], capture_output=True, text=True, check=False)
    if fetched.returncode == 77:
        raise unittest.SkipTest(fetched.stderr.strip().splitlines()[-1].removeprefix("NOT TESTED: "))
    assert fetched.returncode == 0, fetched.stderr
    return (pathlib.Path(fetched.stdout.strip()) / "axe.min.js").read_text(encoding="utf-8")


def violations(page):
    """What axe-core finds on the open page: (rule, what it says of the first element), one for each rule."""
    page.evaluate(axe_script() + "; 0")
    return json.loads(page.evaluate("""
        axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => JSON.stringify(
            violations.map(({id, nodes}) => [id, nodes[0].html.slice(0, 200), nodes[0].failureSummary])))
    """))
