"""ringcast behind the proxies of conf/proxy: what a viewer gets through each of them, and how soon."""

import contextlib
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("clients", "upstream", "scaling")]

import harness
import network
import paced_readers
import proxies
import servers
from sites import Site

# By how much a frame of 5 frames/s arrives later than at a direct viewer, median of so many frames.
DELAY_SECONDS_MAX = 0.005
DELAY_FRAMES = 50
# Half of the time until the next frame: it does not wait for that one.
DELAY_SECONDS_MAX_HTTP2 = 0.1
# Age of the frames that a viewer of 300 KB/s sees, median.
SLOW_RATE = 300_000
SLOW_AGE_MAX = {"nginx": 1.5, "HAProxy": 1.5, "Caddy": 1.5, "Apache": 2.5}
# Until what lies between ringcast and such a viewer no longer grows, and for how many frames it is measured.
SLOW_WARM_SECONDS = 4
SLOW_FRAMES = 15
LEAVE_SECONDS_MAX = 1
# Named in the files of conf/proxy.
NOTSENT_LOWAT = "32768"


def set_up_network():
    """Of the namespace of this program. Returns the reason why slow viewers can't be tested, or nothing."""
    if network.INSIDE not in os.environ:
        return "setting net.ipv4.tcp_notsent_lowat needs root, sudo without a password, or user namespaces"
    network.run("ip", "link", "set", "lo", "up")
    settings = pathlib.Path("/proc/sys/net/ipv4")
    for congestion_control in ("cubic", "reno"):  # bbr paces even on loopback
        with contextlib.suppress(OSError):
            (settings / "tcp_congestion_control").write_text(congestion_control)
            break
    (settings / "tcp_notsent_lowat").write_text(NOTSENT_LOWAT)
    return None


class Upstream:
    """A server that answers each request and keeps the head of the last one. It listens on a UNIX socket and on TCP."""

    def __init__(self, path):
        self.head = []
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(str(path))
        self._unix.listen()
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        for listener in (self._unix, self._tcp):
            threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def _serve(self, listener):
        with contextlib.suppress(OSError):  # the socket was shut down
            while True:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as file, contextlib.suppress(EOFError):
                    self.head = [line.decode().strip() for line in servers.read_request(file)]
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    def values(self, name):
        fields = [line.split(":", 1) for line in self.head[1:]]
        return [value.strip() for field, value in fields if field.lower() == name]

    def close(self):
        for listener in (self._unix, self._tcp):
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def run_curl(command, *arguments):
    done = subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=harness.WAIT_SECONDS)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Tests:
    """The tests of each proxy. `name` is one of proxies.NAMES."""

    def proxies(self):
        return site.of(self.name)


class Requests(Tests):
    def test_it_tells_ringcast_host_address_and_path_and_nothing_that_a_client_claims(self):
        with contextlib.ExitStack() as stack:
            folder = proxies.Folder()
            stack.callback(folder.close)
            upstream = Upstream(folder.path / "upstream.sock")
            stack.callback(upstream.close)
            claims = ["-H", "X-Forwarded-For: 192.0.2.1", "-H", "Forwarded: for=192.0.2.2", "-H", "X-Forwarded-Prefix: /claimed"]
            for tcp in (False, True):
                proxy = proxies.Proxy(self.name, folder, folder.path / "upstream.sock", upstream.port, tcp)
                with proxy.running():
                    for host, path, arrives, prefix in (
                        (proxies.ROOT_HOST, "/door/stream?fps=5", "/door/stream?fps=5", []),
                        (proxies.SUBPATH_HOST, "/cam/door/stream?fps=5", "/door/stream?fps=5", ["/cam"]),
                        (proxies.SUBPATH_HOST, "/cam/", "/", ["/cam"]),
                    ):
                        with self.subTest(tcp=tcp, host=host, path=path):
                            self.assertEqual(run_curl(proxy.curl(path, host), *claims), b"ok")
                            self.assertEqual(upstream.head[0], f"GET {arrives} HTTP/1.1")
                            self.assertEqual(upstream.values("host"), [f"{host}:{proxy.https}"])
                            self.assertEqual(upstream.values("x-forwarded-for")[-1].split(",")[-1].strip(), "127.0.0.1")
                            self.assertEqual(upstream.values("x-forwarded-prefix"), prefix)
                            self.assertEqual(upstream.values("forwarded"), [])

    def test_it_serves_pages_and_pictures_at_the_root_and_on_a_subpath(self):
        report = ["-w", " %{http_version} %{http_code} %{redirect_url}"]
        for tcp, proxy in self.proxies():
            for host, prefix in ((proxies.ROOT_HOST, ""), (proxies.SUBPATH_HOST, proxies.SUBPATH)):
                with self.subTest(tcp=tcp, host=host):
                    page = run_curl(proxy.curl(f"{prefix}/", host), *report).decode()
                    self.assertIn("pattern/stream", page)
                    self.assertTrue(page.endswith(" 2 200 "), page[-100:])
                    harness.StampedFrame(run_curl(proxy.curl(f"{prefix}/snapshot", host)))
                    plain = [f"http://{host}:{proxy.http}{prefix}/snapshot", "--resolve", f"{host}:{proxy.http}:127.0.0.1"]
                    harness.StampedFrame(run_curl(["curl", "-sS"], *plain))
            redirected = run_curl(proxy.curl(proxies.SUBPATH, proxies.SUBPATH_HOST), "-o", os.devnull, *report).decode()
            self.assertEqual(redirected, f" 2 301 https://{proxies.SUBPATH_HOST}:{proxy.https}{proxies.SUBPATH}/")


