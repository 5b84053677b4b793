"""Another configuration while the program runs: what changes, what is not touched, and what is left
behind."""

import contextlib
import os
import pathlib
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

import harness

STILL = '[streams.still]\nsource = "pattern"\nsize = "160x120"\nfps = 10\n'
VIEWERS = 200
RELOADS = 50


def changing(quality):
    return f'[streams.changing]\nsource = "pattern"\nsize = "160x120"\nfps = 10\nquality = {quality}\n'


class Crowd:
    """Viewers of one stream, read by one thread. A viewer that is disconnected is an error."""

    def __init__(self, server, path, count):
        self.sequences = [[] for _ in range(count)]
        self.ended = 0
        self._rest = [b""] * count
        self._sockets = [socket.create_connection(("127.0.0.1", server.port), harness.WAIT_SECONDS)
                         for _ in range(count)]
        self._selector = selectors.DefaultSelector()
        for index, viewer in enumerate(self._sockets):
            viewer.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            self._selector.register(viewer, selectors.EVENT_READ, index)
        self._over = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while not self._over:
            for key, _ in self._selector.select(0.1):
                data = key.fileobj.recv(1 << 18)
                if not data:
                    self.ended += 1
                    self._selector.unregister(key.fileobj)
                    continue
                text = self._rest[key.data] + data
                end = 0
                for found in harness.STAMP.finditer(text):
                    self.sequences[key.data].append(int(found[1]))
                    end = found.end()
                self._rest[key.data] = text[end:][-200:] if end else text[-200:]

    def wait_frames(self, more=2):
        """Until every viewer has been sent so many further frames."""
        counts = [len(numbers) for numbers in self.sequences]
        harness.wait_for(lambda: all(len(numbers) >= count + more
                                     for numbers, count in zip(self.sequences, counts)), "frames for all")

    def close(self):
        self._over = True
        self._thread.join(harness.WAIT_SECONDS)
        for viewer in self._sockets:
            viewer.close()
        self._selector.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ReloadTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "ringcast.toml"

    def start(self, text, **options):
        self.file.write_text(text)
        server = harness.Ringcast("--config", self.file, **options)
        self.addCleanup(server.__exit__)
        return server

    def reload(self, server, text, expected="reload: (done: |nothing has changed)"):
        """Puts `text` into force, and waits for the outcome. Returns the log lines since then."""
        self.file.write_text(text)
        count = len(server.lines)
        server.process.send_signal(signal.SIGHUP)
        harness.wait_for(lambda: re.search(expected, "\n".join(server.lines[count:])), "the reload")
        return "\n".join(server.lines[count:])

    def refuse(self, server, text):
        return self.reload(server, text, "the configuration stays as it was")


def open_files(server):
    return len(list(pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()))


def kilobytes(server, key):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.M)[1])


class Load(ReloadTest):
    def test_many_reloads_cost_the_viewers_of_other_streams_no_frame_and_leave_nothing_behind(self):
        memory = "[memory]\nframe_max = \"64KiB\"\nslots = 16\n"
        server = self.start(memory + STILL + changing(50)).wait_live(0).wait_live(1)
        with Crowd(server, "/still/stream", VIEWERS) as still, Crowd(server, "/changing/stream", 20) as others:
            still.wait_frames()
            others.wait_frames()

            def settled():
                """Descriptors, and memory of frames, once ended streams are gone."""
                return open_files(server), kilobytes(server, "RssShmem")

            before = settled()
            resident = kilobytes(server, "VmRSS")
            for number in range(RELOADS):
                text = memory + STILL + changing(30 + number)
                if number % 2 == 0:
                    text += f'[streams.extra]\nsource = "pattern"\nsize = "160x120"\nfps = {1 + number}\n'
                self.reload(server, text)
            self.reload(server, memory + STILL + changing(50))
            others.wait_frames()
            still.wait_frames()
            # The kernel releases registered memory up to a second later.
            harness.wait_for(lambda: settled() == before, f"{before} open files and KiB, not {settled()}")
            self.assertLess(kilobytes(server, "VmRSS"), resident + 20_000)
            for crowd in (still, others):
                self.assertEqual(crowd.ended, 0)
            for numbers in still.sequences:
                self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
            status = server.status()
            self.assertEqual([stream["name"] for stream in status["streams"]], ["still", "changing"])
        self.assertEqual(server.stop(), 0)


