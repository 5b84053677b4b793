"""What a service manager such as systemd is told, and what it passes, over the protocols of sd_notify(3)."""

import os
import pathlib
import signal
import socket
import tempfile
import unittest

import harness


class Manager:
    """The service manager's end of the protocol."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(harness.WAIT_SECONDS)
        self.socket.bind(self.path)

    def environment(self, **variables):
        return {**os.environ, "NOTIFY_SOCKET": self.path, **variables}

    def next(self):
        return self.socket.recv(1000).decode()

    def next_of(self, beginning):
        """The next message that begins so; those before it are dropped."""
        while not (message := self.next()).startswith(beginning):
            pass
        return message


class ServiceManager(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.manager = Manager(folder.name)
        self.addCleanup(self.manager.socket.close)

    def test_it_is_told_when_clients_can_connect_and_when_the_server_stops(self):
        with harness.Ringcast("pattern", env=self.manager.environment()) as server:
            self.assertEqual(self.manager.next(), f"READY=1\nSTATUS=1 stream on 127.0.0.1:{server.port}")
            self.assertEqual(server.get("/healthz")[0], 200)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.manager.next(), "STOPPING=1")
            self.assertEqual(server.wait_ended(), 0)

    def test_its_watchdog_hears_from_the_loop_while_nobody_watches(self):
        with harness.Ringcast("pattern", env=self.manager.environment(WATCHDOG_USEC="200000")) as server:
            self.manager.next_of("READY=1")
            for _ in range(5):
                self.assertEqual(self.manager.next(), "WATCHDOG=1")
            server.process.send_signal(signal.SIGTERM)
            self.manager.next_of("STOPPING=1")

    def test_programs_that_are_sources_do_not_speak_to_it(self):
        variables = self.folder / "variables"
        configuration = (f'[streams.a]\nsource = "exec"\ncommand = ["sh", "-c", "env > {variables}.new; '
                         f'mv {variables}.new {variables}; sleep 60"]\n')
        with harness.configured(configuration, env=self.manager.environment(WATCHDOG_USEC="200000")):
            harness.wait_for(variables.exists, "the program's variables")
            names = {line.split("=")[0] for line in variables.read_text().splitlines()}
            self.assertIn("PATH", names)
            self.assertFalse(names & {"NOTIFY_SOCKET", "WATCHDOG_USEC"})


if __name__ == "__main__":
    harness.main()
