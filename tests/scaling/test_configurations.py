"""The files of conf/scaling are valid, as far as the programs that read them are installed, and name the same servers."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests/clients"), str(ROOT / "tests/upstream")]

import harness
import servers

CONF = ROOT / "conf/scaling"
EDGES = ["edge1", "edge2", "edge3"]


def read(name):
    return (CONF / name).read_text()


def read_yaml(name):
    try:
        import yaml
    except ImportError:
        raise unittest.SkipTest("python3-yaml is not installed") from None
    return yaml.safe_load(read(name))


def run(*command):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=harness.WAIT_SECONDS)
    assert done.returncode == 0, done.stdout
    return done.stdout


class Configurations(unittest.TestCase):
    def check_haproxy(self, text):
        haproxy = servers.need("haproxy")
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            # HAProxy looks the names up.
            file.write(re.sub(r"\bedge\d:", "127.0.0.1:", text))
            file.flush()
            self.assertNotIn("WARNING", run(haproxy, "-c", "-f", file.name))

    def test_haproxy_accepts_its_configuration(self):
        text = read("haproxy.cfg")
        self.check_haproxy(text)
        self.assertEqual(re.findall(r"^ *server (\w+) (\w+):8080$", text, re.MULTILINE), [(e, e) for e in EDGES] * 2)

    def test_haproxy_accepts_edges_that_are_found_by_dns(self):
        text = re.sub(r"^ *server .*\n", "", read("haproxy.cfg"), flags=re.MULTILINE)
        # Settings are commented out without a blank.
        text, count = re.subn(r"^( *)#(?=\w)", r"\1", text, flags=re.MULTILINE)
        self.assertEqual(count, 4)
        self.check_haproxy(text)

    def test_ringcast_accepts_its_configurations(self):
        for name in ("origin.toml", "edge.toml"):
            described = run(harness.binary(), "--check", CONF / name)
            # The stream of the health check.
            self.assertIn('Stream "camera"', described)
        self.assertIn("/healthz?stream=camera ", read("haproxy.cfg"))

    def test_compose_names_the_servers_of_the_other_files(self):
        services = read_yaml("compose.yaml")["services"]
        self.assertEqual(list(services), ["origin", *EDGES, "haproxy"])
        for service in services.values():
            for volume in service["volumes"]:
                self.assertTrue((CONF / volume.split(":")[0]).is_file(), volume)
        build = services["origin"]["build"]
        context = (CONF / build["context"]).resolve()
        self.assertEqual(context, ROOT)
        self.assertTrue((context / build["dockerfile"]).is_file())

    def test_prometheus_finds_every_server(self):
        scraped = read_yaml("prometheus.yml")["scrape_configs"]
        (files,) = scraped[0]["file_sd_configs"]
        groups = [group for name in files["files"] for group in json.loads(read(name))]
        self.assertEqual([target for group in groups for target in group["targets"]],
                         [f"{name}:8080" for name in ["origin", *EDGES]])
        self.assertEqual(scraped[1]["static_configs"], [{"targets": ["haproxy:8404"]}])
        if shutil.which("promtool"):
            run("promtool", "check", "config", CONF / "prometheus.yml")

    def test_each_line_of_the_zone_is_an_address(self):
        records = [line.split() for line in read("example.org.zone").splitlines() if not line.startswith(";")]
        self.assertEqual({len(record) for record in records}, {5})
        self.assertEqual([record[3] for record in records], ["A"] * 3 + ["AAAA"] * 3)
        if shutil.which("named-checkzone"):
            zone = "@ 60 IN SOA ns hostmaster 1 60 60 60 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(zone + read("example.org.zone"))
                file.flush()
                run("named-checkzone", "example.org", file.name)


if __name__ == "__main__":
    harness.main()
