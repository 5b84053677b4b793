"""Shared code of the client tests: a ringcast process, a strict stream reader, and a reader of the
test pattern's machine-readable block (docs/pattern-block.md). Uses the standard library only."""

import binascii
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
import zlib

WAIT_SECONDS = 20
# What the limits of wait_for() are measured with; tests/vm has a clock of its own.
clock = time.monotonic
STAMP = re.compile(rb"ringcast seq=(\d{10}) time=(\d{19}) crc=([0-9a-f]{8})")


def binary():
    return os.environ["RINGCAST_BINARY"]


def wait_for(condition, description, seconds=None):
    """Polls `condition()` and returns its first true value; AssertionError if none within
    `seconds`."""
    seconds = seconds or WAIT_SECONDS
    deadline = clock() + seconds
    while True:
        # Read the clock first, so that the condition is checked once after the deadline even if
        # this process was not scheduled for a while.
        over = clock() >= deadline
        value = condition()
        if value:
            return value
        if over:
            raise AssertionError(f"timed out after {seconds} s waiting for {description}")
        time.sleep(0.01)


def retried(check):
    """For checks that measure time. Runs `check` up to three times, with a growing delay in
    between, so that one busy moment of the machine does not fail it, but a program that is too slow
    does."""
    attempts_max = 3
    for attempt in range(1, attempts_max + 1):
        try:
            return check()
        except AssertionError as error:
            if attempt == attempts_max:
                raise
            print(f"retrying after: {error}"[:200], file=sys.stderr)
            time.sleep(attempt)


