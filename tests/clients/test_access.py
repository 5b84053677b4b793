"""`ringcast passwd`, `token` and `link` as programs: terminals, signals, and what is printed where."""

import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

import harness
from terminal import Terminal


class AccessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.users = self.folder / "users"
        self.tokens = self.folder / "tokens"
        self.config = self.folder / "ringcast.toml"
        self.config.write_text(f'[access]\nusers_file = "{self.users}"\ntokens_file = "{self.tokens}"\n'
                               '[streams.door]\nsource = "pattern"\n')

    def run_command(self, command, *arguments, stdin=None, stdout=subprocess.PIPE):
        """(exit code, standard output, standard error) with the configuration."""
        done = subprocess.run(
            [harness.binary(), command, *map(str, arguments), "--config", self.config], input=stdin or "",
            stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=harness.WAIT_SECONDS, check=False)
        return done.returncode, done.stdout, done.stderr


class MissingFiles(AccessTest):
    def test_the_server_says_how_to_make_them(self):
        for missing, command in ((self.users, "passwd"), (self.tokens, "token")):
            done = subprocess.run([harness.binary(), self.config, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE,
                                  text=True, timeout=harness.WAIT_SECONDS, check=False)
            self.assertEqual(done.returncode, 3)
            self.assertIn(f"{missing} can't be read: there is no such file; make it with: ringcast {command} NAME "
                          f"--file {missing}\n", done.stderr)
            self.run_command("passwd", "anna", stdin="swordfish\n")


class Passwords(AccessTest):
    def test_a_terminal_is_asked_twice_and_shows_no_password(self):
        with Terminal("passwd", "anna", "--config", self.config) as terminal:
            terminal.wait_shown(b"New password of anna: ")
            self.assertFalse(terminal.shows_what_is_typed())
            terminal.type(b"swordfish\n")
            terminal.wait_shown(b"again: ")
            terminal.type(b"swordfish\n")
            terminal.wait_shown(b"anna has a new password")
            self.assertEqual(terminal.ended(), 0)
            self.assertTrue(terminal.shows_what_is_typed())
            self.assertNotIn(b"swordfish", terminal.shown)
        self.assertRegex(self.users.read_text(), r"^anna:\$y\$[^:\n]+\n$")

    def test_signals_leave_the_terminal_as_it_was(self):
        for key, number in ((b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)):
            with Terminal("passwd", "anna", "--config", self.config) as terminal:
                terminal.wait_shown(b"New password of anna: ")
                terminal.type(b"swordfish" + key)
                self.assertEqual(terminal.ended(), -number)
                self.assertTrue(terminal.shows_what_is_typed())
            self.assertFalse(self.users.exists())

    def test_after_a_signal_to_stop_it_asks_again(self):
        with Terminal("passwd", "anna", "--config", self.config) as terminal:
            terminal.wait_shown(b"New password of anna: ")
            # The kernel stops no program of a session without a shell, so that it continues at once.
            terminal.type(b"swordfish\x1a")
            terminal.wait_shown(b"New password of anna: ", count=2)
            self.assertFalse(terminal.shows_what_is_typed())
            terminal.type(b"\n")
            self.assertEqual(terminal.ended(), 1)

    def test_a_script_gives_the_password_on_standard_input(self):
        code, output, errors = self.run_command("passwd", "anna", stdin="swordfish\n")
        self.assertEqual((code, output), (0, ""))
        self.assertNotIn("swordfish", errors)
        self.assertEqual(self.users.stat().st_mode & 0o777, 0o600)

    def test_commands_at_once_lose_no_user(self):
        names = [f"user{i}" for i in range(8)]
        processes = [
            subprocess.Popen([harness.binary(), "passwd", name, "--config", self.config], stdin=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
            for name in names
        ]
        for process in processes:
            process.communicate(b"swordfish\n", harness.WAIT_SECONDS)
            self.assertEqual(process.returncode, 0)
        lines = self.users.read_text().splitlines()
        self.assertEqual(sorted(line.split(":")[0] for line in lines), names)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["ringcast.toml", "users"])


class TokensAndLinks(AccessTest):
    def test_a_token_is_alone_on_standard_output(self):
        code, output, errors = self.run_command("token", "tablet", "--stream", "door")
        self.assertEqual(code, 0)
        self.assertRegex(output, r"^[\w-]{43}\n$")
        self.assertNotIn(output.strip(), errors)
        self.assertRegex(self.tokens.read_text(), r"^tablet:[0-9a-f]{64}:door\n$")

    def test_a_link_is_alone_on_standard_output(self):
        code, output, errors = self.run_command("link", "door", "--for", "24h", "--base", "https://cam.example.org")
        self.assertEqual(code, 0)
        self.assertRegex(output, r"^https://cam\.example\.org/door/stream\?token=[\w-]+\n$")
        self.assertNotIn(output.strip().split("=")[1], errors)

    def test_a_token_that_can_not_be_printed_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            code, _, errors = self.run_command("token", "tablet", stdout=full)
        self.assertEqual(code, 1)
        self.assertIn("standard output can't be written", errors)

    def test_help_explains_each_command(self):
        for command in ("passwd", "token", "link"):
            code, output, errors = self.run_command(command, "--help")
            self.assertEqual((code, errors), (0, ""))
            self.assertTrue(re.search(rf"^  sudo ringcast {command} ", output, re.MULTILINE), output)
            self.assertLess(max(map(len, output.splitlines())), 100)


if __name__ == "__main__":
    harness.main()
