"""One origin, three edges and HAProxy with the files of conf/scaling, on machines of their own, and 300 viewers:
what happens to the viewers when something fails. Each test begins and ends with all of it working."""

import contextlib
import csv
import io
import json
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests/clients"), str(ROOT / "tests/upstream")]

import harness
import network
import servers
from viewers import Viewers

CONF = ROOT / "conf/scaling"
EDGES = ("edge1", "edge2", "edge3")
VIEWERS = 300
PORT = 8080
# So small that 300 viewers and all servers are well within two processors.
PATTERN = 'source = "pattern"\nsize = "640x360"\nfps = 15\nquality = 10\n'
# Bounds for the median viewer and for the last one, which the machine may delay.
MEDIAN_SECONDS = 2
LAST_SECONDS = 15
# Three times the two buffers that haproxy.cfg sets: the kernel doubles their sizes. By itself it would make them
# megabytes.
HELD_BYTES_MAX = 768 * 1024


class Server:
    """A ringcast on a machine, with a configuration file of conf/scaling."""

    def __init__(self, machine, configuration):
        self.machine = machine
        self._configuration = configuration
        self.start()

    def start(self):
        command = [*self.machine.prefix, harness.binary(), "--config", self._configuration]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_for(self.answers, f"{self.machine.name} to answer")
        self.answered_at = time.monotonic()
        self.id = self.status()["server"]["instance"]

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.machine.address}:{PORT}{path}", timeout=1) as answer:
            return answer.read()

    def answers(self):
        assert self.process.poll() is None, f"{self.machine.name} ended with exit code {self.process.returncode}"
        with contextlib.suppress(OSError):
            return self.get("/healthz")
        return None

    def status(self):
        return json.loads(self.get("/api/status?viewers=100"))

    def stream(self):
        return self.status()["streams"][0]

    def viewers(self):
        """The status of all its viewers."""
        found, after = [], 0
        while after is not None:
            status = json.loads(self.get(f"/api/status?viewers=100&after={after}"))
            found += status["viewers"]
            after = status["viewers_next"]
        return found

    def stop(self, sent=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sent)
        self.process.wait(harness.WAIT_SECONDS)


def frames_skipped(server):
    return sum(server.stream()["sent"]["frames_skipped"].values())


class Window:
    """A time in which viewers of some edges must not lose a frame. A frame is not lost if the origin did not send it
    to the edge, or the edge not to the viewer, because that was busy: both are counted, and depend on the machine."""

    def __init__(self, cluster, edges):
        self._cluster = cluster
        self._edges = edges
        self._origin_skipped = frames_skipped(cluster.origin)
        self._skipped = [frames_skipped(edge) for edge in edges]
        self.connections = [cluster.viewers.of(edge.id) for edge in edges]
        self._begin = time.monotonic()

    def close(self):
        end = time.monotonic()
        seen = [[connection.frames(self._begin, end) for connection in of_edge] for of_edge in self.connections]
        for edge, connections, of_edge, before in zip(self._edges, self.connections, seen, self._skipped):
            name = edge.machine.name
            ended = [connection for connection in connections if connection.ended_at is not None]
            assert not ended, f"{len(ended)} viewers of {name} were disconnected: {ended[0].error}"
            sequences = [[frame.sequence for frame in frames] for frames in of_edge]
            assert all(len(sequence) > 1 for sequence in sequences), f"viewers of {name} received no frames"
            assert all(map(harness.rising, sequences)), f"frames of {name} were not in order"
            received = sorted(set().union(*sequences))
            not_received = received[-1] - received[0] + 1 - len(received)
            skipped = frames_skipped(self._cluster.origin) - self._origin_skipped
            assert not_received <= skipped, f"{name} lost {not_received} frames; the origin skipped {skipped}"
            place = {sequence: index for index, sequence in enumerate(received)}
            missing = sum(place[s[-1]] - place[s[0]] + 1 - len(s) for s in sequences)
            skipped = frames_skipped(edge) - before
            assert missing <= skipped, f"viewers of {name} lost {missing} frames; it skipped {skipped}"
            longest = [max(b.at - a.at for a, b in zip(frames, frames[1:])) for frames in of_edge]
            report(f"{len(connections)} viewers of {name}: {missing} of {sum(map(len, sequences))} frames skipped, "
                   f"longest interval {statistics.median(longest):.2f} s (median)")
            assert statistics.median(longest) < 1, "the stream of the other edges stood still"


def report(text):
    print(f"    {text}", flush=True)


def check_delays(what, delays):
    """`delays` in seconds, one for each viewer."""
    median, last = statistics.median(delays), max(delays)
    report(f"{what}: {len(delays)} viewers, median {median:.2f} s, last {last:.2f} s")
    assert median < MEDIAN_SECONDS, f"{what}: {median:.2f} s in the median"
    assert last < LAST_SECONDS, f"{what}: {last:.2f} s for the last viewer"


