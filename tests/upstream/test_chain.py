"""Ringcasts that read each other's streams: what passes through a chain of them, and loops."""

import contextlib
import os
import pathlib
import tempfile
import threading
import unittest

import frames  # noqa: F401  (finds the harness)
import harness

FRAMES = 200
RATE = 60


def edge(url, more="", **options):
    return harness.configured(f'[streams.edge]\nsource = "http"\nurl = "{url}"\n{more}', **options)


def upstream(server):
    return server.stream_status()["upstream"]


class Chain(unittest.TestCase):
    def test_every_frame_passes_two_edges_unchanged_and_in_order(self):
        with contextlib.ExitStack() as stack:
            origin = stack.enter_context(harness.Ringcast("pattern", "--size", "640x360", "--fps", RATE))
            second = stack.enter_context(edge(f"{origin.url}/stream"))
            third = stack.enter_context(edge(f"{second.url}/stream"))
            for server in (origin, second, third):
                server.wait_live()
            sent = {}

            def record(reader):
                for _ in range(2 * FRAMES):
                    part = reader.part()
                    sent[harness.StampedFrame(part.body).sequence] = part

            with harness.StreamReader(origin.url) as at_origin, harness.StreamReader(third.url) as at_end:
                recorder = threading.Thread(target=record, args=(at_origin,))
                recorder.start()
                received = [at_end.part() for _ in range(FRAMES)]
                # What a busy machine made the servers skip for each other and for the reader.
                skipped = sum(
                    sum(viewer["frames_skipped"].values())
                    for server in (origin, second, third)
                    for viewer in server.status()["viewers"]
                )
                recorder.join(harness.WAIT_SECONDS)
            sequences = [harness.StampedFrame(part.body).sequence for part in received]
            self.assertTrue(harness.rising(sequences), sequences)
            self.assertLessEqual(sequences[-1] - sequences[0] + 1 - len(sequences), skipped)
            known = [(part, sent[number]) for number, part in zip(sequences, received) if number in sent]
            self.assertGreater(len(known), FRAMES // 2)
            for part, original in known:
                self.assertEqual(part.body, original.body)
                self.assertEqual(part.headers["x-timestamp"], original.headers["x-timestamp"])
            self.assertEqual(upstream(third)["clock"], "upstream")
            self.assertEqual(upstream(third)["hops"], 2)
            self.assertEqual(upstream(second)["connections"], 1)
            origin_id = origin.status()["server"]["instance"]
            self.assertEqual(upstream(third)["via"], [second.status()["server"]["instance"], origin_id])

    def test_a_unix_socket_is_an_upstream_server(self):
        with tempfile.TemporaryDirectory() as folder:
            socket = os.path.join(folder, "origin.sock")
            with harness.Ringcast("pattern", "--size", "640x360", "--listen", f"unix:{socket}"), edge(
                f"unix:{socket}", 'path = "/pattern/stream"\n'
            ) as server:
                server.wait_live()
                with harness.StreamReader(server.url) as reader:
                    for _ in range(20):
                        harness.StampedFrame(reader.part().body)

    def test_viewers_of_an_edge_cost_the_origin_one(self):
        with harness.Ringcast("pattern", "--size", "640x360") as origin, edge(f"{origin.url}/stream") as server:
            server.wait_live()
            with contextlib.ExitStack() as stack:
                readers = [stack.enter_context(harness.StreamReader(server.url)) for _ in range(20)]
                for reader in readers:
                    reader.part()
                self.assertEqual(len(origin.status()["viewers"]), 1)
                self.assertEqual(len(server.status()["viewers"]), 20)

    def test_the_reason_of_an_origin_without_signal_passes_the_chain(self):
        with tempfile.TemporaryDirectory() as folder:
            gone = pathlib.Path(folder, "gone")
            with harness.configured(
                f'[streams.cam]\nsource = "exec"\ncommand = ["{gone}"]\n'
            ) as origin, edge(f"{origin.url}/stream") as first, edge(f"{first.url}/stream") as second:

                def reasons():
                    return [server.stream_status()["reason"] for server in (origin, first, second)]

                def same():
                    found = reasons()
                    return found[0] is not None and found.count(found[0]) == len(found)

                harness.wait_for(same, "the same reason in all servers")
                self.assertIn("the program", reasons()[2])
                self.assertEqual(second.stream_status()["state"], "lost")
                self.assertEqual(second.stream_status()["source_counters"]["frames"], 0)
                with harness.StreamReader(second.url) as reader:
                    self.assertEqual(reader.part().headers["x-ringcast-signal"], "none")

    def test_a_server_that_reads_itself_says_so(self):
        port = harness.fixed_free_port()
        with harness.configured(
            f'[streams.me]\nsource = "http"\nurl = "http://127.0.0.1:{port}/stream"\n',
            "--listen", f"127.0.0.1:{port}",
        ) as server:  # fmt: skip
            harness.wait_for(
                lambda: "a loop" in (server.stream_status()["reason"] or ""), "the loop to be noticed"
            )

    def test_servers_that_read_each_other_say_so(self):
        ports = [harness.fixed_free_port(), harness.fixed_free_port()]
        with harness.configured(
            f'[streams.a]\nsource = "http"\nurl = "http://127.0.0.1:{ports[1]}/stream"\n',
            "--listen", f"127.0.0.1:{ports[0]}",
        ) as first, harness.configured(
            f'[streams.b]\nsource = "http"\nurl = "http://127.0.0.1:{ports[0]}/stream"\n',
            "--listen", f"127.0.0.1:{ports[1]}",
        ) as second:  # fmt: skip
            harness.wait_for(
                lambda: any("a loop" in (s.stream_status()["reason"] or "") for s in (first, second)),
                "the loop to be noticed",
            )


if __name__ == "__main__":
    harness.main()
