"""A program at a terminal, for tests of commands that talk to people."""

import fcntl
import os
import struct
import subprocess
import termios

import harness


class Terminal:
    """ringcast at a terminal of its own, as its controlling terminal. `size` is (columns, lines), `term` is TERM."""

    def __init__(self, *arguments, size=(80, 24), term="xterm"):
        self._user, self._program = os.openpty()
        os.set_blocking(self._user, False)
        self.resize(*size)
        self.settings_before = self.settings()
        self.shown = b""
        self.process = subprocess.Popen(
            [harness.binary(), *map(str, arguments)], stdin=self._program, stdout=self._program,
            stderr=self._program, start_new_session=True, env={**os.environ, "TERM": term},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self._user)
        os.close(self._program)

    def settings(self):
        return termios.tcgetattr(self._program)

    def shows_what_is_typed(self):
        return bool(self.settings()[3] & termios.ECHO)

    def resize(self, columns, lines):
        fcntl.ioctl(self._program, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        """All that was written to the terminal so far."""
        while True:
            try:
                self.shown += os.read(self._user, 4096)
            except BlockingIOError:
                return self.shown

    def wait_shown(self, text, count=1):
        harness.wait_for(lambda: self.read().count(text) >= count, f"{text!r} on the terminal")

    def type(self, text):
        os.write(self._user, text)

    def ended(self):
        """The exit code. Reads on, so that the program does not wait for room."""
        harness.wait_for(lambda: (self.read(), self.process.poll())[1] is not None, "the end of the program")
        self.read()
        return self.process.returncode
