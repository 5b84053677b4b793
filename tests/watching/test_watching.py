"""The files that watch a ringcast: alerts for Prometheus, and a dashboard for Grafana. Their expressions are understood
by Prometheus, and name metrics and labels that exist: those of docs/http-api.md, which a unit test compares with the
program's."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTS = ROOT / "conf/prometheus/alerts.yml"
DASHBOARD = ROOT / "conf/grafana/ringcast.json"
# Added by Prometheus, and to histograms.
COMMON_LABELS = {"instance", "job", "le"}
SECONDS_MAX = 60

sys.path.append(str(ROOT / "tests/clients"))
import harness


def documented_metrics():
    """{name: labels} of the samples that docs/http-api.md lists."""
    metrics = {}
    text = (ROOT / "docs/http-api.md").read_text(encoding="utf-8")
    for name, kind, labels in re.findall(r"^\| `(ringcast_\w+)` \| (\w+) \| ([^|]*)\|", text, re.M):
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            metrics[name + suffix] = set(re.findall(r"`(\w+)`", labels))
    return metrics


def dashboard_expressions():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries = [variable["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    return expressions, queries


def alert_expressions():
    return re.findall(r"^ +expr: (.+)$", ALERTS.read_text(encoding="utf-8"), re.M)


def promtool(*arguments):
    harness.need("promtool")
    return subprocess.run(["promtool", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=SECONDS_MAX, check=False)


class Watching(unittest.TestCase):
    def test_the_expressions_name_metrics_and_labels_that_exist(self):
        metrics = documented_metrics()
        self.assertGreater(len(metrics), 50)
        expressions, queries = dashboard_expressions()
        used = set()
        for expression in [*expressions, *queries, *alert_expressions()]:
            with self.subTest(expression):
                names = re.findall(r"ringcast_\w+", expression)
                self.assertTrue(names or "up{" in expression)
                self.assertEqual(set(names) - metrics.keys(), set())
                known = COMMON_LABELS.union(*(metrics[name] for name in names))
                grouped = re.findall(r"(?:by|on) \(([^)]*)\)", expression)
                selected = re.findall(r"(\w+)(?:=~|=|!=)\"", expression)
                labels = {label.strip() for group in grouped for label in group.split(",")} | set(selected)
                self.assertEqual(labels - known, set())
                used.update(names)
        # The dashboard is of use only if it shows what there is to see.
        self.assertGreater(len(used), 20)

    def test_legends_name_labels_that_the_expression_keeps(self):
        dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                kept = re.match(r"(?:\d \* )?(?:histogram_quantile\([.\d]+, )?sum(?: by \(([^)]*)\))?", target["expr"])
                for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                    if kept:
                        self.assertIn(label, kept[1] or "", target["expr"])

    def test_panels_do_not_overlap(self):
        places = set()
        for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
            at = panel["gridPos"]
            own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertLessEqual(at["x"] + at["w"], 24)
            self.assertEqual(places & own, set(), panel["title"])
            places |= own

    def test_prometheus_understands_the_dashboard(self):
        expressions, _ = dashboard_expressions()
        rules = [{"record": f"panel_{i}", "expr": expression.replace("$__rate_interval", "5m")}
                 for i, expression in enumerate(expressions)]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)  # JSON is YAML
            file.flush()
            done = promtool("check", "rules", file.name)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"{len(rules)} rules found", done.stdout)

    def test_alerts_fire_where_they_should_and_only_there(self):
        done = promtool("check", "rules", ALERTS)
        self.assertEqual(done.returncode, 0, done.stdout)
        done = promtool("test", "rules", pathlib.Path(__file__).with_name("alerts.test.yml"))
        self.assertEqual(done.returncode, 0, done.stdout)
        tested = pathlib.Path(__file__).with_name("alerts.test.yml").read_text(encoding="utf-8")
        for name in re.findall(r"- alert: (\w+)", ALERTS.read_text(encoding="utf-8")):
            self.assertRegex(tested, rf"alertname: {name}\n +exp_alerts:\n", name)


if __name__ == "__main__":
    harness.main()
