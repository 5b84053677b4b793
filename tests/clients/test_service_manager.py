"""What a service manager such as systemd is told, and what it passes, over the protocols of sd_notify(3)."""

import fcntl
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
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


def passed(sockets, names):
    """Options of harness.Ringcast: it is started with these listening sockets, as by systemd."""
    # bash knows the process id that LISTEN_PID has to be, and can place descriptors from 3 on.
    copies = [fcntl.fcntl(each, fcntl.F_DUPFD, 100) for each in sockets]
    redirections = " ".join(f"{3 + i}<&{copy}" for i, copy in enumerate(copies))
    script = f'LISTEN_PID=$$ exec "$@" {redirections}'
    return {
        "prefix": ("bash", "-c", script, "bash"), "pass_fds": copies, "listen": False,
        "env": {**os.environ, "LISTEN_FDS": str(len(copies)), "LISTEN_FDNAMES": names},
    }, copies


class PassedSockets(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, sockets, names, *arguments, text=None):
        options, copies = passed(sockets, names)
        try:
            if text is not None:
                return harness.configured(text, *arguments, **options)
            return harness.Ringcast("pattern", *arguments, **options)
        finally:
            for copy in copies:
                os.close(copy)

    def unix_listener(self):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / "socket"))
        listener.listen()
        return listener

    def ask_unix(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(harness.WAIT_SECONDS)
            client.connect(str(self.folder / "socket"))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return client.recv(100).split(b"\r\n")[0]

    def test_they_replace_the_default_address_and_keep_their_files(self):
        with socket.create_server(("127.0.0.1", 0)) as tcp, self.unix_listener() as local:
            with self.start((tcp, local), "web:local") as server:
                self.assertEqual(server.port, tcp.getsockname()[1])
                self.assertEqual(self.ask_unix(), b"HTTP/1.1 200 OK")
                self.assertIn("socket", server.log())
                self.assertNotIn(":8080", server.log())
                self.assertEqual(server.stop(), 0)
            self.assertTrue((self.folder / "socket").exists())

    def test_a_name_gives_them_properties(self):
        users = self.folder / "tokens"
        text = (f'[access]\ntokens_file = "{users}"\n[streams.a]\nsource = "pattern"\n'
                '[http]\nlisten = [{ address = "systemd:local", access = "public" }, "systemd:web"]\n')
        configuration = self.folder / "ringcast.toml"
        configuration.write_text(text)
        subprocess.run([harness.binary(), "token", "t", "--config", configuration], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with socket.create_server(("127.0.0.1", 0)) as tcp, self.unix_listener() as local:
            with self.start((tcp, local), "web:local", text=text) as server:
                self.assertEqual(server.get("/a/snapshot")[0], 401)
                with harness.Connection(self.connected_unix()) as connection:
                    self.assertEqual(connection.ask("/a/snapshot").status, 200)

    def connected_unix(self):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(self.folder / "socket"))
        return client

    def test_a_restart_loses_no_connection_attempt(self):
        with socket.create_server(("127.0.0.1", 0)) as tcp:
            with self.start((tcp,), "web") as server:
                self.assertEqual(server.get("/healthz")[0], 200)
                self.assertEqual(server.stop(), 0)
            # Between the two processes.
            with socket.create_connection(tcp.getsockname(), harness.WAIT_SECONDS) as waiting:
                waiting.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                with self.start((tcp,), "web"):
                    self.assertEqual(waiting.recv(100).split(b"\r\n")[0], b"HTTP/1.1 200 OK")

    def test_every_connection_is_answered_while_one_process_replaces_another(self):
        """Under load. A request that reaches the first process as it ends is told to come back: of this client,
        which asks one thing after the other, at most one."""
        with socket.create_server(("127.0.0.1", 0), backlog=128) as tcp:
            answers, stop = [], threading.Event()

            def ask():
                while not stop.is_set():
                    with socket.create_connection(tcp.getsockname(), harness.WAIT_SECONDS) as client:
                        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                        answers.append(client.recv(100).split(b"\r\n")[0])

            with self.start((tcp,), "web") as server:
                thread = threading.Thread(target=ask)
                thread.start()
                try:
                    harness.wait_for(lambda: len(answers) > 20, "answers of the first process")
                    self.assertEqual(server.stop(), 0)
                    with self.start((tcp,), "web"):
                        seen = len(answers)
                        harness.wait_for(lambda: len(answers) > seen + 20, "answers of the second process")
                        stop.set()
                        thread.join(harness.WAIT_SECONDS)
                finally:
                    stop.set()
            told_to_come_back = b"HTTP/1.1 503 Service Unavailable"
            self.assertLessEqual(answers.count(told_to_come_back), 1)
            self.assertEqual(set(answers) - {told_to_come_back}, {b"HTTP/1.1 200 OK"})

    def test_a_reload_is_announced_and_keeps_them(self):
        with socket.create_server(("127.0.0.1", 0)) as tcp:
            options, copies = passed((tcp,), "web")
            manager = Manager(self.folder)
            self.addCleanup(manager.socket.close)
            options["env"]["NOTIFY_SOCKET"] = manager.path
            configuration = self.folder / "ringcast.toml"
            configuration.write_text('[streams.a]\nsource = "pattern"\n')
            with harness.Ringcast("--config", configuration, **options) as server:
                for copy in copies:
                    os.close(copy)
                self.assertIn("1 stream", manager.next_of("READY=1"))
                configuration.write_text('[streams.a]\nsource = "pattern"\n[streams.b]\nsource = "pattern"\n')
                server.process.send_signal(signal.SIGHUP)
                self.assertRegex(manager.next(), r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
                self.assertIn("2 streams", manager.next())
                self.assertEqual(server.get("/b/snapshot?placeholder=1")[0], 200)
                configuration.write_text("nonsense")
                server.process.send_signal(signal.SIGHUP)
                self.assertIn("RELOADING=1", manager.next())
                self.assertIn("READY=1\nSTATUS=2 streams", manager.next())


class Units(unittest.TestCase):
    FOLDER = pathlib.Path(__file__).resolve().parents[2] / "packaging"

    def setUp(self):
        harness.need("systemd-analyze")

    def analyze(self, *arguments):
        done = subprocess.run(["systemd-analyze", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=harness.WAIT_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_they_are_valid(self):
        with tempfile.TemporaryDirectory() as folder:
            # systemd-analyze also looks for the program that the unit starts.
            for unit in ("ringcast.service", "ringcast.socket"):
                text = (self.FOLDER / unit).read_text().replace("/usr/local/bin/ringcast", "/bin/true")
                pathlib.Path(folder, unit).write_text(text)
            for unit in ("ringcast.service", "ringcast.socket"):
                self.assertNotIn(unit, self.analyze("verify", os.path.join(folder, unit)))

    def test_the_service_is_restricted(self):
        # In tenths: 2.0 or better.
        self.analyze("security", "--offline=true", "--threshold=20", str(self.FOLDER / "ringcast.service"))


if __name__ == "__main__":
    harness.main()
