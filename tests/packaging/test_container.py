"""ringcast in the container that packaging/container describes, without an engine: see bubble.py."""

import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import unittest

import bubble
import images
import seccomp_profile

import harness
import seccomp_filter

ANSWERS = (seccomp_filter.DOCKER, seccomp_filter.PODMAN)
CONFIGURATION = images.CONTAINER / "ringcast.toml"
# A program of a source whose children outlive it, in sessions of their own.
ORPHANS = """
[streams.program]
source = "exec"
command = ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do (setsid sleep 0.1 >&- 2>&- &); done; sleep 0.3; exit 7"]
"""


def profile(error, allow_io_uring=False):
    """The default profile as of an engine that refuses io_uring with `error`, and with our addition or not."""
    rules = seccomp_profile.default_profile(error)
    for rule in rules["syscalls"]:  # releases of podman before 4.7 allowed io_uring
        rule["names"] = [name for name in rule["names"] if not name.startswith("io_uring_")]
    if allow_io_uring:
        rules["syscalls"].append(json.loads((images.CONTAINER / "io-uring.json").read_text()))
    return seccomp_profile.compiled(rules)


def children(pid):
    """The processes whose parent is `pid`, ended ones that have not been reaped among them."""
    found = set()
    for file in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has been reaped meanwhile
            _, rest = file.read_text().rsplit(")", 1)
            if int(rest.split()[1]) == pid:
                found.add(int(file.parent.name))
    return found


