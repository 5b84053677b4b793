"""PUT of /NAME/controls over real sockets: who may send it, and what becomes of its body. There is no
camera here: what is accepted ends in 404."""

import pathlib
import socket
import subprocess
import tempfile
import unittest

import harness

BODY = '{"Brightness": 0.1}'
JSON = {"Content-Type": "application/json"}


def setUpModule():
    global folder, tokens, locked, unlocked, public
    folder = tempfile.TemporaryDirectory()
    path = pathlib.Path(folder.name)
    public = path / "public.sock"
    access = f'[access]\ntokens_file = "{path / "tokens"}"\nadmins = ["boss"]\n'
    streams = '[streams.door]\nsource = "pattern"\nsize = "320x240"\n'
    configuration = path / "ringcast.toml"
    configuration.write_text(access + streams)
    tokens = {
        name: subprocess.run([harness.binary(), "token", name, "--config", configuration], text=True, check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
        for name in ("boss", "tablet")
    }
    http = ('[http]\nlisten = ["127.0.0.1:0", { address = "unix:%s", access = "public" }]\n'
            'cors_origins = ["https://dashboard.example", "*"]\n' % public)
    locked = harness.configured(http + access + streams, listen=False)
    unlocked = harness.configured(streams)


def tearDownModule():
    for server in (locked, unlocked):
        code = server.stop()
        assert code == 0, server.log()
    folder.cleanup()


def put(headers=None, body=BODY, path="/door/controls"):
    lines = [f"PUT {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in {**JSON, **(headers or {})}.items()]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]), body


def connect_to(path):
    connected = socket.socket(socket.AF_UNIX)
    connected.connect(str(path))
    return harness.Connection(connected)


def by(name):
    return {"Authorization": f"Bearer {tokens[name]}"}


class PutControls(unittest.TestCase):
    def answer_to(self, request, server=None):
        """The answer to head and body, sent at once; and whether the connection was kept."""
        with (server or locked).connect() as connection:
            connection.send("".join(request))
            answer = connection.answer()
            if answer.headers.get("connection") == "close":
                self.assertTrue(connection.closed())
                return answer, False
            self.assertEqual(connection.ask("/healthz").status, 200)
            return answer, True

    def test_only_administrators_get_as_far_as_the_stream(self):
        for headers, status, text in (
            ({}, 401, b""),
            ({"Authorization": "Bearer wrong"}, 401, b""),
            (by("tablet"), 403, b"admins"),
            (by("boss"), 404, b"door is no camera"),
        ):
            answer, _ = self.answer_to(put(headers))
            self.assertEqual(answer.status, status, headers)
            self.assertIn(text, answer.body)

    def test_nobody_changes_controls_where_nobody_is_asked(self):
        answer, _ = self.answer_to(put(), unlocked)
        self.assertEqual(answer.status, 403)
        self.assertIn(b"users_file", answer.body)
        for headers in ({}, by("boss")):
            with connect_to(public) as connection:
                connection.send("".join(put(headers)))
                answer = connection.answer()
            self.assertEqual(answer.status, 403)
            self.assertIn(b'access = "public"', answer.body)

    def test_a_body_that_was_not_read_is_never_a_request(self):
        hidden = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answer, kept = self.answer_to(put(by("tablet"), body=hidden * 3))
        self.assertEqual((answer.status, kept), (403, False))
        answer, kept = self.answer_to(put(by("boss"), body=""))
        self.assertEqual((answer.status, kept), (404, True))

    def test_put_elsewhere_is_refused_and_says_nothing_about_streams(self):
        for path in ("/door/stream", "/nothing/stream", "/", "/api/status"):
            answer, kept = self.answer_to(put(path=path, body=""))
            self.assertEqual((answer.status, answer.headers["allow"], kept), (405, "GET, HEAD, OPTIONS", True), path)
            answer, kept = self.answer_to(put(path=path))
            self.assertEqual((answer.status, kept), (405, False), path)
        self.assertEqual(self.answer_to(put(path="/nothing/controls"))[0].status, 401)

    def test_other_requests_still_have_no_body(self):
        for method in ("GET", "HEAD", "OPTIONS"):
            with locked.connect() as connection:
                connection.send(f"{method} /door/controls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}")
                answer = connection.answer(head_only=method == "HEAD")
                self.assertEqual(answer.status, 413)
                self.assertTrue(connection.closed())

    def test_a_client_that_expects_100_is_answered_finally_at_once(self):
        with locked.connect() as connection:
            connection.send(put({**by("boss"), "Expect": "100-continue"})[0])
            self.assertEqual(connection.answer().status, 404)
            self.assertTrue(connection.closed())

    def test_curl_gets_the_answer(self):
        harness.need("curl")
        done = subprocess.run(
            ["curl", "-sS", "-X", "PUT", "-H", "Content-Type: application/json", "-H", "Expect: 100-continue", "-H",
             f"Authorization: Bearer {tokens['boss']}", "-d", BODY, "-w", "%{http_code}",
             f"{locked.url}/door/controls"],
            stdout=subprocess.PIPE, text=True, check=True, timeout=harness.WAIT_SECONDS)
        self.assertEqual(done.stdout, "Stream door is no camera.\n404")

    def test_preflights_allow_put_for_listed_origins_only(self):
        for origin, path, methods in (
            ("https://dashboard.example", "/door/controls", "GET, HEAD, PUT"),
            ("https://dashboard.example", "/controls", "GET, HEAD, PUT"),
            ("https://dashboard.example", "/door/stream", "GET, HEAD"),
            ("http://localhost:81", "/door/controls", "GET, HEAD"),
            ("https://elsewhere.example", "/door/controls", "GET, HEAD"),
        ):
            with locked.connect() as connection:
                answer = connection.ask(path, method="OPTIONS", headers={
                    "Host": "localhost", "Origin": origin, "Access-Control-Request-Method": "PUT"})
                self.assertEqual(answer.status, 204)
                self.assertEqual(answer.headers["access-control-allow-methods"], methods, (origin, path))


if __name__ == "__main__":
    harness.main()
