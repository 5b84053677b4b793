"""What packages contain beside the program."""

import re
import tomllib
import unittest

from in_folder import PACKAGING, ROOT, InFolder, run

import harness


class PackageFiles(InFolder):
    def setUp(self):
        super().setUp()
        self.make("make-package-files")

    def text(self, name):
        return (self.folder / name).read_text()

    def test_units_are_those_of_a_checkout_with_the_paths_of_a_package(self):
        unit = self.text("ringcast.service")
        self.assertIn("\nExecStart=/usr/bin/ringcast --config /etc/ringcast/ringcast.toml\n", unit)
        for name in ("ringcast.service", "ringcast.socket"):
            self.assertNotRegex(self.text(name), "/usr/local|To install|sudo")
            original = (PACKAGING / name).read_text().replace("/usr/local/bin", "/usr/bin").splitlines()
            added = [line for line in self.text(name).splitlines() if line not in original]
            self.assertRegex("\n".join(added), r"^Documentation=[^\n]+$")

    def test_the_configuration_shows_the_camera_on_this_machine_alone(self):
        settings = tomllib.loads(self.text("ringcast.toml"))
        self.assertEqual(settings["streams"], {"camera": {"source": "libcamera"}})
        self.assertEqual(settings["http"]["listen"], ["127.0.0.1:8080"])
        done = run(harness.binary(), "--check", self.folder / "ringcast.toml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("test pattern", self.text("ringcast.toml"))

    def test_every_setting_is_explained(self):
        settings = re.compile(r"^#?(\w+) = ", re.MULTILINE)
        self.assertEqual(settings.findall(self.text("ringcast.toml")),
                         settings.findall((ROOT / "conf/ringcast.toml").read_text()))


class BuildDependencies(unittest.TestCase):
    """packaging/packages and packaging/debian/control name the same libraries."""

    # Of every Debian build, or libraries that others depend on; g++ is build-essential.
    TOOLS = {"debhelper-compat", "dh-sequence-installsysusers", "python3", "g++"}
    RUN_TIME = {"libcamera0.3", "libcamera-ipa"}

    def test_they_are_the_same(self):
        control = (PACKAGING / "debian/control").read_text()
        field = re.search(r"^Build-Depends:\n((?: .*\n)+)", control, re.MULTILINE)[1]
        wanted = set(re.findall(r"[a-z][a-z0-9.+-]+", re.sub(r"\(.*?\)|:any", "", field))) - self.TOOLS
        listed = set()
        section = None
        for line in (PACKAGING / "packages").read_text().splitlines():
            if line.startswith("["):
                section = line
            elif section == "[build]" and line and not line.startswith("#"):
                listed.add(line.split()[0].split("/")[0])
        self.assertEqual(wanted, listed - self.TOOLS - self.RUN_TIME)


if __name__ == "__main__":
    harness.main()