def fixed_free_port():
    """A free port for tests that close it and bind it again. It lies below the ephemeral range, so
    the kernel does not assign it to another socket meanwhile."""
    ephemeral_range = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    end = int(ephemeral_range.split()[0])
    for _ in range(100):
        port = random.randrange(end // 2, end)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError(f"no free port below {end}")


class Ringcast:
    """A ringcast process that listens on a port chosen by the kernel, unless `listen` is false."""

    def __init__(self, *arguments, stdin=subprocess.DEVNULL, listen=True, prefix=(), **options):
        command = [*prefix, binary(), *map(str, arguments)]
        if listen:
            command += ["--listen", "127.0.0.1:0"]
        if "RINGCAST_ENGINE" in os.environ:  # some suites run once on each engine
            command += ["--engine", os.environ["RINGCAST_ENGINE"]]
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
        self.lines = []
        self.status_headers = {}  # the credentials of an administrator, where they are needed
        self._reader = threading.Thread(target=self._read_standard_error, daemon=True)
        self._reader.start()
        try:
            self.url = wait_for(self._find_url, "the address in the start message")
        except AssertionError:
            self.stop()
            raise

    def _read_standard_error(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def _find_url(self):
        if self.process.poll() is not None:
            self._reader.join(WAIT_SECONDS)
            raise AssertionError("ringcast ended: " + "\n".join(self.lines))
        for line in self.lines:
            # Indented, unlike log lines, which may name other servers.
            found = re.match(r"  (http://127\.0\.0\.1:\d+)", line)
            if found:
                return found.group(1)
        return None

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def children(self):
        """Process ids of the programs that it has started."""
        pids = []
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # the thread has ended meanwhile
                pids += map(int, (task / "children").read_text().split())
        return pids

    def log(self):
        return "\n".join(self.lines)

    def get(self, path, headers=None, method="GET"):
        """(status, headers, body), for error statuses too."""
        request = urllib.request.Request(self.url + path, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def connect(self):
        return Connection(socket.create_connection(("127.0.0.1", self.port), WAIT_SECONDS))

    def status(self):
        """The present status: without a parameter it may be 250 ms old."""
        return json.loads(self.get("/api/status?viewers=100", self.status_headers)[2])

    def stream_status(self, index=0):
        return self.status()["streams"][index]

    def viewer_status(self, reader):
        """The status of this reader. Readers that have disconnected may still be listed beside
        it."""
        host, port = reader.socket.getsockname()
        (found,) = [viewer for viewer in self.status()["viewers"] if viewer["address"] == f"{host}:{port}"]
        return found

    def wait_without_viewers(self):
        wait_for(lambda: not self.status()["viewers"], "all viewers to disconnect")
        return self

    def wait_state(self, state, index=0):
        wait_for(lambda: self.stream_status(index)["state"] == state, f"stream {index} to be {state}")
        return self

    def wait_live(self, index=0):
        return self.wait_state("live", index)

    def wait_log(self, text):
        """The first line of the log that contains `text`."""
        return wait_for(lambda: next((line for line in self.lines if text in line), None), f"{text!r} in the log")

    def stop(self, sent=signal.SIGTERM):
        """Ends the process and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sent)
        return self.wait_ended()

    def wait_ended(self):
        """Waits until the process ends by itself or after an earlier signal; returns its exit code.
        Sends no signal, because a second one would end it immediately."""
        try:
            code = self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("ringcast did not end: " + self.log())
        self._reader.join(WAIT_SECONDS)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.stop()


def configured(text, *arguments, **options):
    """A ringcast process with the configuration `text`."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(text)
        file.flush()
        return Ringcast("--config", file.name, *arguments, **options)


def run(*arguments, **options):
    """Runs ringcast until it exits; returns (exit code, standard output, standard error)."""
    options = {"stdin": subprocess.DEVNULL, "timeout": WAIT_SECONDS, **options}
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, check=False, **options)
    return done.returncode, done.stdout, done.stderr


def need(program):
    """Skips the test if `program` is missing."""
    if shutil.which(program) is None:
        raise unittest.SkipTest(f"{program} is not installed")


class Pipe:
    """A named pipe. `cat` on it as the source's program passes on the bytes that the test writes
    here."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "pipe")
        os.mkfifo(self.path)
        # Open for reading and writing, so that open() does not block and the reader sees no end of
        # file.
        self.file = open(self.path, "r+b", buffering=0)

    def write(self, data):
        while data:
            data = data[self.file.write(data) :]

    def close(self):
        self.file.close()


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


class OpenSocket:
    """A connected socket and a file to read from it, as a context manager that closes both."""

    def __init__(self, connected):
        self.socket = connected
        self.file = connected.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Connection(OpenSocket):
    """An HTTP connection that also sends raw bytes, such as parts of a request."""

    def __init__(self, connected):
        connected.settimeout(WAIT_SECONDS)
        super().__init__(connected)

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def answer(self, head_only=False):
        """The next response, which must have a Content-Length; EOFError if the connection has
        ended."""
        line = self.file.readline()
        if not line:
            raise EOFError
        headers = read_headers(self.file)
        length = 0 if head_only or b" 204 " in line else int(headers["content-length"])
        body = self.file.read(length)
        if len(body) < length:
            raise EOFError
        return Answer(int(line.split()[1]), headers, body)

    def ask(self, path, headers=None, method="GET", version="HTTP/1.1"):
        lines = [f"{method} {path} {version}"]
        lines += [f"{name}: {value}" for name, value in {"Host": "ringcast", **(headers or {})}.items()]
        self.send("\r\n".join([*lines, "", ""]))
        return self.answer(head_only=method == "HEAD")

    def closed(self):
        """True if the server closes the connection without sending anything more."""
        return self.file.read(1) == b""


def read_headers(file):
    headers = {}
    while True:
        line = file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        if line == b"\r\n":
            return headers
        name, value = line.decode().split(":", 1)
        headers[name.lower()] = value.strip()


def curl_stream(count, *arguments):
    """The first `count` bodies of the standard variant, as output by curl."""
    with subprocess.Popen(["curl", "-sS", "--no-buffer", "--max-time", str(WAIT_SECONDS), *arguments], stdout=subprocess.PIPE) as curl:
        read = b""
        while read.count(b"\r\n\r\n") < count + 1:  # the headers of each part and of the one after the last
            data = curl.stdout.read1()
            if not data:
                raise EOFError
            read += data
        curl.terminate()
    return [body.rsplit(b"\r\n--", 1)[0] for body in read.split(b"\r\n\r\n")[1 : count + 1]]


def picture_size(jpeg):
    """(width, height) from the SOF0 segment."""
    found = re.search(rb"\xff\xc0\x00\x11\x08(..)(..)", jpeg, re.DOTALL)
    return int.from_bytes(found[2], "big"), int.from_bytes(found[1], "big")


class StampedFrame:
    """A JPEG with the stamp (sequence, capture time, checksum) in a comment segment; ValueError if
    damaged."""

    def __init__(self, jpeg):
        if not (jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9")):
            raise ValueError("does not begin with SOI and end with EOI")
        stamp = STAMP.search(jpeg, 0, 200)
        if not stamp:
            raise ValueError("no stamp")
        self.sequence = int(stamp.group(1))
        self.captured_ns = int(stamp.group(2))
        if zlib.crc32(jpeg[stamp.end() :]) != int(stamp.group(3), 16):
            raise ValueError("wrong checksum")


class Part:
    def __init__(self, headers, body):
        self.headers = headers
        self.body = body


class StreamReader(OpenSocket):
    """Reads a stream strictly as docs/http-api.md describes the standard variant."""

    def __init__(self, url, path="/stream", headers=None):
        host, port = url.removeprefix("http://").split(":")
        super().__init__(socket.create_connection((host, int(port)), WAIT_SECONDS))
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        try:
            self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
            self._read_head()
        except BaseException:
            self.close()
            raise

    def _read_head(self):
        line = self.file.readline()
        if not line:
            raise EOFError
        self.status = int(line.split()[1])
        self.headers = read_headers(self.file)
        self.boundary = b""
        if self.status == 200:
            self.boundary = self.headers["content-type"].split("boundary=")[1].encode()
            self._expect(b"--" + self.boundary + b"\r\n")

    def _expect(self, text):
        got = self.file.read(len(text))
        if len(got) < len(text):
            raise EOFError
        if got != text:
            raise AssertionError(f"expected {text!r}, got {got!r}")

    def part(self):
        headers = read_headers(self.file)
        body = self.file.read(int(headers["content-length"]))
        self._expect(b"\r\n--" + self.boundary + b"\r\n")
        return Part(headers, body)


def read_block(pixels, width, height):
    """(sequence, capture time in microseconds) from the block of a grey picture with one byte per
    pixel; None if the block is missing or damaged."""
    cell = 16 if width >= 1280 and height >= 720 else 8
    bits = 0
    for row in range(7):
        for column in range(16):
            x = (column + 1) * cell + cell // 2
            y = (row + 1) * cell + cell // 2
            bits = bits << 1 | (pixels[y * width + x] >= 128)
    block = bits.to_bytes(14, "big")
    sequence, captured_us = struct.unpack(">IQ", block[:12])
    valid = binascii.crc_hqx(block[:12], 0xFFFF) == struct.unpack(">H", block[12:])[0]
    return (sequence, captured_us) if valid else None


def rising(sequences):
    """True if each value is greater than the one before."""
    return all(a < b for a, b in zip(sequences, sequences[1:]))


# Set by ./dev test --all and ./dev vm, which also run the tests that are too slow to run each time.
TEST_ALL = os.environ.get("RINGCAST_TEST_ALL") == "1"
LEFT_OUT = "left out without --all"


def only_with_all(test):
    """For a test or class that runs on demand. Leaving it out is no failure and no NOT TESTED."""
    return test if TEST_ALL else unittest.skip(LEFT_OUT)(test)


def main():
    """Runs the tests of the calling file. Tests skipped for a missing program print NOT TESTED and
    make the exit code 77, or 1 in CI."""
    result = unittest.main(exit=False, verbosity=2).result
    not_tested = [reason for _, reason in result.skipped if reason != LEFT_OUT]
    if not_tested:
        for reason in not_tested:
            print(f"NOT TESTED: {reason}")
        if result.wasSuccessful():
            sys.exit(1 if os.environ.get("CI") == "true" else 77)
    sys.exit(0 if result.wasSuccessful() else 1)
