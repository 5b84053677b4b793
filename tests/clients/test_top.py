"""`ringcast top`: on a terminal, which it leaves as it was, and printed once."""

import contextlib
import http.server
import pathlib
import re
import signal
import threading
import unittest

import harness
from protected import ProtectedRingcast, as_user
from terminal import Terminal

STREAM = ("pattern", "--size", "320x240", "--fps", "10")
DRAWN = b"\x1b[J"  # the end of what is drawn
ENTER_SCREEN = b"\x1b[?1049h"
LEAVE_SCREEN = b"\x1b[?1049l"
ESCAPE = re.compile(r"\x1b\[[?\d]*[A-Za-z]")


def top(*arguments):
    """A run whose output is a pipe."""
    return harness.run("top", *arguments)


def screens(terminal):
    """The lines of each complete drawing, without escape sequences."""
    text = terminal.read().decode()
    return [[line.rstrip("\r") for line in ESCAPE.sub("", drawn.partition("\x1b[J")[0]).split("\n")]
            for drawn in text.split("\x1b[H")[1:] if "\x1b[J" in drawn]


def wait_screen(terminal, condition, description):
    """The newest drawing, as soon as it satisfies the condition."""

    def newest():
        drawn = screens(terminal)
        return drawn[-1] if drawn and condition(drawn[-1]) else None

    return harness.wait_for(newest, description)


def process_state(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


class TerminalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Ringcast(*STREAM).wait_live()
        cls.addClassCleanup(cls.server.stop)
        cls.address = f"127.0.0.1:{cls.server.port}"

    def terminal(self, **options):
        terminal = Terminal("top", "--listen", self.address, **options)
        self.addCleanup(terminal.__exit__)
        terminal.wait_shown(DRAWN)
        return terminal

    def check_left_as_it_was(self, terminal):
        self.assertEqual(terminal.settings(), terminal.settings_before)
        self.assertEqual(terminal.shown.count(ENTER_SCREEN), terminal.shown.count(LEAVE_SCREEN))
        self.assertTrue(terminal.shown.endswith(b"\x1b[?7h\x1b[?25h" + LEAVE_SCREEN))

    def test_it_refreshes_fits_the_terminal_and_ends_with_q(self):
        with self.server.connect() as viewer:
            viewer.send("GET /stream HTTP/1.1\r\nHost: ringcast\r\n\r\n")
            name = ":".join(map(str, viewer.socket.getsockname()))
            terminal = self.terminal(size=(100, 20))
            self.assertFalse(terminal.shows_what_is_typed())
            # Rates need two statuses.
            screen = wait_screen(terminal, lambda lines: re.search(r"1 viewer, .*; \d+\.\d Mbit/s", lines[1]),
                                 "a rate")  # fmt: skip
            terminal.wait_shown(DRAWN, 3)
            self.assertRegex(screen[0], f"^ringcast .* at {self.address}, up ")
            self.assertTrue(any(line.startswith("pattern ") and line.endswith(" live") for line in screen), screen)
            self.assertTrue(any(line.startswith(name) for line in screen), screen)
            self.assertLessEqual(len(screen), 20)
            terminal.resize(40, 5)
            small = wait_screen(terminal, lambda lines: max(map(len, lines)) <= 40, "a screen of 40 columns")
            self.assertLessEqual(len(small), 5)
            terminal.type(b"q")
            self.assertEqual(terminal.ended(), 0)
            self.check_left_as_it_was(terminal)

    def test_signals_end_it_and_leave_the_terminal_as_it_was(self):
        for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=sent):
                terminal = self.terminal()
                terminal.process.send_signal(sent)
                self.assertEqual(terminal.ended(), 0)
                self.check_left_as_it_was(terminal)

    def test_ctrl_c_ends_it(self):
        terminal = self.terminal()
        terminal.type(b"\x03")
        self.assertEqual(terminal.ended(), 0)
        self.check_left_as_it_was(terminal)

    def test_while_it_is_stopped_the_terminal_is_as_it_was(self):
        terminal = self.terminal()
        terminal.type(b"\x1a")  # Ctrl-Z
        harness.wait_for(lambda: process_state(terminal.process.pid) == "T", "the process to be stopped")
        terminal.read()
        self.check_left_as_it_was(terminal)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_shown(ENTER_SCREEN, 2)
        terminal.type(b"q")
        self.assertEqual(terminal.ended(), 0)
        self.check_left_as_it_was(terminal)

    def test_it_waits_for_a_server_that_went_away(self):
        listen = ("--listen", f"127.0.0.1:{harness.fixed_free_port()}")
        first = harness.Ringcast(*STREAM, *listen, listen=False).wait_live()
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(first.stop)
            terminal = cleanup.enter_context(Terminal("top", *listen))
            terminal.wait_shown(DRAWN)
            first.stop()
            screen = wait_screen(terminal, lambda lines: "trying again" in lines[2], "the problem")
            self.assertIn("connection refused", screen[2])
            self.assertTrue(any(line.startswith("pattern ") for line in screen), "the last tables stay")
            cleanup.enter_context(harness.Ringcast(*STREAM, *listen, listen=False))
            wait_screen(terminal, lambda lines: "trying again" not in lines[2], "the new server's status")