class Changes(ReloadTest):
    def test_streams_are_added_replaced_and_removed(self):
        server = self.start(STILL).wait_live()
        lines = self.reload(server, STILL + changing(50))
        self.assertIn("stream changing: added", lines)
        server.wait_live(1)
        with harness.StreamReader(server.url, "/changing/stream") as viewer:
            viewer.part()
            lines = self.reload(server, STILL + '[streams.changing]\nsource = "exec"\ncommand = ["sleep", "9"]\n')
            self.assertIn("stream changing: started anew", lines)
            reasons = set()
            harness.wait_for(lambda: reasons.add(viewer.part().headers.get("x-ringcast-reason")) or
                             any(reasons - {None}), "a picture without signal")
            lines = self.reload(server, STILL + changing(60))
            harness.wait_for(lambda: "x-ringcast-reason" not in viewer.part().headers, "a live picture")
            lines = self.reload(server, STILL)
            self.assertIn("stream changing: removed", lines)
            with self.assertRaises(EOFError):
                while True:
                    viewer.part()
        self.assertEqual(server.get("/changing/snapshot")[0], 404)

    def test_another_stream_becomes_the_default(self):
        server = self.start(STILL + changing(50)).wait_live(0).wait_live(1)
        lines = self.reload(server, changing(50))
        self.assertIn("stream changing: is the default", lines)
        self.assertIn("stream still: removed", lines)
        with harness.StreamReader(server.url, "/stream") as viewer:
            viewer.part()

    def test_a_program_has_ended_before_its_successor_starts(self):
        lock = self.folder / "lock"

        def program(name):
            script = f'mkdir {lock} || echo twice >&2; trap "rmdir {lock}; exit" TERM; while :; do sleep 0.05; done'
            return f'[streams.camera]\nsource = "exec"\ncommand = ["sh", "-c", \'{script}\', "{name}"]\n'

        server = self.start(program("a"))
        harness.wait_for(lock.exists, "the program")
        for name in ("b", "c"):
            child = server.children()
            self.reload(server, program(name))
            harness.wait_for(lambda: server.children() not in ([], child), "the next program")
        harness.wait_for(lock.exists, "the lock of the last one")
        self.assertNotIn("twice", server.log())

    def test_listeners_come_and_go_and_their_connections_stay(self):
        path = self.folder / "socket"
        other = harness.fixed_free_port()
        listen = lambda *addresses: "[http]\nlisten = [%s]\n" % ", ".join(f'"{a}"' for a in addresses) + STILL
        port = harness.fixed_free_port()
        server = self.start(listen(f"127.0.0.1:{port}"), listen=False).wait_live()
        with harness.StreamReader(server.url) as viewer:
            lines = self.reload(server, listen(f"127.0.0.1:{port}", f"127.0.0.1:{other}", f"unix:{path}"))
            self.assertIn(f"unix:{path}: opened", lines)
            with harness.StreamReader(f"http://127.0.0.1:{other}") as second:
                second.part()
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(path))
                # The wildcard overlaps with the address that is closed.
                lines = self.reload(server, listen(f":{port}"))
                self.assertIn(f"127.0.0.1:{other}: closed", lines)
                self.assertIn(f":{port}: opened", lines)
                viewer.part()
                second.part()
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", other), harness.WAIT_SECONDS)
            harness.wait_for(lambda: not path.exists(), "the socket file to be removed")
            self.assertEqual(server.get("/healthz")[0], 200)
            viewer.part()

    def test_a_socket_file_gets_another_mode(self):
        path = self.folder / "socket"
        text = lambda mode: f'[http]\nlisten = ["127.0.0.1:0", {{ address = "unix:{path}", mode = "{mode}" }}]\n'
        server = self.start(text("0660") + STILL, listen=False)
        inode = path.stat().st_ino
        self.reload(server, text("0600") + STILL)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(path.stat().st_ino, inode)

    def test_limits_change_in_place(self):
        server = self.start(STILL).wait_live()
        with harness.StreamReader(server.url) as viewer:
            viewer.part()
            lines = self.reload(server, "[viewers]\nmax = 1\n[log]\nlevel = \"debug\"\n" + STILL)
            self.assertIn("viewers.max: changed", lines)
            self.assertIn("log.level: changed", lines)
            with harness.StreamReader(server.url) as refused:
                self.assertEqual(refused.status, 503)
            lines = self.reload(server, "[viewers]\nmax = 100000\n" + STILL)
            self.assertIn("until ringcast is restarted", lines)
            with harness.StreamReader(server.url) as admitted:
                admitted.part()
            viewer.part()

    def test_passwords_are_switched_on_and_off(self):
        tokens = self.folder / "tokens"
        access = f'[access]\ntokens_file = "{tokens}"\n'
        server = self.start(STILL).wait_live()
        self.file.write_text(access + STILL)
        token = subprocess.run([harness.binary(), "token", "tablet", "--config", self.file], text=True, check=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
        with harness.StreamReader(server.url) as viewer:
            viewer.part()
            lines = self.reload(server, access + STILL)
            self.assertIn("passwords are asked for", lines)
            with self.assertRaises(EOFError):
                while True:
                    viewer.part()
        self.assertEqual(server.get("/still/snapshot")[0], 401)
        with harness.StreamReader(server.url, f"/stream?token={token}") as known:
            known.part()
            self.reload(server, STILL)
            known.part()
        self.assertEqual(server.get("/still/snapshot")[0], 200)

    def test_memory_of_another_size_is_used_for_every_stream(self):
        server = self.start(STILL).wait_live()
        with harness.StreamReader(server.url) as viewer:
            viewer.part()
            self.reload(server, "[memory]\nslots = 9\n" + STILL)
            harness.wait_for(lambda: server.stream_status()["state"] == "live", "the new stream")
            self.assertEqual(server.stream_status()["slots_total"], 9)
            viewer.part()


class Errors(ReloadTest):
    def test_with_a_mistake_nothing_changes(self):
        port = harness.fixed_free_port()
        server = self.start(STILL).wait_live()
        taken = socket.create_server(("127.0.0.1", port))
        self.addCleanup(taken.close)
        before = open_files(server)
        mistakes = {
            "[viewers]\nmax = -1\n" + changing(50): "viewers.max",
            "not toml": "ringcast.toml",
            f'[access]\nusers_file = "{self.folder / "missing"}"\n' + changing(50): "missing",
            changing(50) + '[streams.far]\nsource = "http"\nurl = "http://127.0.0.1:1/"\n'
            f'credentials_file = "{self.folder / "none"}"\n': "none",
        }
        with harness.StreamReader(server.url) as viewer:
            for text, expected in mistakes.items():
                with self.subTest(expected):
                    lines = self.refuse(server, text)
                    self.assertIn(expected, lines)
                    viewer.part()
                    status = server.status()
                    self.assertEqual([stream["name"] for stream in status["streams"]], ["still"])
        harness.wait_for(lambda: open_files(server) <= before, "descriptors to be closed")
        self.assertIn("nothing has changed", self.reload(server, STILL))

    def test_a_socket_file_that_cannot_be_changed_leaves_the_others_as_they_were(self):
        first, second = self.folder / "first", self.folder / "second"
        entry = lambda path, mode: f'{{ address = "unix:{path}", mode = "{mode}" }}'
        text = lambda mode: f'[http]\nlisten = [{entry(first, mode)}, {entry(second, mode)}, "127.0.0.1:0"]\n' + STILL
        server = self.start(text("0660"), listen=False)
        second.unlink()
        self.assertIn(str(second), self.refuse(server, text("0600")))
        self.assertEqual(first.stat().st_mode & 0o777, 0o660)

    def test_an_address_that_is_taken_changes_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            own = harness.fixed_free_port()
            listen = lambda *ports: "[http]\nlisten = [%s]\n" % ", ".join(f'"127.0.0.1:{p}"' for p in ports)
            server = self.start(listen(own) + STILL, listen=False).wait_live()
            lines = self.refuse(server, listen(port) + changing(50))
            self.assertIn(f"can't listen on 127.0.0.1:{port}", lines)
            self.assertEqual(server.get("/still/snapshot")[0], 200)


class Control(ReloadTest):
    """`ringcast --reload`."""

    def setUp(self):
        super().setUp()
        self.environment = {**os.environ, "RUNTIME_DIRECTORY": str(self.folder)}
        self.path = self.folder / "control.sock"

    def ask(self, *arguments, environment=None):
        return subprocess.run([harness.binary(), "--reload", *arguments], text=True, capture_output=True,
                              env=environment or self.environment, stdin=subprocess.DEVNULL,
                              timeout=harness.WAIT_SECONDS)

    def test_the_outcome_is_printed_and_the_exit_code_tells_it(self):
        server = self.start(STILL, env=self.environment).wait_live()
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual((self.ask().returncode, self.ask().stdout), (0, "nothing has changed\n"))
        self.file.write_text(STILL + changing(50))
        done = self.ask()
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "stream changing: added\ndone: 1 change\n", ""))
        server.wait_live(1)
        self.file.write_text("[viewers]\nmax = -1\nmaxx = 3\n" + STILL)
        refused = self.ask()
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertIn(":2:7: viewers.max:", refused.stderr)
        self.assertIn(":3:1: viewers.maxx:", refused.stderr)
        self.assertIn("stays as it was", refused.stderr)
        self.assertEqual(server.stop(), 0)
        self.assertFalse(self.path.exists())

    def test_many_at_once_are_all_answered(self):
        self.start(STILL, env=self.environment).wait_live()
        asking = [subprocess.Popen([harness.binary(), "--reload"], env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL) for _ in range(10)]
        self.assertEqual([client.wait(harness.WAIT_SECONDS) for client in asking], [0] * 10)

    def test_without_a_running_server_the_exit_code_is_1(self):
        alone = self.ask()
        self.assertEqual((alone.returncode, alone.stdout), (1, ""))
        self.assertIn("no running ringcast answers", alone.stderr)

    def test_it_takes_no_other_options(self):
        for arguments in (["--config", self.file], ["pattern"], ["--check"], ["--listen", ":80"]):
            with self.subTest(arguments):
                wrong = self.ask(*arguments)
                self.assertEqual(wrong.returncode, 2)
                self.assertIn("takes no", wrong.stderr)

    def test_the_socket_of_a_user_is_in_a_folder_of_its_own(self):
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        environment.pop("RUNTIME_DIRECTORY", None)
        self.start(STILL, env=environment).wait_live()
        folder = self.folder / "ringcast"
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual((folder / "control.sock").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.ask(environment=environment).returncode, 0)

    def test_the_first_of_two_servers_has_the_socket_and_the_second_one_says_so(self):
        self.start(STILL, env=self.environment).wait_live()
        second = harness.Ringcast("--config", self.file, env=self.environment)
        with second:
            second.wait_log("does not reach this process, but SIGHUP")
            self.file.write_text(STILL + changing(50))
            self.assertEqual(self.ask().returncode, 0)
            self.assertEqual(len(second.status()["streams"]), 1)
        self.assertEqual(self.ask().returncode, 0)

    def test_the_socket_of_a_killed_server_is_replaced(self):
        killed = self.start(STILL, env=self.environment).wait_live()
        killed.process.kill()
        killed.wait_ended()
        self.assertTrue(self.path.exists())
        self.start(STILL, env=self.environment).wait_live()
        self.assertEqual(self.ask().returncode, 0)

    def test_what_is_no_request_is_refused_and_silent_clients_hold_up_others_for_a_bounded_time(self):
        server = self.start(STILL, env=self.environment).wait_live()
        for sent in (b"stop\n", b"reload", b"\0" * 4096):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self.path))
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    self.assertTrue(client.makefile("rb").read().startswith(b"failed\n"))
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(self.path))
            self.assertEqual(self.ask().returncode, 0)
        with socket.socket(socket.AF_UNIX) as waiting:  # the server stops in spite of it
            waiting.connect(str(self.path))
            self.assertEqual(server.stop(), 0)

    def test_another_user_is_refused_even_if_the_socket_can_be_reached(self):
        self.start(STILL, env=self.environment).wait_live()
        self.folder.chmod(0o755)
        self.path.chmod(0o666)
        other = ["setpriv", "--reuid=65534", "--clear-groups"]
        if os.geteuid() != 0:
            harness.need("sudo")
            other = ["sudo", "--non-interactive", *other]
        ask = ("import socket, sys; client = socket.socket(socket.AF_UNIX); client.connect(sys.argv[1]); "
               "client.sendall(b'reload\\n'); print(client.makefile().read())")
        answer = subprocess.run([*other, sys.executable, "-c", ask, str(self.path)], text=True, capture_output=True,
                                timeout=harness.WAIT_SECONDS)
        self.assertIn("failed\nonly the user who runs ringcast", answer.stdout, answer.stderr)

    def test_only_a_server_with_a_configuration_file_has_a_socket(self):
        with harness.Ringcast("pattern", env=self.environment) as server:
            server.wait_live()
            self.assertFalse(self.path.exists())


if __name__ == "__main__":
    harness.main()
