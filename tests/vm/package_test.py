"""The Debian packages in a minimal Debian that boots in a virtual machine of its own: installed as
docs/install.md says, opened to the network as `ringcast doctor` says, watched in a browser, upgraded,
removed and purged.
`./dev package-test` makes the system and runs this; it is not a part of ./dev vm.

The guest's root is the minimal Debian, with its own systemd as the first process. The emulated camera
and the programs of the tests are the host's, and run in the guest beside it."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "browser"))

import guest
import harness
from chromium import Chromium

ROOT = os.environ.get("RINGCAST_BARE_ROOT", "")
PACKAGES = os.environ.get("RINGCAST_PACKAGES", "")
# The folder may also have the packages of another architecture.
ARCHITECTURE = "amd64"
NAMES = ("ringcast", "ringcast-libcamera")
CONFIGURATION = "/etc/ringcast/ringcast.toml"
# An emulated machine on a busy one is slow, and nothing here has to be fast.
SECONDS_MAX = 300
APT_SECONDS_MAX = 1800
harness.WAIT_SECONDS = SECONDS_MAX
guest.BOOT_SECONDS_MAX = 900
# Changed by apt and dpkg themselves, by the service manager while it runs, or by this test.
NOT_OF_PACKAGES = re.compile(
    r"/(var/(lib/(apt|dpkg|systemd)|cache/(apt|ldconfig|debconf|man)|log)/.*"
    r"|run/(systemd|udev|log|guest|outside|lock|firmware-node\.\w+|user|dbus|camera-[\w.-]+).*"
    r"|(tmp|var/tmp)/.*|etc/ld\.so\.cache|root(/.*)?)"
)
# Debian's policy leaves users of packages, because files may still belong to them.
USER_FILES = re.compile(r"/etc/(passwd|group|shadow|gshadow|subuid|subgid|\.pwd\.lock)-?")
SCREENSHOTS = pathlib.Path(os.environ.get("RINGCAST_SCREENSHOTS", tempfile.gettempdir()))
# The picture on the page of a stream, as text; null before there is one.
SHOWN = "(canvas => canvas?.width > 1 ? canvas.toDataURL() : null)(document.querySelector('canvas'))"


def with_higher_version(folder, target):
    """Writes the packages of `folder` to `target`, with the same files and a higher version."""
    for package in sorted(pathlib.Path(folder).glob(f"*_{ARCHITECTURE}.deb")):
        name, version, rest = package.name.split("_")
        if name not in NAMES:
            continue
        with tempfile.TemporaryDirectory() as unpacked:
            subprocess.run(["dpkg-deb", "-R", package, unpacked], check=True)
            control = pathlib.Path(unpacked, "DEBIAN/control")
            control.write_text(control.read_text().replace(version, version + "+1"))
            subprocess.run(["dpkg-deb", "--root-owner-group", "-b", unpacked, target / f"{name}_{version}+1_{rest}"],
                           check=True, stdout=subprocess.DEVNULL)


class Viewer:
    """Watches a stream, and connects again whenever the connection has ended."""

    def __init__(self, url, path):
        self.url = url
        self.path = path
        self.connections = 0
        self.frames = 0  # of the present connection, of the camera
        self.longest_gap = 0
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        last = time.monotonic()
        while not self._stopped:
            try:
                with harness.StreamReader(self.url, self.path) as reader:
                    self.frames = 0
                    self.connections += 1
                    while not self._stopped:
                        if "x-ringcast-signal" not in reader.part().headers:
                            now = time.monotonic()
                            self.longest_gap = max(self.longest_gap, now - last)
                            last = now
                            self.frames += 1
            except (OSError, EOFError):  # no server there, or the end of the connection
                time.sleep(0.1)

    def restart_gap(self):
        self.longest_gap = 0

    def stop(self):
        self._stopped = True
        self._thread.join(harness.WAIT_SECONDS)


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not ROOT:
            raise unittest.SkipTest("RINGCAST_BARE_ROOT is not set; run ./dev package-test")
        newer = tempfile.TemporaryDirectory()
        cls.addClassCleanup(newer.cleanup)
        with_higher_version(PACKAGES, pathlib.Path(newer.name))
        # As the guest's system sees the folders of the host.
        cls.folder, cls.newer_folder = (f"/run/outside{folder}" for folder in (PACKAGES, newer.name))
        (package,) = pathlib.Path(PACKAGES).glob(f"ringcast_*_{ARCHITECTURE}.deb")
        cls.version = package.name.split("_")[1]
        cls.port = harness.fixed_free_port()
        cls.url = f"http://127.0.0.1:{cls.port}"
        started = time.monotonic()
        cls.guest = guest.Guest("--root", ROOT, "--systemd", "--forward", f"{cls.port}:8080", "--memory", "3G")
        cls.addClassCleanup(cls.guest.stop)
        harness.wait_for(lambda: cls.run_in("systemctl", "is-system-running", check=False).strip()
                         in ("running", "degraded"), "systemd", guest.BOOT_SECONDS_MAX)
        cls.release = cls.run_in("sh", "-c", '. /etc/os-release && echo "$PRETTY_NAME"').strip()
        print(f"ringcast {cls.version} on {cls.release}; booted in {time.monotonic() - started:.0f} s", flush=True)

    @classmethod
    def run_in(cls, *command, **options):
        """Runs a command in the minimal Debian."""
        return cls.guest.in_root(*command, **{"seconds": SECONDS_MAX, **options})

    def apt(self, command, *arguments, folder="/"):
        text = f"cd {folder} && DEBIAN_FRONTEND=noninteractive apt {command} -y {' '.join(arguments)} 2>&1"
        started = time.monotonic()
        output = self.run_in("sh", "-c", text, seconds=APT_SECONDS_MAX)
        print(f"apt {command} {' '.join(arguments)}: {time.monotonic() - started:.0f} s", flush=True)
        return output

    def install(self, *names, folder=None):
        """With the commands of docs/install.md."""
        backports = ["-t", "bookworm-backports"] if "bookworm" in self.release and NAMES[1] in names else []
        files = [f"./{name}_*_{ARCHITECTURE}.deb" for name in names]
        return self.apt("install", *backports, *files, folder=folder or self.folder)

    def property(self, name, unit="ringcast.service"):
        return self.run_in("systemctl", "show", unit, "-P", name).strip()

    def service(self):
        return self.property("ActiveState")

    def journal(self):
        return self.run_in("journalctl", "-u", "ringcast", "-o", "cat", "--no-pager")

    def local_picture(self):
        """Status, type and live state of the first picture that a program on the same machine gets."""
        answer = self.run_in("curl", "-s", "--max-time", "60", "-o", "/dev/null", "-w", "%{http_code} %{content_type}",
                             "http://127.0.0.1:8080/snapshot", check=False)
        return answer.strip()

    def live(self):
        text = self.run_in("curl", "-s", "--max-time", "30", "http://127.0.0.1:8080/api/status", check=False)
        return text and json.loads(text)["streams"][0]["state"] == "live"

    def assert_shows_the_camera(self):
        self.assertEqual(self.service(), "active", self.journal())
        self.assertEqual(self.local_picture(), "200 image/jpeg")
        harness.wait_for(self.live, "the camera's stream to be live")

    def files(self):
        """{path: properties} of all files, for those in /etc with a digest of the content. Without the properties
        of the many files in /usr, which take minutes to read in the guest."""
        listed = self.run_in("find", "/usr", "/opt", "/srv", "/root", "-xdev", "-print", seconds=APT_SECONDS_MAX)
        found = dict.fromkeys(listed.splitlines(), "")
        listed = self.run_in("find", "/etc", "/var", "/run", "-xdev", "-printf", "%p\t%y %m %u %g %l\n", check=False,
                             seconds=APT_SECONDS_MAX)
        found.update(line.split("\t", 1) for line in listed.splitlines() if "\t" in line)
        digests = self.run_in("find", "/etc", "-type", "f", "-exec", "sha256sum", "{}", "+", seconds=APT_SECONDS_MAX)
        for line in digests.splitlines():
            digest, path = line.split(maxsplit=1)
            found[path] += digest
        return {path: value for path, value in found.items() if not NOT_OF_PACKAGES.fullmatch(path)}

    def files_of_packages(self):
        listed = self.run_in("sh", "-c", "cat /var/lib/dpkg/info/*.list").splitlines()
        return {"/usr" + path if re.match("/(bin|lib|lib64|sbin)/", path) else path for path in listed}

    def reachable_from_outside(self):
        try:
            with harness.StreamReader(self.url) as reader:
                return reader.status
        except (OSError, EOFError):
            return None

    def test_the_packages_are_installed_upgraded_removed_and_purged(self):
        before = self.files()
        with self.guest.camera("--fps", 10):
            self.install(*NAMES)
            self.assert_shows_the_camera()
            self.check_the_service()
            self.open_to_the_network()
            self.check_in_a_browser()
            self.check_upgrade()
            self.check_removal()
            self.check_purge(before)
            self.check_without_the_module()

    def check_the_service(self):
        user, groups = self.property("User"), self.property("SupplementaryGroups")
        process = self.property("MainPID")
        ids = self.run_in("stat", "-c", "%U %G", f"/proc/{process}").split()
        self.assertEqual(ids, ["ringcast", "ringcast"], (user, groups))
        self.assertEqual(self.property("UnitFileState"), "enabled")
        self.assertEqual(self.property("UnitFileState", "ringcast.socket"), "disabled")
        # The heap that is not for cameras stays closed.
        self.assertEqual(self.run_in("stat", "-c", "%G %a", "/dev/dma_heap/system").strip(), "root 600")

    def open_to_the_network(self):
        """Applies what `ringcast doctor` names, and nothing else."""
        self.assertIsNone(self.reachable_from_outside())
        report = self.run_in("ringcast", "doctor", "--config", CONFIGURATION, check=False)
        named = re.search(r'set (listen = \[.*?\]) in \[http\] of .*?(/etc/[^\s,]+), then `sudo (.*?)`',
                          " ".join(report.split()))
        self.assertIsNotNone(named, report)
        setting, file, command = named.groups()
        self.assertEqual(file, CONFIGURATION)
        self.run_in("sed", "-i", f"s/^listen = .*/{setting}/", file)
        self.run_in(*command.split())
        viewer = Viewer(self.url, "/stream")
        self.addCleanup(viewer.stop)
        harness.wait_for(lambda: viewer.frames >= 10, "frames outside of the guest")
        self.viewer = viewer

    def check_in_a_browser(self):
        """The host's Chromium shows the moving picture: in the guest it would have to be installed."""
        browser = Chromium()
        try:
            browser.go_to(self.url + "/camera/")
            shown = set()

            def has_changed_often():
                shown.add(browser.evaluate(SHOWN))
                return len(shown - {None}) >= 10

            harness.wait_for(has_changed_often, "a moving picture in the browser")
            browser.screenshot(SCREENSHOTS / "package.png")
        finally:
            browser.close()

    def check_upgrade(self):
        configured = self.run_in("cat", CONFIGURATION)
        self.run_in("sh", "-c", "ringcast token tablet && chgrp ringcast /etc/ringcast/tokens")
        process, connections = self.property("MainPID"), self.viewer.connections
        self.viewer.restart_gap()
        self.install(*NAMES, folder=self.newer_folder)
        installed = self.run_in("dpkg-query", "-W", "-f", "${Package} ${Version}\n", *NAMES)
        self.assertEqual(installed, "".join(f"{name} {self.version}+1\n" for name in NAMES))
        self.assertEqual(self.run_in("cat", CONFIGURATION), configured)
        self.assert_shows_the_camera()
        self.assertNotEqual(self.property("MainPID"), process)
        # The path would end with " (deleted)" if the service still ran the old program.
        running = self.run_in("readlink", f"/proc/{self.property('MainPID')}/exe").strip()
        self.assertEqual(running, "/usr/bin/ringcast")
        harness.wait_for(lambda: self.viewer.connections == connections + 1 and self.viewer.frames >= 10,
                         "the viewer to be back")
        print(f"upgrade: {self.viewer.longest_gap:.1f} s without a frame for a viewer", flush=True)
        self.viewer.stop()

    def check_removal(self):
        configured = self.run_in("cat", CONFIGURATION)
        self.apt("remove", *NAMES)
        self.assertEqual(self.guest.run("pgrep", "-x", "ringcast", check=False), "")
        self.assertNotEqual(self.service(), "active")
        self.assertIsNone(self.reachable_from_outside())
        self.assertEqual(self.run_in("cat", CONFIGURATION), configured)
        self.run_in("test", "-e", "/etc/ringcast/tokens")

    def check_purge(self, before):
        self.apt("purge", *NAMES)
        self.apt("autoremove", "--purge")  # the libraries that came with them
        after = self.files()
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        # Libraries that came with them and that another package recommends stay too.
        owned = self.files_of_packages()
        left = sorted(path for path in changed - owned if not USER_FILES.fullmatch(path))
        self.assertEqual(left, [], "\n".join(left))
        state = self.run_in("find", "/var/lib/systemd", "/run/systemd", "/var/lib/dpkg", "-name", "*ringcast*")
        self.assertEqual(state, "")
        self.assertEqual(self.run_in("systemctl", "list-unit-files", "ringcast*", "--no-legend", check=False), "")
        self.assertEqual(self.run_in("dpkg-query", "-W", *NAMES, check=False), "")
        user = self.run_in("getent", "passwd", "ringcast", check=False).strip()
        print(f"after purging, this user is left: {user}", flush=True)

    def check_without_the_module(self):
        self.install(NAMES[0])
        self.assertEqual(self.service(), "failed")
        self.assertIn("cameras need the package ringcast-libcamera, which is not installed", self.journal())
        self.install(NAMES[1])
        self.assert_shows_the_camera()


if __name__ == "__main__":
    harness.main()