def comm(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def start(error=seccomp_filter.DOCKER, allow_io_uring=False, configuration=CONFIGURATION):
    limits = [(resource.RLIMIT_MEMLOCK, 268435456), (resource.RLIMIT_NOFILE, 65536)]
    with profile(error, allow_io_uring) as rules:
        return bubble.Container(images.ringcast_image(), {"/etc/ringcast/ringcast.toml": configuration}, rules,
                                writable=["/run/ringcast", "/tmp"], limits=limits)


class Image(unittest.TestCase):
    """What ends or needs a container of its own."""

    def start(self, *arguments, **options):
        container = start(*arguments, **options)
        self.addCleanup(container.close)
        return container

    def test_where_the_profile_refuses_io_uring_it_streams_by_epoll_and_says_what_to_allow(self):
        for error in ANSWERS:
            with self.subTest(error=error):
                container = self.start(error)
                self.assertEqual(container.wait_live()["server"]["engine"], "epoll")
                self.assertIn("io_uring_setup", container.wait_log("serving with epoll"))
                code, picture = container.curl("/snapshot")
                self.assertEqual((code, picture[:2], picture[-2:]), (200, b"\xff\xd8", b"\xff\xd9"))

    def test_with_the_addition_to_the_profile_it_uses_io_uring(self):
        for error in ANSWERS:
            with self.subTest(error=error):
                container = self.start(error, allow_io_uring=True)
                self.assertEqual(container.wait_live()["server"]["engine"], "io_uring")
                self.assertNotIn("serving with epoll", container.log())

    def test_the_health_check_succeeds_until_the_server_drains(self):
        usage = subprocess.run([harness.binary(), "--help"], capture_output=True, text=True, check=True).stdout
        if "ringcast health" not in usage:
            self.skipTest("this ringcast has no command health")
        container = self.start()
        container.wait_live()
        command = container.image.health_check
        self.assertEqual(command[0], "ringcast")
        done = container.execute("/usr/bin/ringcast", *command[1:])
        self.assertEqual(done.returncode, 0, done.stderr)
        os.kill(container.first, signal.SIGUSR1)
        container.wait_log("draining for maintenance")
        self.assertEqual(container.execute("/usr/bin/ringcast", *command[1:]).returncode, 1)

    def test_the_stop_signal_ends_it_in_order(self):
        container = self.start()
        container.wait_live()
        os.kill(container.first, getattr(signal, container.image.stop_signal))
        self.assertEqual(container.wait_ended(), 0, container.log())

    def test_orphans_of_programs_are_reaped(self):
        container = self.start(configuration=CONFIGURATION.read_text() + ORPHANS)
        container.wait_live()
        container.wait_log("(exit status 7)")
        (server,) = [pid for pid in children(container.first) if comm(pid) == "ringcast"]
        # The program starts again and again, so there are always some.
        orphans = set()
        harness.wait_for(lambda: orphans.update(children(container.first) - {server}) or len(orphans) >= 8, "orphans")
        harness.wait_for(lambda: not orphans & children(container.first), "the end of those orphans")


class SharedImage(unittest.TestCase):
    """What can be asked of the same container."""

    @classmethod
    def setUpClass(cls):
        cls.container = start()
        cls.addClassCleanup(cls.container.close)
        cls.container.wait_live()

    def test_it_has_the_image_s_user_no_capabilities_and_a_filter(self):
        status = dict(line.split(":\t", 1) for line in
                      pathlib.Path(f"/proc/{self.container.first}/status").read_text().splitlines() if ":\t" in line)
        self.assertEqual({int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")}, {0})
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Seccomp"], "2")
        uid = self.container.execute("/bin/sh", "-c", "stat -c %u /proc/1")
        self.assertEqual(uid.stdout.decode().strip(), images.ringcast_image().user, uid.stderr)
        self.assertNotEqual(self.container.execute("/bin/sh", "-c", ": >/etc/ringcast/new").returncode, 0)

    def test_it_reads_its_configuration_again_when_it_is_told_to_in_the_container(self):
        done = self.container.execute("/usr/bin/ringcast", "--reload")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_it_answers_to_the_names_of_services_and_add_ons_and_to_no_public_name(self):
        names = ["ringcast:8080", "local-ringcast:8080", "localhost:8080", "homeassistant.local:8123", "192.0.2.7:8080"]
        for name in names:
            self.assertEqual(self.container.curl("/snapshot", "-H", f"Host: {name}")[0], 200, name)
        code, text = self.container.curl("/snapshot", "-H", "Host: cam.example.org")
        self.assertEqual(code, 421)
        self.assertIn(b'hosts = ["cam.example.org"]', text)


class HomeAssistant(unittest.TestCase):
    """The add-on's container, whose script begins as root."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("the add-on's script changes the user, which only root can")
        self.image = images.home_assistant_image()
        self.addresses = ("172.30.32.1", "172.30.32.2")  # Home Assistant and its Supervisor

    def start(self):
        files = {"/run.sh": images.HOME_ASSISTANT / "run.sh",
                 "/usr/share/ringcast/home-assistant.toml": images.HOME_ASSISTANT / "ringcast.toml"}
        container = bubble.Container(self.image, files, user=0, writable=["/config", "/run/ringcast", "/tmp"])
        self.addCleanup(container.close)
        harness.wait_for(container.status, "the first answer")
        return container

    def test_it_runs_as_its_user_and_writes_a_configuration_to_edit(self):
        container = self.start()
        status = pathlib.Path(f"/proc/{container.first}/status").read_text()
        self.assertRegex(status, rf"\nUid:\t{bubble.USER}\t{bubble.USER}\t")
        self.assertRegex(status, r"\nCapBnd:\t0+\n")
        written = container.execute("/bin/sh", "-c", "while read -r line; do echo \"$line\"; done </config/ringcast.toml")
        self.assertIn(b"172.30.32.2", written.stdout)
        os.kill(container.first, signal.SIGTERM)
        self.assertEqual(container.wait_ended(), 0, container.log())

    def test_the_page_works_below_home_assistant_s_path(self):
        container = self.start()
        for address in self.addresses:
            done = container.enter("ip", "address", "add", f"{address}/32", "dev", "lo")
            self.assertEqual(done.returncode, 0, done.stderr)
        # As the Supervisor passes a request on: without the path, and with these fields.
        token = "/api/hassio_ingress/t0k3n"
        fields = {"Host": "homeassistant.local:8123", "X-Ingress-Path": token, "X-Forwarded-Proto": "http",
                  "X-Forwarded-Host": "homeassistant.local:8123", "X-Forwarded-For": f"192.0.2.9, {self.addresses[0]}"}
        options = ["--interface", self.addresses[1]]
        for name, value in fields.items():
            options += ["-H", f"{name}: {value}"]
        port = images.read_yaml(images.HOME_ASSISTANT / "config.yaml")["ingress_port"]
        code, page = container.curl("/", *options, port=port)
        self.assertEqual(code, 200, page)
        links = re.findall(r'(?:src|href|action)="([^"]*)"', page.decode())
        self.assertTrue(links)
        self.assertEqual([link for link in links if link.startswith("/")], [])
        stream = subprocess.Popen(["nsenter", f"--target={container.first}", "--net", "curl", "-sSN", *options,
                                   f"http://127.0.0.1:{port}/stream"], stdout=subprocess.PIPE)
        try:
            harness.wait_for(lambda: any(viewer["address"].startswith("192.0.2.9") for viewer in
                                         container.status()["viewers"]), "the viewer by its own address")
        finally:
            stream.kill()
            stream.communicate()


if __name__ == "__main__":
    harness.main()