class Cluster:
    def __init__(self, stack, haproxy):
        self.machines = stack.enter_context(network.machines("origin", *EDGES, "haproxy"))
        folder = stack.enter_context(tempfile.TemporaryDirectory())

        def shipped(name, *change):
            """A copy with addresses in place of the machines' names."""
            text = (CONF / name).read_text()
            for machine in self.machines.values():
                text = text.replace(f"{machine.name}:{PORT}", f"{machine.address}:{PORT}")
            path = pathlib.Path(folder, name)
            path.write_text(text.replace(*change) if change else text)
            return path

        self.origin = Server(self.machines["origin"], shipped("origin.toml", 'source = "pattern"\n', PATTERN))
        stack.callback(self.origin.stop)
        edge_configuration = shipped("edge.toml")
        self.edges = []
        for name in EDGES:
            self.edges.append(Server(self.machines[name], edge_configuration))
            stack.callback(self.edges[-1].stop)
        for edge in self.edges:
            harness.wait_for(lambda edge=edge: edge.stream()["state"] == "live", "a stream at the edge")

        self._balancer = self.machines["haproxy"]
        log = stack.enter_context(tempfile.TemporaryFile())
        process = subprocess.Popen([*self._balancer.prefix, haproxy, "-db", "-f", shipped("haproxy.cfg")],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        stack.callback(process.wait, harness.WAIT_SECONDS)
        stack.callback(process.terminate)
        self.wait_up()
        self.viewers = stack.enter_context(Viewers((self._balancer.address, PORT)))
        self.viewers.add(VIEWERS)
        self.wait_receiving()

    def connect(self):
        """A connection through HAProxy, whose end here holds little data."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(harness.WAIT_SECONDS)
        connection.connect((self._balancer.address, PORT))
        return connection

    def balancer_states(self, backend="edges"):
        """The state of each edge as HAProxy sees it."""
        url = f"http://{self._balancer.address}:8404/;csv"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            rows = csv.DictReader(io.StringIO(answer.read().decode().removeprefix("# ")))
            return {row["svname"]: row["status"] for row in rows if row["pxname"] == backend}
        return {}

    def wait_state(self, edges, *states):
        def reached():
            present = self.balancer_states()
            return present and all(present[edge.machine.name] in states for edge in edges)

        harness.wait_for(reached, f"{' or '.join(states)} in HAProxy")

    def wait_up(self):
        self.wait_state(self.edges, "UP")

    def wait_receiving(self):
        now = time.monotonic()
        harness.wait_for(lambda: self.viewers.receiving(now), "frames for all viewers")

    def busiest_edge(self):
        return max(self.edges, key=lambda edge: len(self.viewers.of(edge.id)))

    def others(self, edge):
        return [other for other in self.edges if other is not edge and self.viewers.of(other.id)]


def setUpModule():
    global cluster
    network.need()
    haproxy = servers.need("haproxy")
    stack = contextlib.ExitStack()
    unittest.addModuleCleanup(stack.close)
    cluster = Cluster(stack, haproxy)
    cluster.spread = [len(cluster.viewers.of(edge.id)) for edge in cluster.edges]


class Failures(unittest.TestCase):
    def setUp(self):
        print(flush=True)
        cluster.wait_up()
        cluster.wait_receiving()

    def test_viewers_are_spread_and_each_edge_reads_the_stream_once(self):
        report(f"viewers of each edge: {cluster.spread}")
        self.assertEqual(sum(cluster.spread), VIEWERS)
        # HAProxy chooses the one with the fewest connections, so they differ only by those in between.
        self.assertLess(max(cluster.spread) - min(cluster.spread), VIEWERS // 20)
        watching = {viewer["address"].split(":")[0] for viewer in cluster.origin.status()["viewers"]}
        self.assertEqual(watching, {edge.machine.address for edge in cluster.edges})
        self.assertEqual(cluster.origin.status()["viewers_total"], len(EDGES))
        for edge in cluster.edges:
            self.assertEqual(edge.stream()["upstream"]["hops"], 1)
        latencies = [server.stream()["latency"]["mean_seconds"] * 1000 for server in (cluster.origin, *cluster.edges)]
        report(f"from capture to sent: {latencies[0]:.1f} ms at the origin, {statistics.mean(latencies[1:]):.1f} ms at the edges")

    def fail_edge(self, fail, what):
        """Takes away an edge, whose viewers have to receive frames from another one. Returns their delays."""
        lost = cluster.busiest_edge()
        viewers = [connection.viewer for connection in cluster.viewers.of(lost.id)]
        known = [len(viewer.connections) for viewer in viewers]
        window = Window(cluster, cluster.others(lost))
        begin = time.monotonic()

        def delays():
            times = [viewer.first_frame(begin, count) for viewer, count in zip(viewers, known)]
            return None if None in times else [at - begin for at in times]

        try:
            fail(lost)
            measured = harness.wait_for(delays, f"frames for the viewers of the edge that {what}")
            # HAProxy then disconnects its viewers, if there are any left.
            cluster.wait_state([lost], "DOWN")
            cluster.wait_receiving()
            window.close()
        finally:
            lost.stop(signal.SIGKILL)
            lost.machine.connect(True)
            lost.start()
            cluster.wait_up()
        return measured

    def test_viewers_of_a_killed_edge_go_to_another_one(self):
        def check():
            delays = self.fail_edge(lambda edge: edge.stop(signal.SIGKILL), "was killed")
            check_delays("frames again after an edge was killed", delays)

        harness.retried(check)

    def test_viewers_of_an_unreachable_edge_go_to_another_one(self):
        delays = self.fail_edge(lambda edge: edge.machine.connect(False), "is unreachable")
        report(f"frames again after an edge became unreachable: median {statistics.median(delays):.2f} s, "
               f"last {max(delays):.2f} s")

    def test_viewers_stay_connected_while_the_origin_is_down(self):
        def check():
            before = [viewer.connection for viewer in cluster.viewers.all]
            cluster.origin.stop()
            try:
                harness.wait_for(lambda: all(connection.parts[-1].reason for connection in before), "no signal")
                # The edges connect less often by and by.
                attempts = lambda: [edge.stream()["source_counters"]["restarts"] for edge in cluster.edges]
                begun = attempts()
                harness.wait_for(
                    lambda: all(now >= then + 3 for now, then in zip(attempts(), begun)), "the third attempt of each edge"
                )
                # A new viewer is shown the reason too.
                cluster.wait_state(cluster.edges, "NOLB")
                newcomers = cluster.viewers.add(3)
                harness.wait_for(lambda: all(viewer.connection.parts for viewer in newcomers), "a picture for new viewers")
                self.assertTrue(all(viewer.connection.parts[0].reason for viewer in newcomers))
            finally:
                cluster.origin.start()
            answered = cluster.origin.answered_at

            def delays():
                times = [viewer.first_frame(answered) for viewer in cluster.viewers.all]
                return None if None in times else [at - answered for at in times]

            measured = harness.wait_for(delays, "frames from the origin")
            self.assertEqual([viewer.connection for viewer in cluster.viewers.all][: len(before)], before)
            self.assertEqual([len(viewer.connections) for viewer in newcomers], [1] * len(newcomers))
            cluster.viewers.remove(newcomers)
            cluster.wait_up()
            check_delays("frames again after the origin answered", measured)

        harness.retried(check)

    def test_a_drained_edge_keeps_its_viewers_and_gets_no_new_ones(self):
        drained = cluster.busiest_edge()
        present = len(cluster.viewers.of(drained.id))
        window = Window(cluster, cluster.edges)

        def toggle_draining():
            drained.process.send_signal(signal.SIGUSR1)

        toggle_draining()
        # So that a failure here is not one of the other tests too.
        self.addCleanup(lambda: drained.status()["server"]["draining"] and toggle_draining())
        cluster.wait_state([drained], "NOLB")
        newcomers = cluster.viewers.add(20)
        cluster.wait_receiving()
        for viewer in newcomers:
            self.assertEqual(len(viewer.connections), 1)
            self.assertNotEqual(viewer.connection.edge, drained.id)
        self.assertEqual(drained.status()["viewers_total"], present)

        toggle_draining()
        cluster.wait_up()
        window.close()

        def comes_back():
            newcomers.extend(cluster.viewers.add(1))
            return harness.wait_for(lambda: newcomers[-1].connection.edge, "an answer") == drained.id

        harness.wait_for(comes_back, "a new viewer at the edge that was drained")
        cluster.viewers.remove(newcomers)

    def test_a_viewer_that_reads_nothing_is_sent_little_that_will_be_old(self):
        with cluster.connect() as stuck:
            stuck.sendall(b"GET /camera/stream HTTP/1.1\r\nHost: viewers\r\n\r\n")

            def full():
                """Its status, when the edge can't send it any more."""
                viewers = [viewer for edge in cluster.edges for viewer in edge.viewers()]
                newest = min(viewers, key=lambda viewer: viewer["connected_seconds"])
                return newest if (newest["delivered_age_seconds"] or 0) > 1 else None

            viewer = harness.wait_for(full, "a viewer that is not sent anything")
        report(f"{viewer['bytes_sent'] / 1024:.0f} KiB are between an edge and a viewer that reads nothing")
        self.assertLess(viewer["bytes_sent"], HELD_BYTES_MAX)


if __name__ == "__main__":
    network.enter()
    harness.main()
