"""Many viewers in one thread, each of which reads the stream strictly, checks every frame, keeps a record of what it
received, and connects again at once when its connection ends."""

import collections
import contextlib
import re
import select
import socket
import threading
import time

import harness

# After an attempt without a frame.
RETRY_SECONDS = 0.1
RECEIVE_MAX = 1 << 16
LENGTH = re.compile(rb"^content-length: *(\d+)\r?$", re.IGNORECASE | re.MULTILINE)
REASON = re.compile(rb"^x-ringcast-reason: *(.*?)\r?$", re.IGNORECASE | re.MULTILINE)
VIA = re.compile(rb"^x-ringcast-via: *(\w+)", re.IGNORECASE | re.MULTILINE)
NO_SIGNAL = re.compile(rb"^x-ringcast-signal: *none\r?$", re.IGNORECASE | re.MULTILINE)

# `at`: monotonic time of its last byte; `sequence`: None for a "no signal" picture, which has a `reason`.
Part = collections.namedtuple("Part", "at sequence reason")


class Connection:
    """One connection of a viewer. `edge` is the id of the ringcast that answered; `error` is text if the viewer ended
    the connection because of what it received."""

    def __init__(self, viewer, address):
        self.viewer = viewer
        self.parts = []
        self.status = None
        self.edge = None
        self.ended_at = None
        self.error = None
        self._data = bytearray()
        self._boundary = b""
        self._body_bytes = None  # of the part whose head has been read
        self._reason = None
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(address)

    def frames(self, begin=0.0, end=float("inf")):
        return [part for part in self.parts if part.sequence is not None and begin <= part.at <= end]

    def request(self):
        self.socket.sendall(b"GET /camera/stream HTTP/1.1\r\nHost: viewers\r\n\r\n")

    def receive(self):
        """False if the connection has ended."""
        try:
            data = self.socket.recv(RECEIVE_MAX)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        self._data += data
        try:
            while self._read():
                pass
        except ValueError as error:
            self.error = str(error)
        return self.error is None and self.status in (None, 200)

    def _read(self):
        """True if there may be more to read in the data that has arrived."""
        if self._body_bytes is not None:
            return self._read_body()
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._data[: end + 2])
        del self._data[: end + 4]
        if self.status is None:
            self.status = int(head.split(b" ", 2)[1])
            if self.status == 200:
                self.edge = VIA.search(head)[1].decode()
                self._boundary = re.search(rb"boundary=(\w+)", head)[1]
                # The delimiter before the first part has no line end before it.
                self._data[:0] = b"\r\n"
                self._body_bytes = 0
            return self.status == 200
        self._body_bytes = int(LENGTH.search(head)[1])
        self._reason = REASON.search(head)[1].decode() if NO_SIGNAL.search(head) else None
        return True

    def _read_body(self):
        delimiter = b"\r\n--" + self._boundary + b"\r\n"
        if len(self._data) < self._body_bytes + len(delimiter):
            return False
        body = bytes(self._data[: self._body_bytes])
        if not self._data.startswith(delimiter, self._body_bytes):
            raise ValueError("no delimiter after a part")
        del self._data[: self._body_bytes + len(delimiter)]
        self._body_bytes = None
        if body:
            sequence = harness.StampedFrame(body).sequence if self._reason is None else None
            self.parts.append(Part(time.monotonic(), sequence, self._reason))
        return True


class Viewer:
    def __init__(self):
        self.connections = []

    @property
    def connection(self):
        """The present one, or the last one."""
        return self.connections[-1]

    def first_frame(self, after, begin=0):
        """When it first received a frame later than `after`, of its connections from the index `begin` on; None if it
        has not."""
        times = (part.at for connection in self.connections[begin:] for part in connection.frames(after))
        return next(times, None)


class Viewers:
    """The viewers of the server at `address`, as a context manager."""

    def __init__(self, address):
        self.all = []
        self._address = address
        self._poll = select.epoll()
        self._connections = {}
        self._retries = []
        self._commands = collections.deque()
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._running = False
        self._thread.join(harness.WAIT_SECONDS)
        for connection in self._connections.values():
            connection.socket.close()
        self._poll.close()

    def add(self, count):
        """Begins to connect further viewers, and returns them."""
        added = [Viewer() for _ in range(count)]
        self.all += added
        self._commands += [(self._connect, viewer) for viewer in added]
        harness.wait_for(lambda: all(viewer.connections for viewer in added), "the viewers to connect")
        return added

    def remove(self, viewers):
        """Disconnects viewers for good."""
        self.all = [viewer for viewer in self.all if viewer not in viewers]
        self._commands += [(self._disconnect, viewer) for viewer in viewers]

    def of(self, edge):
        """The connections to the edge with this id that are open."""
        present = [viewer.connection for viewer in self.all if viewer.connections]
        return [connection for connection in present if connection.edge == edge and connection.ended_at is None]

    def receiving(self, since):
        """True if every viewer has received a frame since then, on the connection that it has now."""
        return all(viewer.connections and viewer.connection.frames(since) for viewer in self.all)

    def _run(self):
        while self._running:
            while self._commands:
                command, viewer = self._commands.popleft()
                command(viewer)
            now = time.monotonic()
            while self._retries and self._retries[0][0] <= now:
                self._connect(self._retries.pop(0)[1])
            for descriptor, events in self._poll.poll(0.02):
                self._handle(descriptor, events)

    def _connect(self, viewer):
        if viewer not in self.all:
            return
        connection = Connection(viewer, self._address)
        viewer.connections.append(connection)
        self._connections[connection.socket.fileno()] = connection
        self._poll.register(connection.socket, select.EPOLLOUT)

    def _disconnect(self, viewer):
        connection = viewer.connection
        if connection.ended_at is None:
            self._close(connection)

    def _handle(self, descriptor, events):
        connection = self._connections.get(descriptor)
        if connection is None:
            return
        if events & select.EPOLLOUT and not events & select.EPOLLERR:
            with contextlib.suppress(OSError):  # which the next event reports
                connection.request()
            self._poll.modify(descriptor, select.EPOLLIN)
        elif not connection.receive():
            self._close(connection)
            if connection.parts:
                self._connect(connection.viewer)
            else:
                self._retries.append((time.monotonic() + RETRY_SECONDS, connection.viewer))

    def _close(self, connection):
        self._poll.unregister(connection.socket)
        del self._connections[connection.socket.fileno()]
        connection.socket.close()
        connection.ended_at = time.monotonic()
