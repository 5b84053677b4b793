"""What proxies add to the age of frames: for a viewer that keeps up, and for one that reads 300 KB/s,
with the proxies' own settings and with the files of conf/proxy. run.py calls `measure`, report.py
calls `rows`. The proxies and viewers are those of tests/proxy."""

import contextlib
import os
import socket
import statistics
import sys
import time
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
for folder in ("clients", "upstream", "proxy"):
    sys.path.append(str(TESTS / folder))

import harness  # noqa: E402
import paced_readers  # noqa: E402
import proxies  # noqa: E402

RATES = (30, 5)  # frames per second
DELAY_FRAMES = 50
SLOW_RATE = 300_000
SLOW_WARM_S = 12
SLOW_FRAMES = 30
WAIT_S = 60
NOTSENT_LOWAT = Path("/proc/sys/net/ipv4/tcp_notsent_lowat")
UNLIMITED = str(2**32 - 1)

# By name: whether the proxy connects over TCP, with its own settings instead of those of conf/proxy
# that bound the age, the system's setting, and whether the viewer uses HTTP/2.
VARIANTS = {
    "own settings": (True, True, UNLIMITED, False),
    "file": (False, False, UNLIMITED, False),
    "file, over TCP": (True, False, UNLIMITED, False),
    "file and system": (False, False, "32768", False),
    "file and system, over TCP": (True, False, "32768", False),
    "own settings, HTTP/2": (True, True, UNLIMITED, True),
    "file and system, HTTP/2": (False, False, "32768", True),
}


class Server:
    """A ringcast and a folder for proxies in front of it."""

    def __init__(self, rate):
        self.stack = contextlib.ExitStack()
        self.folder = proxies.Folder()
        self.stack.callback(self.folder.close)
        self.path = self.folder.path / "http.sock"
        self.port = harness.fixed_free_port()
        listen = f'listen = ["127.0.0.1:{self.port}", "unix:{self.path}"]'
        hosts = f'hosts = ["{proxies.ROOT_HOST}", "{proxies.SUBPATH_HOST}"]'
        pattern = f'[streams.pattern]\nsource = "pattern"\nsize = "1280x720"\nfps = {rate}\n'
        server = harness.configured(f"[http]\n{listen}\n{hosts}\n{pattern}", listen=False)
        self.stack.enter_context(server)
        server.wait_live()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def viewer(self):
        """A connection without a proxy in between."""
        connection = socket.create_connection(("127.0.0.1", self.port), WAIT_S)
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return connection


def installed():
    """The names of the proxies that are installed."""
    found = []
    with contextlib.closing(proxies.Folder()) as folder:
        for name in proxies.NAMES:
            with contextlib.suppress(unittest.SkipTest):
                proxies.Proxy(name, folder, "", 1)
                found.append(name)
    return found


def delay(server, name):
    """By how many seconds a frame arrives later through the proxy, median."""
    with proxies.Proxy(name, server.folder, server.path, server.port).running() as proxy:
        with paced_readers.Readers() as reading:
            direct = reading.add(server.viewer())
            viewer = reading.add(proxy.connect())
            harness.wait_for(lambda: len(viewer.frames) > DELAY_FRAMES, "frames", WAIT_S)
            return statistics.median(paced_readers.added_delays(viewer, direct)[1:])


def slow_ages(server, names, tcp, own, lowat, http2):
    """The median ages of the frames that a slow viewer of each proxy sees, and of one without a
    proxy, in seconds, by name."""
    NOTSENT_LOWAT.write_text(lowat)
    change = proxies.without_bounds if own else lambda text: text
    with contextlib.ExitStack() as stack:
        started = {
            name: stack.enter_context(
                proxies.Proxy(name, server.folder, server.path, server.port, tcp, change).running()
            )
            for name in names
        }
        reading = stack.enter_context(paced_readers.Readers())
        viewers = {"none": reading.add(server.viewer(), SLOW_RATE)}
        for name, proxy in started.items():
            if http2:
                viewers[name] = reading.add_curl(proxy.curl(), SLOW_RATE)
            else:
                viewers[name] = reading.add(proxy.connect(), SLOW_RATE)
        begin = time.monotonic() + SLOW_WARM_S

        def ages(viewer):
            return [frame.age for frame in viewer.frames if frame.at > begin]

        harness.wait_for(
            lambda: all(len(ages(viewer)) >= SLOW_FRAMES for viewer in viewers.values()),
            "slow viewers",
            WAIT_S,
        )
        return {name: statistics.median(ages(viewer)) for name, viewer in viewers.items()}


def measure(ringcast, say):
    """Returns {"delays": {rate: {name: s}}, "ages": {variant: {name: s}}}; "none" is no proxy."""
    os.environ["RINGCAST_BINARY"] = str(ringcast)
    names = installed()
    found = {"delays": {}, "ages": {}}
    for rate in RATES:
        with Server(rate) as server:
            found["delays"][str(rate)] = {name: delay(server, name) for name in names}
        say(f"proxies, {rate} frames/s: {found['delays'][str(rate)]}")
    with Server(30) as server:
        for variant, settings in VARIANTS.items():
            found["ages"][variant] = slow_ages(server, names, *settings)
            say(f"proxies, slow viewers, {variant}: {found['ages'][variant]}")
    return found


def rows(found, number):
    """Rows of (proxy, added ms at each rate, age of a slow viewer's frames for each variant)."""
    table = []
    for name in found["ages"]["file"]:
        delays = [found["delays"][rate].get(name) for rate in map(str, RATES)]
        ages = [found["ages"][variant].get(name) for variant in VARIANTS]
        table.append(
            (
                name,
                *(number(value, 1, 1e3) for value in delays),
                *(number(value, 1) for value in ages),
            )
        )
    return table