class PrintedTest(unittest.TestCase):
    def test_printed_to_a_pipe_it_is_plain_text_with_rates(self):
        with harness.Ringcast(*STREAM) as server, server.connect() as viewer:
            viewer.send("GET /stream HTTP/1.1\r\nHost: ringcast\r\n\r\n")
            harness.wait_for(lambda: server.status()["viewers"], "the viewer")
            code, output, errors = top(server.url)
        self.assertEqual((code, errors), (0, ""))
        self.assertNotIn("\x1b", output)
        self.assertRegex(output, r"\A" + f"ringcast .* at {server.url}/, up ")
        self.assertRegex(output, r"(?m)^1 viewer, .*; \d+\.\d Mbit/s$")
        self.assertRegex(output, r"(?m)^pattern +320x240 .* live$")
        self.assertRegex(output, r"(?m)^127\.0\.0\.1:\d+ +pattern .*copy$")

    def test_on_a_terminal_without_escape_sequences_it_is_printed_once(self):
        with harness.Ringcast(*STREAM) as server:
            with Terminal("top", server.url, term="dumb") as terminal:
                self.assertEqual(terminal.ended(), 0)
                self.assertIn(b"pattern", terminal.shown)
                self.assertNotIn(b"\x1b", terminal.shown)

    def test_more_viewers_than_a_status_lists_are_all_shown(self):
        count = 130  # a status lists 100
        with harness.Ringcast("pattern", "--size", "64x64", "--fps", "1") as server, contextlib.ExitStack() as open_viewers:
            server.wait_live()
            for _ in range(count):
                viewer = open_viewers.enter_context(server.connect())
                viewer.send("GET /stream HTTP/1.1\r\nHost: ringcast\r\n\r\n")
            harness.wait_for(lambda: server.status()["viewers_total"] == count, f"{count} viewers")
            code, output, errors = top(server.url)
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(len(re.findall(r"(?m)^127\.0\.0\.1:", output)), count)
        self.assertNotIn("more viewer", output)

    def test_where_passwords_are_asked_for_it_says_what_is_missing(self):
        with ProtectedRingcast('[streams.door]\nsource = "pattern"\n') as protected:
            server = protected.server
            with server.connect() as viewer:
                authorization = as_user("anna")["Authorization"]
                viewer.send(f"GET /stream HTTP/1.1\r\nHost: ringcast\r\nAuthorization: {authorization}\r\n\r\n")
                harness.wait_for(lambda: server.status()["viewers"], "the viewer")
                at = f"127.0.0.1:{server.port}/"
                code, output, errors = top("--listen", f"127.0.0.1:{server.port}")
                self.assertEqual((code, output), (1, ""))
                self.assertIn("http://USER:PASSWORD@HOST:PORT/", errors)
                self.assertIn("asks for a password", top(f"http://{at}")[2])
                for url in (f"http://anna:sesame-anna@{at}", f"http://{at}?token={protected.token}"):
                    code, output, errors = top(url)
                    self.assertEqual((code, errors), (0, ""))
                    self.assertIn("only administrators see the viewers", output)
                    self.assertNotIn(f"127.0.0.1:{viewer.socket.getsockname()[1]}", output)
                    self.assertNotIn("sesame", output)
                    self.assertNotIn(protected.token, output)
                code, output, errors = top(f"http://boss:sesame-boss@{at}")
                self.assertEqual((code, errors), (0, ""))
                self.assertIn(f"127.0.0.1:{viewer.socket.getsockname()[1]}", output)

    def test_what_is_no_ringcast_is_said_to_be_none(self):
        port = harness.fixed_free_port()
        for arguments in (("--listen", f"127.0.0.1:{port}"), (f"http://127.0.0.1:{port}/",)):
            code, output, errors = top(*arguments)
            self.assertEqual((code, output), (1, ""))
            self.assertIn("connection refused", errors)
        with harness.Ringcast(*STREAM) as server:
            code, output, errors = top(server.url + "/stream")
        self.assertEqual((code, output), (1, ""))
        self.assertIn("/stream answers 404", errors)

    def test_another_web_server_is_not_taken_for_a_ringcast(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                redirected = self.path.startswith("/moved/")
                self.send_response(302 if redirected else 200)
                if redirected:
                    self.send_header("Location", f"https://cam.example.org{self.path}")
                self.end_headers()
                self.wfile.write(b"<html>")

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{other.server_address[1]}/"
            code, output, errors = top(url)
            self.assertEqual((code, output), (1, ""))
            self.assertIn(f"{url} is not the address of a ringcast", errors)
            code, output, errors = top(url + "moved/?token=secret")
            self.assertEqual((code, output), (1, ""))
            self.assertIn("leads to https://cam.example.org/moved/\n", errors)
            self.assertNotIn("secret", errors)
            other.shutdown()

    def test_help_fits_a_terminal(self):
        code, output, errors = top("--help")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("Usage: ringcast top ", output)
        self.assertLess(max(map(len, output.splitlines())), 100)

    def test_wrong_arguments_are_usage_errors(self):
        for arguments in (("x",), ("http://a:pass@b/", "--listen", ":1"), ("http://a/", "http://b/")):
            code, output, errors = top(*arguments)
            self.assertEqual((code, output), (2, ""))
            self.assertNotIn("pass", errors)


if __name__ == "__main__":
    harness.main()
