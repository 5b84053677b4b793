"""/api/events: what has happened, and what happens, as docs/http-api.md describes it."""

import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

import harness
from protected import ProtectedRingcast, as_user

DOOR = '[streams.door]\nsource = "pattern"\nsize = "160x120"\nfps = 10\n'
YARD = '[streams.yard]\nsource = "pattern"\nsize = "160x120"\nfps = 10\n'
BROKEN = '[streams.broken]\nsource = "exec"\ncommand = ["no-such-program-of-ours"]\n'


class Events(harness.Connection):
    """Reads an answer with events as strictly as it is documented."""

    def __init__(self, server, headers=None):
        super().__init__(socket.create_connection(("127.0.0.1", server.port), harness.WAIT_SECONDS))
        lines = ["GET /api/events HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.send("\r\n".join([*lines, "", ""]))
        self.status = int(self.file.readline().split()[1])
        self.headers = harness.read_headers(self.file)
        self.id = None

    def next(self):
        """The next event; EOFError when the answer has ended behind a whole one."""
        line = self.file.readline()
        while line == b":\n":
            if self.file.readline() != b"\n":
                raise AssertionError("a comment without an empty line")
            line = self.file.readline()
        if line == b"":
            raise EOFError
        data = self.file.readline()
        if not line.startswith(b"id: ") or not data.startswith(b"data: ") or self.file.readline() != b"\n":
            raise AssertionError(f"not an event: {line + data!r}")
        self.id = line[4:].strip().decode()
        return json.loads(data[6:])

    def until(self, kind, **fields):
        """The next event of this kind with these fields."""
        while True:
            event = self.next()
            if event["kind"] == kind and all(event.get(name) == value for name, value in fields.items()):
                return event


class EventsTest(unittest.TestCase):
    def start(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "ringcast.toml"
        self.file.write_text(text)
        server = harness.Ringcast("--config", self.file)
        self.addCleanup(server.__exit__)
        return server

    def reload(self, server, text):
        self.file.write_text(text)
        server.process.send_signal(signal.SIGHUP)

    def test_a_client_gets_what_has_happened_and_what_happens(self):
        server = self.start(DOOR + BROKEN).wait_live()
        with Events(server) as events:
            self.assertEqual(events.status, 200)
            self.assertEqual(events.headers["content-type"], "text/event-stream")
            self.assertEqual(events.headers["connection"], "close")
            self.assertEqual(events.next()["kind"], "server_started")
            seen = {event["kind"]: event for event in (events.next(), events.next())}
            self.assertEqual(seen["stream_live"]["stream"], "door")
            self.assertEqual(seen["stream_lost"]["stream"], "broken")
            self.assertEqual(seen["stream_lost"]["reason"], "the program was not found")
            now = server.status()["server"]["time_unix_seconds"]
            self.assertTrue(now - 60 < seen["stream_live"]["time_unix_seconds"] <= now)

            self.reload(server, DOOR + YARD)
            self.assertEqual(events.next()["kind"], "stream_added")
            self.assertEqual(events.until("stream_removed")["stream"], "broken")
            self.assertIn("stream yard: added", events.until("config_reloaded")["lines"])
            events.until("stream_live", stream="yard")
            self.reload(server, "[streams.door]\nsource = 7\n")
            self.assertIn("source", events.until("config_refused")["lines"][0])

    def test_a_client_that_comes_back_gets_only_what_it_has_not_got(self):
        server = self.start(DOOR).wait_live()
        with Events(server) as events:
            events.until("stream_live")
            last = events.id
            self.assertEqual(last, server.status()["server"]["instance"] + "-2")
        with Events(server, {"Last-Event-ID": last}) as events:
            self.reload(server, DOOR + YARD)
            self.assertEqual(events.next()["kind"], "stream_added")
            self.assertEqual(events.id, last[:-1] + "3")
        with Events(server, {"Last-Event-ID": "0123456789abcdef-2"}) as events:
            self.assertEqual(events.next()["kind"], "server_started")

    def test_refused_viewers_are_one_event(self):
        server = self.start("[viewers]\nmax = 1\n" + DOOR).wait_live()
        with Events(server) as events, harness.StreamReader(server.url) as viewer:
            viewer.part()
            for _ in range(20):
                self.assertEqual(server.get("/stream")[0], 503)
            refused = events.until("viewers_refused")
            self.assertEqual((refused["reason"], refused["count"]), ("too many viewers", 1))
            self.reload(server, "[viewers]\nmax = 1\n" + DOOR)
            self.assertEqual(events.next()["kind"], "config_reloaded")

    def test_a_client_that_leaves_is_gone_at_once(self):
        server = self.start(DOOR).wait_live()
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Events(server)) for _ in range(5)]
            for client in clients:
                client.until("stream_live")
            harness.wait_for(lambda: server.status()["server"]["connections"] == 6, "these, and that of the status")
            self.assertEqual(server.status()["server"]["counters"]["requests"]["events"], 5)
        harness.wait_for(lambda: server.status()["server"]["connections"] == 1, "the connections to close")

    def test_curl_follows_until_the_server_ends_in_order(self):
        harness.need("curl")
        server = self.start(DOOR).wait_live()
        with subprocess.Popen(["curl", "-sSN", server.url + "/api/events"], stdout=subprocess.PIPE) as curl:
            read = b""
            while read.count(b"\n\n") < 2:
                read += curl.stdout.read1()
            self.assertEqual(server.stop(), 0)
            read += curl.stdout.read()
            self.assertTrue(read.endswith(b"}\n\n"), read)
            self.assertEqual(curl.wait(harness.WAIT_SECONDS), 0)

    def test_a_client_that_ends_its_side_gets_what_has_happened(self):
        server = self.start(DOOR).wait_live()
        with Events(server) as events:
            events.socket.shutdown(socket.SHUT_WR)
            events.until("stream_live")
            self.assertRaises(EOFError, events.next)

    def test_head_is_answered_without_events(self):
        server = self.start(DOOR).wait_live()
        status, headers, body = server.get("/api/events", method="HEAD")
        self.assertEqual((status, headers["Content-Type"], body), (200, "text/event-stream", b""))

    def test_users_are_told_of_their_streams_alone(self):
        streams = DOOR + 'viewers = ["anna"]\n' + YARD + 'viewers = ["ben"]\n'
        protected = ProtectedRingcast(streams)
        self.addCleanup(protected.close)
        server = protected.server.wait_live(0).wait_live(1)
        with Events(server, as_user("anna")) as anna, Events(server, as_user("boss")) as boss, Events(server) as nobody:
            self.assertEqual(nobody.status, 401)
            anna.until("stream_live", stream="door")
            boss.until("stream_live", stream="yard")
            server.process.send_signal(signal.SIGHUP)
            # Their rights may be others now: they ask again.
            rest = []
            with self.assertRaises(EOFError):
                while True:
                    rest.append(anna.next())
            self.assertEqual([event for event in rest if event.get("stream") == "yard"], [])
            with Events(server, {**as_user("boss"), "Last-Event-ID": boss.id}) as again:
                again.until("config_reloaded")
            with Events(server, as_user("anna")) as again:
                again.socket.shutdown(socket.SHUT_WR)
                kinds = []
                with self.assertRaises(EOFError):
                    while True:
                        kinds.append(again.next()["kind"])
                self.assertEqual(kinds, ["server_started", "stream_live"])


if __name__ == "__main__":
    harness.main()
