"""The program as a process: its output, exit codes, signals, and operation with few privileges."""

import fcntl
import json
import os
import pathlib
import pty
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import termios
import time
import unittest
import urllib.request

import harness
from harness import run
from seccomp_filter import refuse_io_uring


def state(pid):
    """The state of a process as one letter; None if it does not exist."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None


def is_running(pid):
    return state(pid) not in (None, "Z", "X")


def children(pid):
    return list(map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


class CommandLine(unittest.TestCase):
    def test_help_has_examples_and_exit_codes(self):
        code, output, errors = run("--help")
        self.assertEqual((code, errors), (0, ""))
        for word in ("Usage:", "Examples", "Exit codes", "rpicam-vid", "--check"):
            self.assertIn(word, output)
        self.assertLess(max(map(len, output.splitlines())), 100)

    def test_version(self):
        code, output, errors = run("--version")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(output, r"^ringcast \d+\.\d+\.\d+\n$")

    def test_without_arguments_it_prints_three_examples(self):
        code, output, _ = run()
        self.assertEqual(code, 2)
        self.assertEqual(len(re.findall(r"^  (?:ringcast|rpicam-vid) ", output, re.MULTILINE)), 3)

    def test_check_describes_the_configuration(self):
        reference = pathlib.Path(__file__).parents[2] / "conf" / "ringcast.toml"
        code, output, errors = run("--config", reference, "--check")
        self.assertEqual((code, errors), (0, ""))
        for word in ("127.0.0.1:8080", "pattern", "1280x720", "4096"):
            self.assertIn(word, output)

    def test_every_configuration_error_is_reported_with_its_position(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write('[viewers]\nstall_timeout = 10\n[streams.api]\nsource = "pattern"\n'
                       '[streams.printer]\nsource = "exec"\ncomand = ["x"]\n')
            file.flush()
            for arguments in (("--config", file.name), ("--check", file.name)):
                code, output, errors = run(*arguments)
                self.assertEqual((code, output), (2, ""))
                self.assertIn(f'{file.name}:2:17: viewers.stall_timeout: found 10, expected a duration', errors)
                self.assertRegex(errors, re.escape(file.name) + r":3:\d+: .*api")
                self.assertRegex(errors, re.escape(file.name) + r':7:1: streams\.printer\.comand: .*"command"')

    def test_command_line_errors_are_explained(self):
        for arguments, expected in (
            (("patern",), "did you mean pattern?"),
            (("pattern", "--lisen", ":1"), "did you mean --listen?"),
            (("/nonexistent/a.jpg",), "no such file"),
            (("pattern", "--fps", "0"), "--fps"),
            (("pattern", "--listen", "nonsense"), "--listen"),
            (("pattern", "other"), "one SOURCE"),
        ):
            code, output, errors = run(*arguments)
            self.assertEqual((code, output), (2, ""), arguments)
            self.assertIn(expected, errors)


class Doctor(unittest.TestCase):
    def findings(self, *arguments, **options):
        """(exit code, {subject: (verdict, meaning)}) of `ringcast doctor`; checks each line's
        format."""
        code, output, errors = run("doctor", *arguments, **options)
        self.assertEqual(errors, "")
        *lines, last = output.splitlines()
        found = {}
        for line in lines:
            if not line.startswith("         to do: "):
                verdict, subject, meaning = re.fullmatch(r"(ok|note|problem) +([^:].*?): (.*)", line).groups()
                found[subject] = (verdict, meaning)
        self.assertRegex(last, r"^\d+ ok, \d+ to note, \d+ to fix$")
        problems = sum(verdict == "problem" for verdict, _ in found.values())
        self.assertTrue(last.endswith(f", {problems} to fix"), last)
        self.assertEqual(code, 1 if problems else 0)
        return code, found

    def test_doctor_checks_every_subject_and_its_exit_code_reports_problems(self):
        _, found = self.findings("--listen", "127.0.0.1:0")
        for subject in ("io_uring", "zero-copy sends", "locked memory", "open files", "network lo",
                        "listening on 127.0.0.1:0"):
            self.assertIn(subject, found)
        # The other client tests stream on this machine, so these two must be fine.
        self.assertEqual(found["io_uring"][0], "ok")
        self.assertEqual(found["listening on 127.0.0.1:0"][0], "ok")

    def test_doctor_checks_the_limits_that_a_configuration_needs(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write('[http]\nlisten = ["127.0.0.1:0"]\n[viewers]\nmax = 7\n[memory]\nslots = 16\n'
                       '[streams.a]\nsource = "pattern"\n[streams.b]\nsource = "pattern"\n')
            file.flush()
            _, found = self.findings("--config", file.name)
        self.assertIn("of 2 streams", found["locked memory"][1])
        self.assertIn("enough for 7 viewers", found["open files"][1])

    def test_doctor_exits_with_1_and_names_the_problem(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            code, found = self.findings("--listen", address)
        self.assertEqual(code, 1)
        self.assertEqual(found[f"listening on {address}"][0], "problem")
        self.assertIn(f"(process {os.getpid()})", found[f"listening on {address}"][1])

    def test_doctor_finds_nothing_wrong_with_addresses_of_a_running_ringcast(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"unix:{folder}/http.sock"
            with harness.Ringcast("pattern", "--listen", path, "--listen", "127.0.0.1:0", listen=False) as server:
                addresses = (path, f"127.0.0.1:{server.port}")
                _, found = self.findings(*(word for address in addresses for word in ("--listen", address)))
        for address in addresses:
            self.assertEqual(found[f"listening on {address}"], ("ok", "ringcast listens there already"))

    def test_doctor_explains_a_blocked_io_uring(self):
        for engine, verdict, words in (("auto", "note", "serves with epoll"), ("io_uring", "problem", "does not start")):
            _, found = self.findings("--listen", "127.0.0.1:0", "--engine", engine, preexec_fn=lambda: refuse_io_uring(1))
            self.assertEqual(found["io_uring"][0], verdict)
            self.assertIn("seccomp", found["io_uring"][1])
            self.assertIn(words, found["io_uring"][1])


class StartMessage(unittest.TestCase):
    def test_on_loopback_it_prints_the_command_for_listening_on_all_addresses(self):
        with harness.Ringcast("pattern", "--size", "320x240") as server:
            self.assertIn("without a password", server.wait_log("Only this machine can watch"))
            line = server.wait_log(f"--listen :{server.port}")
            self.assertEqual(line, f"  {harness.binary()} pattern --size 320x240 --listen :{server.port}")

    def test_on_a_wildcard_address_it_prints_every_url(self):
        # In a separate network namespace, so that no other host can reach it.
        inside = 'ip link set lo up && ip address add 192.0.2.7/32 dev lo && exec "$0" "$@"'
        prefix = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", inside]
        for program in ("unshare", "ip"):
            harness.need(program)
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode != 0:
            self.skipTest("network namespaces can't be created here")
        with harness.Ringcast("pattern", "--listen", ":0", listen=False, prefix=prefix) as server:
            server.wait_log("Anyone who can reach these addresses can watch. To ask for a password: ringcast passwd --help")
            urls = re.findall(r"^  (http://\S+)$", server.log(), re.MULTILINE)
            name = socket.gethostname().split(".")[0]
            for host in (f"{name}.local", "127.0.0.1", "192.0.2.7", "[::1]"):
                self.assertIn(f"http://{host}:{server.port}/", urls)


class StartWithoutLoopback(unittest.TestCase):
    def test_a_loopback_that_drops_all_packets_does_not_hold_up_the_start(self):
        inside = 'ip link set lo up && tc qdisc add dev lo root pfifo limit 0 && exec "$0" "$@"'
        prefix = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", inside]
        for program in ("unshare", "ip", "tc"):
            harness.need(program)
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode != 0:
            self.skipTest("network namespaces or queueing disciplines can't be created here")
        began = time.monotonic()
        with harness.Ringcast("pattern", "--listen", "127.0.0.1:0", listen=False, prefix=prefix) as server:
            self.assertLess(time.monotonic() - began, 4)  # a connect alone takes 6 s to give up
            line = server.wait_log("zero-copy sends are not available")
            self.assertIn("can't connect over loopback", line)


class FullPipe(unittest.TestCase):
    """A standard error that is a full pipe: nobody reads it, as when a supervisor hangs."""

    def setUp(self):
        reader, self.writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, self.writer)
        os.set_blocking(self.writer, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(self.writer, b"x" * 65536)
        os.set_blocking(self.writer, True)

    def test_it_starts_and_streams(self):
        port = harness.fixed_free_port()
        process = subprocess.Popen(
            [harness.binary(), "pattern", "--size", "320x240", "--listen", f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stderr=self.writer)
        self.addCleanup(process.kill)

        def streams():
            try:
                with harness.StreamReader(f"http://127.0.0.1:{port}") as reader:
                    return reader.part()
            except (ConnectionError, EOFError):
                return None

        harness.StampedFrame(harness.wait_for(streams, "a frame").body)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(harness.WAIT_SECONDS), 0)

    def test_a_failed_start_ends(self):
        for arguments, code in ((["pattern", "--listen", "unix:/nonexistent/http.sock"], 3), (["patern"], 2)):
            done = subprocess.run([harness.binary(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=self.writer, check=False, timeout=harness.WAIT_SECONDS)
            self.assertEqual(done.returncode, code)


class StartFailures(unittest.TestCase):
    def assert_one_line(self, errors, *words):
        lines = [line for line in errors.splitlines() if line.startswith("ringcast: ")]
        self.assertEqual(len(lines), 1, errors)
        for word in words:
            self.assertIn(word, lines[0])

    def test_the_error_for_a_port_in_use_names_its_owner(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            code, _, errors = run("pattern", "--listen", f"127.0.0.1:{port}")
        self.assertEqual(code, 3)
        name = pathlib.Path("/proc/self/comm").read_text().strip()
        self.assert_one_line(errors, f"127.0.0.1:{port}", f"{name} (process {os.getpid()})")

    def test_a_blocked_io_uring_is_explained(self):
        for error, words in ((1, ("io_uring is blocked", "seccomp")), (38, ("io_uring", "seccomp"))):  # EPERM, ENOSYS
            code, _, errors = run("pattern", "--listen", "127.0.0.1:0", "--engine", "io_uring",
                                  preexec_fn=lambda e=error: refuse_io_uring(e))
            self.assertEqual(code, 3)
            self.assert_one_line(errors, *words)

    def test_a_terminal_as_standard_input_is_explained(self):
        terminal, other = os.openpty()
        done = subprocess.run([harness.binary(), "-", "--listen", "127.0.0.1:0"], stdin=other, capture_output=True,
                              text=True, timeout=harness.WAIT_SECONDS, check=False)
        os.close(terminal)
        os.close(other)
        self.assertEqual(done.returncode, 3)
        self.assert_one_line(done.stderr, "terminal", "ringcast -")


def never_reading_viewer(server):
    """A viewer that requests a stream and never reads, with a small receive buffer."""
    idle = socket.socket()
    idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    idle.connect(("127.0.0.1", server.port))
    idle.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    return idle


LARGE = ("pattern", "--size", "1920x1080", "--quality", 95)


class Shutdown(unittest.TestCase):
    def wait_stuck(self, server):
        """Waits until the viewer has received no frame while ten were published: its send is
        blocked."""
        seen = {}

        def stuck():
            status = server.status()
            for viewer in status["viewers"]:
                published = status["streams"][0]["source_counters"]["frames"]
                since = seen.setdefault(viewer["frames_sent"], published)
                return published >= since + 10
            return False

        harness.wait_for(stuck, "a blocked send")

    def test_signals_to_stop_shut_down_cleanly(self):
        for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            with harness.Ringcast("pattern").wait_live() as server:
                with harness.StreamReader(server.url) as reader, server.connect() as idle:
                    reader.part()
                    idle.ask("/healthz")
                    server.process.send_signal(sent)
                    with self.assertRaises(EOFError):  # between parts, not within one
                        while True:
                            harness.StampedFrame(reader.part().body)
                    with self.assertRaises((EOFError, ConnectionResetError)):
                        idle.answer()
                self.assertEqual(server.wait_ended(), 0)

    def test_the_part_in_flight_is_completed(self):
        with harness.Ringcast(*LARGE).wait_live() as server:
            with harness.Connection(never_reading_viewer(server)) as viewer:
                self.wait_stuck(server)
                server.process.send_signal(signal.SIGTERM)
                server.wait_log("stopping")
                text = viewer.file.read()
            self.assertEqual(server.wait_ended(), 0)
        boundary = re.search(rb"boundary=(\S+)", text)[1]
        parts = text.split(b"\r\n\r\n", 1)[1].split(b"--" + boundary + b"\r\n")
        self.assertEqual(parts[-1], b"", "the stream does not end with a delimiter")
        for part in parts[1:-1]:
            harness.StampedFrame(part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n"))

    def test_a_viewer_that_never_reads_delays_shutdown_for_a_bounded_time_only(self):
        with harness.Ringcast(*LARGE).wait_live() as server, never_reading_viewer(server):
            self.wait_stuck(server)
            # The exit code would be 1 if the shutdown time limit had ended it.
            self.assertEqual(server.stop(), 0)

    def test_a_second_signal_ends_it_immediately(self):
        with harness.Ringcast(*LARGE).wait_live() as server, never_reading_viewer(server):
            self.wait_stuck(server)
            server.process.send_signal(signal.SIGTERM)
            server.wait_log("a second signal ends the process at once")

            def ended():  # a signal right after the first is ignored as a wrapper's repetition
                server.process.send_signal(signal.SIGTERM)
                return server.process.poll() is not None

            harness.wait_for(ended, "the immediate end")
            self.assertEqual(server.wait_ended(), 1)

    def test_a_signal_that_a_wrapper_sends_twice_counts_once(self):
        # timeout(1) signals both its child and the process group. This test sends two different
        # signals, because the kernel may merge two pending signals of the same kind.
        with harness.Ringcast(*LARGE).wait_live() as server, never_reading_viewer(server):
            self.wait_stuck(server)
            server.process.send_signal(signal.SIGTERM)
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.wait_ended(), 0)

    def test_connecting_during_shutdown_is_refused(self):
        def refuses(family, address):
            with socket.socket(family) as connection:
                try:
                    connection.connect(address)
                except ConnectionRefusedError:
                    return True
                except ConnectionResetError:
                    pass  # it was in the backlog when the listener closed
                return False

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "http.sock")
            with harness.Ringcast(*LARGE, "--listen", f"unix:{path}").wait_live() as server:
                with never_reading_viewer(server):
                    self.wait_stuck(server)
                    server.process.send_signal(signal.SIGTERM)
                    for address in ((socket.AF_INET, ("127.0.0.1", server.port)), (socket.AF_UNIX, path)):
                        harness.wait_for(lambda: refuses(*address), "a refused connection")
                    self.assertIsNone(server.process.poll())  # the viewer's part is still in flight
                    self.assertEqual(server.wait_ended(), 0)
            self.assertFalse(os.path.exists(path))


class Signals(unittest.TestCase):
    def with_program(self, folder, **options):
        """A ringcast process with a UNIX socket and a program, which has started."""
        text = ('[streams.pattern]\nsource = "pattern"\nsize = "320x240"\n'
                '[streams.program]\nsource = "exec"\ncommand = ["sleep", "1000"]\n')
        path = os.path.join(folder, "http.sock")
        server = harness.configured(text, "--listen", f"unix:{path}", **options)
        self.addCleanup(server.stop, signal.SIGKILL)
        (child,) = harness.wait_for(server.children, "the program")
        harness.wait_for(lambda: pathlib.Path(f"/proc/{child}/comm").read_text() == "sleep\n", "the exec of sleep")
        return server, child, path

    def test_sigint_and_sigquit_leave_neither_programs_nor_socket_files(self):
        for sent in (signal.SIGINT, signal.SIGQUIT):
            with tempfile.TemporaryDirectory() as folder:
                server, child, path = self.with_program(folder)
                self.assertEqual(server.stop(sent), 0)
                self.assertFalse(os.path.exists(path))
                self.assertFalse(is_running(child))

    def test_with_a_configuration_sighup_stops_it_only_when_its_terminal_is_gone(self):
        leader, follower = pty.openpty()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(follower, termios.TIOCSCTTY, 0)

        with tempfile.TemporaryDirectory() as folder:
            server, child, path = self.with_program(folder, preexec_fn=take_terminal)
            os.close(follower)
            server.process.send_signal(signal.SIGHUP)
            server.wait_log("reload: ")
            os.close(leader)
            self.assertEqual(server.wait_ended(), 0)
            self.assertFalse(os.path.exists(path))
            self.assertFalse(is_running(child))

    def test_signals_without_a_meaning_are_ignored(self):
        with tempfile.TemporaryDirectory() as folder:
            server, child, _ = self.with_program(folder)
            for sent in (signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGRTMIN):
                server.process.send_signal(sent)
            server.wait_live()
            with harness.StreamReader(server.url) as reader:
                reader.part()
            # The program does not inherit that, nor what ringcast inherited.
            ignored = re.search(r"SigIgn:\s+(\w+)", pathlib.Path(f"/proc/{child}/status").read_text())[1]
            self.assertEqual(int(ignored, 16), 0)
            self.assertEqual(server.stop(), 0)

    def test_sigusr1_begins_and_ends_draining(self):
        harness.need("curl")
        text = 'log.level = "info"\n[streams.pattern]\nsource = "pattern"\nsize = "320x240"\n'
        with harness.configured(text) as server, harness.StreamReader(server.wait_live().url) as viewer:
            viewer.part()

            def curl(path):
                done = subprocess.run(["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", server.url + path],
                                      capture_output=True, text=True, check=True, timeout=harness.WAIT_SECONDS)
                return int(done.stdout)

            server.process.send_signal(signal.SIGUSR1)
            server.wait_log("draining for maintenance: new viewers are refused")
            for path in ("/stream", "/healthz", "/healthz?stream=pattern"):
                self.assertEqual(curl(path), 503, path)
                status, headers, body = server.get(path)
                self.assertEqual(status, 503)
                self.assertGreater(int(headers["Retry-After"]), 0)
                self.assertTrue(body.startswith(b"draining for maintenance: "), body)
                self.assertEqual(body.count(b"\n"), 1)
            self.assertEqual(server.get("/stream", method="HEAD")[0], 503)
            self.assertTrue(server.status()["server"]["draining"])
            harness.wait_for(lambda: b"\nringcast_draining 1\n" in server.get("/metrics")[2], "draining in the metrics")
            self.assertEqual(curl("/snapshot"), 200)
            sequences = [harness.StampedFrame(viewer.part().body).sequence for _ in range(30)]
            self.assertTrue(harness.rising(sequences))

            server.process.send_signal(signal.SIGUSR1)
            server.wait_log("draining has ended")
            self.assertEqual(curl("/healthz"), 200)
            self.assertFalse(server.status()["server"]["draining"])
            with harness.StreamReader(server.url) as newcomer:
                newcomer.part()
            viewer.part()
            self.assertEqual(server.stop(), 0)

    def test_a_program_ends_when_ringcast_is_killed(self):
        with tempfile.TemporaryDirectory() as folder:
            server, child, _ = self.with_program(folder)
            server.process.kill()
            server.wait_ended()
            harness.wait_for(lambda: not is_running(child), "the end of the program")

    def test_nohup_keeps_it_running_after_sighup(self):
        ignored = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with tempfile.TemporaryDirectory() as folder:
            server, _, _ = self.with_program(folder, preexec_fn=ignored)
            server.process.send_signal(signal.SIGHUP)
            server.process.send_signal(signal.SIGCHLD)
            server.wait_live()
            self.assertNotIn("stopping", server.log())
            self.assertEqual(server.stop(), 0)

    def test_the_end_of_a_program_is_known_although_sigchld_was_inherited_as_ignored(self):
        text = '[streams.program]\nsource = "exec"\ncommand = ["sh", "-c", "exit 7"]\n'
        ignored = lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        with harness.configured(text, preexec_fn=ignored) as server:
            self.assertIn("(exit status 7)", server.wait_log("the program ended"))

    def test_a_program_has_the_limits_that_ringcast_was_started_with(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limited = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))
        with tempfile.TemporaryDirectory() as folder:
            server, child, _ = self.with_program(folder, preexec_fn=limited)
            self.assertEqual(resource.prlimit(child, resource.RLIMIT_NOFILE), (1000, hard))
            self.assertEqual(resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE), (hard, hard))


class FirstProcess(unittest.TestCase):
    """As PID 1, which it is in a container."""

    PREFIX = ("unshare", "--pid", "--fork", "--kill-child")

    def setUp(self):
        harness.need("unshare")
        self.prefix = [*self.PREFIX, *([] if os.geteuid() == 0 else ["--map-root-user"])]
        if subprocess.run([*self.prefix, "true"], check=False, capture_output=True).returncode != 0:
            self.skipTest("process namespaces can't be created here")

    def start(self, text):
        """The server, and the process id of PID 1 as seen from here."""
        server = harness.configured(text, prefix=self.prefix)
        self.addCleanup(server.stop, signal.SIGKILL)
        (first,) = children(server.process.pid)
        return server, first

    def test_orphans_are_reaped_and_programs_are_not(self):
        with tempfile.TemporaryDirectory() as folder:
            count = pathlib.Path(folder, "count")
            # Twenty grandchildren that outlive their parent and leave the program's group.
            orphan = f"setsid sh -c 'exec >&- 2>&-; sleep 0.1; echo x >> {count}'"
            script = f"for i in 1 2 3 4 5 6 7 8 9 10; do ({orphan} &); ({orphan} &); sleep 0.05; done; sleep 1; exit 7"
            server, first = self.start(
                '[streams.pattern]\nsource = "pattern"\nsize = "320x240"\n'
                f'[streams.program]\nsource = "exec"\ncommand = {json.dumps(["sh", "-c", script])}\n')
            server.wait_live()
            self.assertIn("(exit status 7)", server.wait_log("the program ended"))
            harness.wait_for(lambda: len(count.read_text().split()) >= 20, "the orphans' end")
            harness.wait_for(lambda: not any(state(child) == "Z" for child in children(first)), "no zombies")
            os.kill(first, signal.SIGTERM)
            self.assertEqual(server.wait_ended(), 0)

    def test_the_end_of_the_server_is_passed_on(self):
        pattern = '[streams.pattern]\nsource = "pattern"\nsize = "320x240"\n'
        server, first = self.start(pattern)
        (real,) = children(first)
        os.kill(real, signal.SIGKILL)
        self.assertEqual(server.wait_ended(), 128 + signal.SIGKILL)
        for sent in (signal.SIGQUIT, signal.SIGINT):
            server, first = self.start(pattern)
            os.kill(first, signal.SIGUSR1)
            server.wait_log("draining for maintenance")
            os.kill(first, signal.SIGHUP)
            server.wait_log("reload: ")
            os.kill(first, sent)
            self.assertEqual(server.wait_ended(), 0)

    def test_a_failed_start_has_its_exit_code(self):
        done = subprocess.run([*self.prefix, harness.binary(), "pattern", "--listen", "unix:/nonexistent/http.sock"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=harness.WAIT_SECONDS)
        self.assertEqual(done.returncode, 3, done.stderr)


class WithoutPrivileges(unittest.TestCase):
    def setUp(self):
        for program in ("setpriv", "prlimit"):
            harness.need(program)
        # A copy of the program that another user can access.
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.chmod(self.folder.name, 0o755)
        self.program = shutil.copy(harness.binary(), self.folder.name)
        self.nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
                       "--bounding-set=-all", "--inh-caps=-all"]

    def limited(self, memlock):
        return ["prlimit", f"--memlock={memlock}", *(self.nobody if os.geteuid() == 0 else [])]

    def start(self, memlock, *arguments):
        prefix = self.limited(memlock)
        real = os.environ["RINGCAST_BINARY"]
        os.environ["RINGCAST_BINARY"] = self.program
        try:
            server = harness.Ringcast(*arguments, prefix=prefix)
        finally:
            os.environ["RINGCAST_BINARY"] = real
        self.addCleanup(server.stop)
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        self.assertEqual(int(re.search(r"CapEff:\s+(\w+)", status)[1], 16), 0)
        return server

    def check_streams(self, server):
        with harness.StreamReader(server.wait_live().url) as reader:
            for _ in range(30):
                harness.StampedFrame(reader.part().body)

    def test_with_too_little_locked_memory_it_streams_and_warns_once(self):
        server = self.start("8388608:8388608", "pattern")
        self.check_streams(server)
        warnings = [line for line in server.lines if " warning " in line]
        self.assertEqual(len(warnings), 1, server.log())
        for word in ("MiB", "LimitMEMLOCK"):
            self.assertIn(word, warnings[0])
        status = server.stream_status()
        self.assertEqual(status["tier"], "unregistered")
        self.assertIn("LimitMEMLOCK", status["tier_reason"])

    def test_doctor_reports_the_locked_memory_limit_and_how_to_raise_it(self):
        done = subprocess.run([*self.limited("4194304:8388608"), self.program, "doctor", "--listen", "127.0.0.1:0"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=harness.WAIT_SECONDS)
        found = re.search(r"^note +locked memory: (.*)\n +to do: (.*)$", done.stdout, re.MULTILINE)
        self.assertIsNotNone(found, done.stdout)
        self.assertIn("this user may lock 8 MiB (soft limit 4 MiB", found[1])
        self.assertIn("LimitMEMLOCK=", found[2])

    def test_the_soft_memory_limit_is_raised_to_the_hard_limit(self):
        # Less than 2 MiB, so that the usual hard limit of 8 MiB suffices.
        path = pathlib.Path(self.folder.name, "small.toml")
        path.write_text('[memory]\nframe_max = "64KiB"\nslots = 8\n'
                        '[streams.pattern]\nsource = "pattern"\nsize = "320x240"\n')
        server = self.start("65536:8388608", "--config", path)
        self.check_streams(server)
        self.assertEqual(server.stream_status()["tier"], "registered")
        self.assertNotIn(" warning ", server.log())

    def test_an_immediate_restart_waits_for_the_locked_memory_of_the_previous_run(self):
        # The limit suffices for one run, and the kernel uncharges the previous run's memory late.
        path = pathlib.Path(self.folder.name, "large.toml")
        path.write_text('[memory]\nframe_max = "512KiB"\nslots = 8\n'
                        '[streams.pattern]\nsource = "pattern"\nsize = "320x240"\n')
        for run in range(10):
            server = self.start("8388608:8388608", "--config", path)
            server.wait_live()
            self.assertEqual(server.stream_status()["tier"], "registered", f"run {run}: {server.log()}")
            server.process.kill()
            server.stop()


class Kills(unittest.TestCase):
    def test_an_immediate_restart_after_sigkill_can_bind_its_listeners(self):
        # The io_uring instance of a killed process keeps the listeners open for a moment longer.
        with tempfile.TemporaryDirectory() as folder:
            listen = ["--listen", f"unix:{folder}/http.sock", "--listen", f"127.0.0.1:{harness.fixed_free_port()}"]
            for _ in range(10):
                with harness.Ringcast("pattern", "--size", "320x240", *listen, listen=False) as server:
                    with harness.StreamReader(server.url) as reader:
                        reader.part()
                        server.stop(signal.SIGKILL)


class Logs(unittest.TestCase):
    def test_text_from_a_peer_or_a_program_can_t_control_a_terminal(self):
        # C1 (the control sequence introducer) and a mark that reverses the direction of writing.
        hostile = "\u009b31m\u202egpj.exe"
        text = ('[streams.pattern]\nsource = "pattern"\nsize = "320x240"\n[streams.program]\nsource = "exec"\n'
                f'command = ["sh", "-c", "printf \'last {hostile} \\\\033[2J\' >&2; exit 1"]\n')
        with harness.configured(text) as server:
            server.wait_log("its last output: last ?31m?gpj.exe ?[2J")
            with server.connect() as connection:
                connection.ask("/snapshot", {"Origin": f"http://{hostile}"})
            server.wait_log("a page from http://?31m?gpj.exe")
            log, status = server.log(), server.get("/api/status")[2].decode()
        for character in "\u009b\u202e\033":
            self.assertNotIn(character, log + status)

    def test_a_log_that_nobody_reads_does_not_stall_streams(self):
        flood = "while :; do echo a line that nobody reads; done >&2"
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write('[log]\nlevel = "debug"\n[streams.pattern]\nsource = "pattern"\nsize = "320x240"\n'
                       f'[streams.loud]\nsource = "exec"\ncommand = ["sh", "-c", "{flood}"]\n')
            file.flush()
            process = subprocess.Popen([harness.binary(), "--config", file.name, "--listen", "127.0.0.1:0"],
                                       stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, bufsize=1)
            try:
                url = next(found[0] for line in process.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))

                def lines_dropped():
                    with urllib.request.urlopen(url + "/metrics", timeout=harness.WAIT_SECONDS) as answer:
                        return re.search(r"\nringcast_log_lines_dropped_total [1-9]", answer.read().decode())

                harness.wait_for(lines_dropped, "a full log")
                with harness.StreamReader(url) as reader:
                    for _ in range(30):
                        harness.StampedFrame(reader.part().body)
            finally:
                process.send_signal(signal.SIGTERM)
                code = process.wait(harness.WAIT_SECONDS)
                process.stderr.close()
            self.assertEqual(code, 0)


class UnixSockets(unittest.TestCase):
    def test_curl_streams_from_a_unix_socket_which_is_removed_at_exit(self):
        harness.need("curl")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "http.sock")
            for _ in range(2):
                # A socket file left behind by another program is replaced.
                leftover = socket.socket(socket.AF_UNIX)
                leftover.bind(path)
                leftover.close()
                with harness.Ringcast("pattern", "--listen", f"unix:{path}").wait_live() as server:
                    server.wait_log(path)
                    self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
                    curl = ["curl", "-sS", "--unix-socket", path, "http://ringcast/snapshot"]
                    picture = subprocess.run(curl, check=True, capture_output=True)
                    harness.StampedFrame(picture.stdout)
                    for body in harness.curl_stream(20, "--unix-socket", path, "http://ringcast/stream"):
                        harness.StampedFrame(body)
                    self.assertEqual(server.stop(), 0)
                self.assertFalse(os.path.exists(path))


class FewOpenFiles(unittest.TestCase):
    LIMIT = 200
    # 32 of the process, 2 of the listener, 8 of the stream; a quarter of the rest is for requests and
    # another one for connections that are ending.
    VIEWERS = 80

    def setUp(self):
        harness.need("prlimit")
        with harness.Ringcast("pattern", "--size", "64x64").wait_live() as server:
            picture = server.get("/snapshot")[2]
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name, "picture.jpg")
        path.write_bytes(picture)
        play = f"while cat {path}; do sleep 0.03; done"
        self.config = f'[streams.printer]\nsource = "exec"\ncommand = ["sh", "-c", "{play}"]\n'

    def start(self, limit):
        return harness.configured(self.config, prefix=["prlimit", f"--nofile={limit}:{limit}"])

    def viewer(self, server):
        """(socket, status of the answer) of a new stream."""
        connection = socket.create_connection(("127.0.0.1", server.port), harness.WAIT_SECONDS)
        self.addCleanup(connection.close)
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        return connection, int(connection.recv(12, socket.MSG_WAITALL).split()[1])

    def test_viewers_leave_room_for_requests_and_for_a_program_that_is_restarted(self):
        with self.start(self.LIMIT).wait_live() as server:
            server.wait_log(f"the limit of {self.LIMIT} open files is enough for {self.VIEWERS} viewers")
            self.assertEqual(server.status()["server"]["viewers_max"], self.VIEWERS)
            kept = [self.viewer(server) for _ in range(2 * self.VIEWERS)]
            self.assertEqual([status for _, status in kept], [200] * self.VIEWERS + [503] * self.VIEWERS)
            silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(self.LIMIT)]
            for connection in silent:
                self.addCleanup(connection.close)
            for path in ("/healthz", "/metrics", "/api/status") * 5:
                self.assertEqual(server.get(path)[0], 200)
            # A dead program is started again.
            (program,) = server.children()
            frames = server.stream_status()["source_counters"]["frames"]
            os.kill(program, signal.SIGKILL)
            harness.wait_for(lambda: server.children() not in ([], [program]), "another program")
            server.wait_live()
            harness.wait_for(lambda: server.stream_status()["source_counters"]["frames"] > frames + 3, "frames")
            counters = server.status()["server"]["counters"]
            self.assertEqual((counters["accept_errors"], counters["accept_pauses"]), (0, 0))

    def test_a_limit_that_leaves_no_room_for_viewers_is_explained(self):
        code, _, errors = run("pattern", "--listen", "127.0.0.1:0",
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
        self.assertEqual(code, 3)
        self.assertIn("the limit of 40 open files is too low", errors)


class ManyViewers(unittest.TestCase):
    def connect(self, server, count):
        """Opens `count` streams; all connect before the first sends its request."""
        connections = []
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", server.port), harness.WAIT_SECONDS)
            self.addCleanup(connection.close)
            connections.append(connection)
        for connection in connections:
            connection.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        for connection in connections:
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200"))

    def test_the_defaults_admit_1200_viewers_and_each_takes_less_than_a_kilobyte(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 2000:
            self.skipTest(f"the hard limit of open files is {hard}, this test needs 2000")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        # One frame in ten seconds: all viewers have received the newest one and are idle.
        with harness.Ringcast("pattern", "--size", "64x64", "--fps", 0.1).wait_live() as server:

            def resident():
                status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
                return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

            self.connect(server, 100)
            few = resident()
            self.connect(server, 1000)
            # The memory of a request is freed soon after the answer, not immediately.
            harness.wait_for(lambda: resident() - few < 1024 * 1000, "less than a kilobyte per viewer")
            print(f"{(resident() - few) / 1000:.0f} bytes per idle viewer", end=" ... ", flush=True)
            self.connect(server, 100)
            status = server.status()
            self.assertEqual(status["viewers_total"], 1200)
            self.assertEqual(len(status["viewers"]), 100)
            listed = [viewer["id"] for viewer in status["viewers"]]
            while status["viewers_next"]:
                _, _, body = server.get(f"/api/status?viewers=70&after={status['viewers_next']}")
                status = json.loads(body)
                listed += [viewer["id"] for viewer in status["viewers"]]
            self.assertEqual(listed, sorted(set(listed)))
            self.assertEqual(len(listed), 1200)
            self.assertEqual(status["streams"][0]["viewers"], 1200)


if __name__ == "__main__":
    harness.main()