class FiveFrames(Tests):
    """A stream of 5 frames/s."""

    def measure(self):
        """Median delays in seconds by the way to ringcast: over HTTP/1.1, and over HTTP/2 in front."""
        with paced_readers.Readers() as reading:
            direct = reading.add(socket.create_connection(("127.0.0.1", site.server.port), harness.WAIT_SECONDS))
            direct.owner.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            viewers = {}
            for tcp, proxy in self.proxies():
                viewers["over TCP" if tcp else "over a UNIX socket"] = reading.add(proxy.connect())
            viewers["HTTP/2"] = reading.add_curl(proxy.curl(proxies.SUBPATH + "/stream", proxies.SUBPATH_HOST))
            everybody = [direct, *viewers.values()]
            harness.wait_for(lambda: all(len(viewer.frames) > DELAY_FRAMES for viewer in everybody), "frames")
            # The first frame is older than the connection.
            return {way: statistics.median(paced_readers.added_delays(viewer, direct)[1:]) for way, viewer in viewers.items()}

    def test_frames_arrive_as_soon_as_without_a_proxy(self):
        def check():
            found = self.measure()
            print("; ".join(f"{way} {delay * 1000:.1f} ms" for way, delay in found.items()), end=" ... ", flush=True)
            self.assertLess(found.pop("HTTP/2"), DELAY_SECONDS_MAX_HTTP2)
            self.assertLess(max(found.values()), DELAY_SECONDS_MAX)

        harness.retried(check)

    def test_a_viewer_that_leaves_is_gone_soon(self):
        def check():
            for tcp, proxy in self.proxies():
                site.server.wait_without_viewers()
                with paced_readers.Readers() as reading:
                    viewers = [reading.add(proxy.connect()), reading.add_curl(proxy.curl())]
                    harness.wait_for(lambda: all(viewer.frames for viewer in viewers), "frames")
                    self.assertEqual(site.viewers(), 2)
                left = time.monotonic()
                site.server.wait_without_viewers()
                self.assertLess(time.monotonic() - left, LEAVE_SECONDS_MAX, "over TCP" if tcp else "over a UNIX socket")

        harness.retried(check)


class FifteenFrames(Tests):
    """A stream of 15 frames/s: beside each viewer that keeps up, one with a slow link and one that reads nothing."""

    # All proxies are measured at the same time, and the result is kept for the others.
    measured = {}

    @staticmethod
    def measure():
        """By proxy's name: (median age of the slow viewer's frames in seconds, frames that the good viewer did not get)."""
        with paced_readers.Readers() as reading:
            chosen = {name: proxy for (name, tcp), proxy in site.proxies.items() if not tcp}
            stalled = [reading.add(proxy.connect(), 0) for proxy in chosen.values()]
            slow = {name: reading.add(proxy.connect(), SLOW_RATE) for name, proxy in chosen.items()}
            good = {name: reading.add(proxy.connect()) for name, proxy in chosen.items()}
            # It takes no more after some seconds, and is disconnected after stall_timeout.
            harness.wait_for(lambda: site.viewers() == len(slow) + len(good), f"ringcast to drop {len(stalled)} viewers")
            begin = time.monotonic() + SLOW_WARM_SECONDS

            def ages():
                return {name: [frame.age for frame in viewer.frames if frame.at > begin] for name, viewer in slow.items()}

            harness.wait_for(lambda: all(len(found) >= SLOW_FRAMES for found in ages().values()), "slow viewers")
            found = {}
            for name, viewer in good.items():
                sequences = [frame.sequence for frame in viewer.frames]
                missing = sequences[-1] - sequences[0] + 1 - len(sequences)
                found[name] = (statistics.median(ages()[name]), missing)
            assert not any(viewer.ended for viewer in (*slow.values(), *good.values())), "a viewer was disconnected"
        return found

    def test_a_viewer_with_a_slow_link_sees_new_frames_and_the_others_see_all(self):
        self.proxies()
        if no_sysctl:
            raise unittest.SkipTest(no_sysctl)

        def check():
            if not FifteenFrames.measured:
                FifteenFrames.measured.update(self.measure())
            age, missing = FifteenFrames.measured[self.name]
            print(f"{age:.2f} s", end=" ... ", flush=True)
            if age > SLOW_AGE_MAX[self.name] or missing > 0:
                FifteenFrames.measured.clear()
                self.fail(f"a slow viewer is {age:.2f} s behind, and another one has not got {missing} frames")

        harness.retried(check)


def load_tests(loader, _, __):
    """The tests of each class, for each proxy. Those of a site follow each other."""
    suite = unittest.TestSuite()
    for tests, fps, options in (
        (Requests, 5, ()), (FiveFrames, 5, ()), (FifteenFrames, 15, ("[viewers]", 'stall_timeout = "2s"')),
    ):  # fmt: skip
        for name in proxies.NAMES:
            kind = type(f"{tests.__name__}Of{name}", (tests, unittest.TestCase), {
                "name": name, "fps": fps, "options": options, "setUpClass": classmethod(open_site),
            })  # fmt: skip
            suite.addTests(loader.loadTestsFromTestCase(kind))
    return suite


def open_site(kind):
    """Starts another site if the present one is not what this class needs."""
    global site
    if site is not None and (site.fps, site.options) == (kind.fps, kind.options):
        return
    close_site()
    site = Site(kind.fps, *kind.options)
    site.fps, site.options = kind.fps, kind.options


def close_site():
    global site
    if site is not None:
        site.close()
        site = None


def tearDownModule():
    close_site()


if __name__ == "__main__":
    network.enter()
    site = None
    no_sysctl = set_up_network()
    harness.main()
