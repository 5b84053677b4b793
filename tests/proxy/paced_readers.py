"""Viewers that read at once or at a limited rate, all in one thread, so that the times at which they receive a frame can
be compared."""

import os
import re
import select
import subprocess
import threading
import time
from dataclasses import dataclass, field

import harness

RECEIVE_MAX = 1 << 20
# How often slow viewers read.
TICK_SECONDS = 0.02
LENGTH = re.compile(rb"^content-length: *(\d+)\r?$", re.IGNORECASE | re.MULTILINE)


@dataclass
class Frame:
    sequence: int
    age: float  # seconds from capture until its last byte was received
    at: float  # monotonic time of that


@dataclass
class Viewer:
    """Reads a stream from `descriptor`, which belongs to `owner`: a socket that has sent a request over HTTP/1.1, or
    curl. `rate`: bytes per second; 0 reads nothing, None everything at once."""

    owner: object
    rate: int | None = None
    frames: list = field(default_factory=list)
    ended: bool = False
    _wire: bytearray = field(default_factory=bytearray)  # what has not been decoded yet
    _body: bytearray = field(default_factory=bytearray)  # what has not been read as parts yet
    _chunked: bool | None = None  # None until the head has been read
    _chunk_bytes: int = 0  # of the present chunk, with the line end behind it, that have not arrived
    _part_bytes: int | None = None  # None while the head of a part is read
    _credit: float = 0

    def __post_init__(self):
        is_curl = isinstance(self.owner, subprocess.Popen)
        self.descriptor = self.owner.stdout.fileno() if is_curl else self.owner.fileno()
        self._chunked = False if is_curl else None
        os.set_blocking(self.descriptor, False)

    def close(self):
        if isinstance(self.owner, subprocess.Popen):
            self.owner.kill()
            self.owner.stdout.close()
            self.owner.wait(harness.WAIT_SECONDS)
        else:
            self.owner.close()

    def grant(self, seconds):
        """Lets a slow viewer read on. One that could not read in time does not catch up later."""
        self._credit = min(self._credit + self.rate * seconds, self.rate / 10)

    def receive(self):
        """What has arrived, or nothing."""
        bytes_max = RECEIVE_MAX if self.rate is None else int(self._credit)
        if bytes_max == 0:
            return b""
        try:
            data = os.read(self.descriptor, bytes_max)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        self.ended = not data
        self._credit -= len(data)
        return data

    def take(self, data, at, wall):
        """Reads frames from `data`, received at the monotonic time `at` and the time of day `wall`."""
        self._wire += data
        if self._chunked is None:
            end = self._wire.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._wire[:end]).lower()
            assert b" 200 " in head.split(b"\r\n")[0], head
            self._chunked = b"\r\ntransfer-encoding: chunked" in head
            del self._wire[: end + 4]
        if self._chunked:
            self._decode_chunks()
        else:
            self._body += self._wire
            self._wire.clear()
        while self._read_part(at, wall):
            pass

    def _decode_chunks(self):
        while self._wire:
            if self._chunk_bytes == 0:
                end = self._wire.find(b"\r\n")
                if end < 0:
                    return
                self._chunk_bytes = int(self._wire[:end], 16) + 2
                del self._wire[: end + 2]
            taken = self._wire[: self._chunk_bytes]
            del self._wire[: len(taken)]
            self._body += taken[: max(0, self._chunk_bytes - 2)]
            self._chunk_bytes -= len(taken)

    def _read_part(self, at, wall):
        """True if there may be more to read in the data that has arrived."""
        if self._part_bytes is None:
            end = self._body.find(b"\r\n\r\n")
            if end < 0:
                return False
            self._part_bytes = int(LENGTH.search(self._body, 0, end + 2)[1])
            del self._body[: end + 4]
        if len(self._body) < self._part_bytes:
            return False
        frame = harness.StampedFrame(bytes(self._body[: self._part_bytes]))
        del self._body[: self._part_bytes]
        self._part_bytes = None
        self.frames.append(Frame(frame.sequence, wall - frame.captured_ns / 1e9, at))
        return True


class Readers:
    """Reads what viewers receive, in a thread, as a context manager. It closes them."""

    def __init__(self):
        self._viewers = []
        self._poll = select.epoll()
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._running = False
        self._thread.join(harness.WAIT_SECONDS)
        for viewer in self._viewers:
            viewer.close()
        self._poll.close()

    def add(self, connection, rate=None):
        viewer = Viewer(connection, rate)
        self._viewers.append(viewer)
        if rate is None:
            self._poll.register(viewer.descriptor, select.EPOLLIN)
        return viewer

    def add_curl(self, command, rate=None):
        return self.add(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE), rate)

    def _run(self):
        last = time.monotonic()
        while self._running:
            ready = {descriptor for descriptor, _ in self._poll.poll(TICK_SECONDS)}
            now = time.monotonic()
            tick = now - last >= TICK_SECONDS
            received = []
            for viewer in list(self._viewers):
                if viewer.ended:
                    continue
                if tick and viewer.rate:
                    viewer.grant(now - last)
                if viewer.descriptor in ready or (tick and viewer.rate):
                    # The times of all viewers are taken before anything is decoded.
                    received.append((viewer, viewer.receive(), time.monotonic(), time.time()))
            if tick:
                last = now
            for viewer, data, at, wall in received:
                viewer.take(data, at, wall)
                if viewer.ended and viewer.rate is None:
                    self._poll.unregister(viewer.descriptor)


def added_delays(viewer, direct):
    """By how many seconds `viewer` received each frame later than `direct`."""
    times = {frame.sequence: frame.at for frame in direct.frames}
    return [frame.at - times[frame.sequence] for frame in viewer.frames if frame.sequence in times]
