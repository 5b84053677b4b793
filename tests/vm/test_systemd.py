"""The unit files, run by a real systemd: ready, reloaded, restarted, watched, and with a camera. The
program loads libcamera as a module, as that of the packages does."""

import json
import os
import pathlib
import subprocess
import unittest

import guest
import harness

HERE = pathlib.Path(__file__).resolve().parent
PACKAGING = HERE.parents[1] / "packaging"
CONFIGURATION = '[streams.camera]\nsource = "libcamera"\n[streams.pattern]\nsource = "pattern"\nfps = 5\n'
# In the emulated guest a restart takes seconds.
ATTEMPTS = 40


@harness.only_with_all
class Systemd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.need("unshare")
        cls.guest = guest.running()
        build = pathlib.Path(os.environ["RINGCAST_BUILD"])
        for file, place in (("tests/clients/ringcast_loading", "/usr/local/bin/ringcast"),
                            ("libcamera.so", "/usr/local/lib/ringcast/libcamera.so")):
            cls.guest.run("install", "-D", "-m", "755", build / file, place)
        cls.guest.run("mkdir", "/units")
        cls.guest.run("cp", PACKAGING / "ringcast.service", PACKAGING / "ringcast.socket", "/units")
        cls.guest.run("mkdir", "-p", "/etc/ringcast")
        cls.write("/etc/ringcast/ringcast.toml", CONFIGURATION)
        cls.enterClassContext(cls.guest.camera())
        cls.booted = subprocess.Popen([*cls.guest.prefix, str(HERE / "boot-systemd"), "/units"],
                                      stdin=subprocess.DEVNULL)
        cls.addClassCleanup(cls.end)
        harness.wait_for(lambda: "running" in cls.systemd("systemctl", "is-system-running", check=False), "systemd")
        cls.systemd("systemctl", "start", "ringcast.socket", "ringcast.service")

    @classmethod
    def end(cls):
        cls.guest.run("pkill", "-KILL", "-f", "^/lib/systemd/systemd --unit=nothing")
        cls.booted.wait(harness.WAIT_SECONDS)

    @classmethod
    def write(cls, path, text):
        cls.guest.run("bash", "-c", 'printf %s "$2" >"$1"', "bash", path, text)

    @classmethod
    def systemd(cls, *command, check=True):
        """Runs a command where systemd runs."""
        enter = 'exec nsenter -t "$(pgrep -o -f "^/lib/systemd/systemd --unit=nothing")" -m -p -C -i -u "$@"'
        return cls.guest.run("bash", "-c", enter, "bash", *command, check=check)

    def property(self, name):
        return self.systemd("systemctl", "show", "ringcast.service", "-P", name).strip()

    def status(self):
        return json.loads(self.systemd("curl", "-s", "--max-time", "30", "http://127.0.0.1:8080/api/status"))

    def answer_of(self, user, url, *options):
        command = ["runuser", "-u", user, "--", "curl", "-s", "--max-time", "30", "-o", "/dev/null", "-w",
                   "%{http_code}", *options, url]
        return self.systemd(*command, check=False)

    def test_the_service_is_ready_and_says_where_it_listens(self):
        self.assertEqual(self.property("ActiveState"), "active")
        self.assertEqual(self.property("StatusText"), "2 streams on 127.0.0.1:8080, unix:/run/ringcast.sock")

    def test_a_camera_works_under_the_restrictions_of_the_unit(self):
        def live():
            camera = self.status()["streams"][0]
            return camera["state"] == "live" and camera

        stream = harness.wait_for(live, "the camera's stream to be live")
        self.assertEqual(stream["tier"], "registered", stream["tier_reason"])

    def test_the_users_of_the_group_of_proxies_reach_the_unix_socket(self):
        url = "http://x/pattern/snapshot"
        self.assertEqual(self.answer_of("www-data", url, "--unix-socket", "/run/ringcast.sock"), "200")
        self.assertEqual(self.answer_of("nobody", url, "--unix-socket", "/run/ringcast.sock"), "000")

    def test_the_journal_has_the_lines_of_each_stream(self):
        lines = self.systemd("journalctl", "-u", "ringcast", "RINGCAST_STREAM=pattern", "-o", "json", "--no-pager")
        found = [json.loads(line) for line in lines.splitlines()]
        self.assertTrue(found)
        for line in found:
            self.assertEqual(line["SYSLOG_IDENTIFIER"], "ringcast")
            self.assertTrue(line["MESSAGE"].startswith("stream pattern: "), line["MESSAGE"])

    def test_a_reload_changes_the_streams_or_fails(self):
        self.addCleanup(self.systemd, "systemctl", "reload", "ringcast")
        self.addCleanup(self.write, "/etc/ringcast/ringcast.toml", CONFIGURATION)
        process = self.property("MainPID")
        self.write("/etc/ringcast/ringcast.toml", CONFIGURATION + '[streams.second]\nsource = "pattern"\n')
        self.systemd("systemctl", "reload", "ringcast")
        self.assertTrue(self.property("StatusText").startswith("3 streams"))
        self.write("/etc/ringcast/ringcast.toml", "nonsense")
        with self.assertRaises(AssertionError):
            self.systemd("systemctl", "reload", "ringcast")
        self.assertIn("nonsense", self.systemd("journalctl", "-u", "ringcast", "-n", "5", "--no-pager"))
        self.assertEqual((self.property("ActiveState"), self.property("MainPID")), ("active", process))

    def test_a_restart_refuses_nobody(self):
        process = self.property("MainPID")
        asking = (f"for i in $(seq {ATTEMPTS}); do curl -s --max-time 30 -o /dev/null http://127.0.0.1:8080/healthz"
                  "; echo $?; done")
        with subprocess.Popen([*self.guest.prefix, "bash", "-c", asking], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True) as clients:
            self.assertEqual(clients.stdout.readline(), "0\n")
            self.systemd("systemctl", "restart", "ringcast")
            answers = clients.communicate(timeout=harness.WAIT_SECONDS * 2)[0].splitlines()
        self.assertNotEqual(self.property("MainPID"), process)
        self.assertEqual(len(answers), ATTEMPTS - 1)
        # "52": no answer, as the process ended in the moment in which the request arrived; "7" would be refused.
        self.assertLessEqual(answers.count("52"), 1)
        self.assertEqual(set(answers) - {"52"}, {"0"})

    def test_a_loop_that_stands_still_is_ended_and_started_again(self):
        def watch(seconds):
            self.systemd("bash", "-c", f"mkdir -p /run/systemd/system/ringcast.service.d && printf '[Service]\\n"
                         f"WatchdogSec={seconds}\\n' >/run/systemd/system/ringcast.service.d/watchdog.conf && "
                         "systemctl daemon-reload && systemctl restart ringcast")

        watch(5)
        self.addCleanup(watch, 30)
        process = self.property("MainPID")
        self.systemd("kill", "-STOP", process)
        harness.wait_for(lambda: self.property("NRestarts") == "1" and self.property("ActiveState") == "active",
                         "the restart")
        self.assertNotEqual(self.property("MainPID"), process)
        self.assertEqual(self.answer_of("nobody", "http://127.0.0.1:8080/pattern/snapshot"), "200")


if __name__ == "__main__":
    harness.main()
