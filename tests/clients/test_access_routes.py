"""Who may do what: each cell of the tables in docs/http-api.md, and what these don't show."""

import html
import http.client
import itertools
import pathlib
import re
import unittest
import urllib.parse

import harness
from protected import PASSWORDS, ProtectedRingcast, as_user, basic, with_token

STREAM = 'source = "pattern"\nsize = "320x240"\nfps = 20\n'
# The address without passwords is 127.0.0.2.
CONFIGURATION = f"""
[http]
listen = ["127.0.0.1:0", {{ address = "127.0.0.2:0", access = "public" }}]
[streams.door]
{STREAM}viewers = ["anna", "tablet"]
[streams.yard]
{STREAM}viewers = ["ben"]
"""
WITH_PUBLIC_STREAM = CONFIGURATION + f'[streams.lobby]\n{STREAM}viewers = "public"\n'
NAMES = {"NAME": "door", "PUBLIC": "lobby"}


def documented_tables():
    """The tables of docs/http-api.md as dictionaries: statuses by caller, by request."""
    document = (pathlib.Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
    section = document.split("\n## Who may do what\n")[1].split("\n## ")[0]
    for text in re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE):
        head, _, *lines = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines())
        table = {}
        for requests, *statuses in lines:
            for request in re.findall("`(.*?)`", requests):
                assert request not in table, request
                table[request] = dict(zip(head[1:], map(int, statuses), strict=True))
        yield table


def parsed(request):
    """(method, path) of a request as the tables have it."""
    method, path = request.split() if " " in request else ("GET", request)
    for placeholder, name in NAMES.items():
        path = path.replace(placeholder, name)
    return method, path


class RoutesTest(unittest.TestCase):
    # An address of its own for each request, so that wrong passwords do not block others.
    _sources = itertools.count()

    @classmethod
    def serve(cls, configuration):
        protected = ProtectedRingcast(configuration, listen=False)
        cls.addClassCleanup(protected.close)
        cls.protected = protected
        cls.server = protected.server
        for index in range(configuration.count("[streams.")):
            cls.server.wait_live(index)
        cls.link = protected.new_link("door", "--for", "1h")

    def new_source(self):
        number = next(self._sources)
        return f"127.1.{number // 250}.{number % 250 + 1}"

    def get(self, path, headers=None, method="GET", source=None, public=False):
        """(status, headers) of the response; a stream is left after its head."""
        (port,) = re.findall(r"  http://127\.0\.0\.2:(\d+)/", self.server.log()) if public else [self.server.port]
        connection = http.client.HTTPConnection(
            "127.0.0.2" if public else "127.0.0.1", int(port), timeout=harness.WAIT_SECONDS,
            source_address=(source or self.new_source(), 0))
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers
        finally:
            connection.close()

    def status(self, *arguments, **options):
        return self.get(*arguments, **options)[0]

    def callers(self):
        """The columns of the tables, and others that have the same rights: (column, headers, token)."""
        expired = self.protected.new_link("door", "--for", "1s")
        harness.wait_for(lambda: self.status(with_token("/door/snapshot", expired)) == 401, "the link to expire")
        snapshot_link = self.protected.new_link("door", "--for", "1h", "--snapshot-only")
        return [
            ("nobody", {}, None),
            ("wrong password", basic("anna", PASSWORDS["ben"]), None),
            ("wrong password", basic("nobody-s-name", PASSWORDS["anna"]), None),
            ("user of other streams", as_user("ben"), None),
            ("user", as_user("anna"), None),
            ("user", {}, self.protected.token),
            ("user", {"Authorization": f"Bearer {self.protected.token}"}, None),
            ("administrator", as_user("boss"), None),
            ("link", {}, self.link),
            ("link", {"Authorization": f"bearer {self.link}"}, None),
            ("snapshot link", {}, snapshot_link),
            ("expired link", {}, expired),
            ("wrong token", {}, "x" * len(self.protected.token)),
            ("wrong token", {"Authorization": f"Bearer {self.link[:-1]}"}, None),
            ("public address", {}, None),
            ("public address", basic("anna", "wrong"), None),
        ]

    def check(self, table):
        callers = self.callers()
        self.assertGreater(len(table), 30)
        for request, statuses in table.items():
            method, path = parsed(request)
            self.assertEqual(set(statuses), {column for column, _, _ in callers})
            for column, headers, token in callers:
                with self.subTest(request=request, caller=column, headers=headers, token=token):
                    status = self.status(with_token(path, token) if token else path, headers, method,
                                         public=column == "public address")
                    self.assertEqual(status, statuses[column])
                    if method == "GET":
                        head = self.status(with_token(path, token) if token else path, headers, "HEAD",
                                           public=column == "public address")
                        self.assertEqual(head, status)


class WithoutPublicStreams(RoutesTest):
    @classmethod
    def setUpClass(cls):
        cls.serve(CONFIGURATION)

    def test_each_cell_of_the_table_is_true(self):
        table, _ = documented_tables()
        self.check(table)

    def test_a_link_for_another_stream_is_answered_403(self):
        other = self.protected.new_link("yard", "--for", "1h")
        self.assertEqual(self.status(with_token("/yard/stream", other)), 200)
        for path in ("/door/stream", "/stream", "/door/snapshot", "/?action=stream_0"):
            self.assertEqual(self.status(with_token(path, other)), 403, path)

    def test_the_first_token_takes_precedence_over_others_and_over_a_password(self):
        path = with_token("/door/snapshot", self.link)
        self.assertEqual(self.status(path, basic("anna", "wrong")), 200)
        self.assertEqual(self.status(with_token(path, "wrong")), 200)
        self.assertEqual(self.status(with_token("/door/snapshot", "wrong"), as_user("anna")), 401)
        self.assertEqual(self.status(with_token(with_token("/door/snapshot", "wrong"), self.link)), 401)

    def test_a_page_that_is_opened_with_a_token_shows_its_streams(self):
        page = self.server.get(with_token("/", self.protected.token))[2].decode()
        addresses = [urllib.parse.urljoin("/", html.unescape(address))
                     for address in re.findall(r'<(?!base)[^>]* (?:src|href)="([^":]+)"', page)]
        self.assertIn(with_token("/door/", self.protected.token), addresses)
        self.assertEqual({self.status(address) for address in addresses}, {200})

    def test_401_tells_how_to_log_in(self):
        login = 'Basic realm="ringcast", charset="UTF-8"'
        invalid = 'Bearer realm="ringcast", error="invalid_token"'
        for path, headers, expected in (
            ("/door/stream", {}, login), ("/unknown", {}, login), ("/", basic("anna", "wrong"), login),
            ("/", {"Authorization": "Negotiate abcd"}, login), ("/", {"Authorization": "Bearer wrong"}, invalid),
            ("/door/stream?token=wrong", {}, invalid), ("/door/stream?token=", {}, invalid),
        ):
            status, answered = self.get(path, headers)
            self.assertEqual((status, answered["WWW-Authenticate"]), (401, expected), path)

    def test_a_preflight_is_answered_before_the_login(self):
        origin = f"http://127.0.0.1:{self.server.port + 1}"
        status, answered = self.get("/door/stream", {
            "Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization",
        }, "OPTIONS")
        self.assertEqual((status, answered["Access-Control-Allow-Origin"]), (204, origin))
        self.assertIn("authorization", answered["Access-Control-Allow-Headers"].lower())
        self.assertEqual(answered["Access-Control-Allow-Methods"], "GET, HEAD")

    def test_more_than_five_wrong_passwords_make_an_address_wait(self):
        address = self.new_source()
        self.assertEqual(self.status("/door/snapshot", as_user("boss"), source=address), 200)
        for attempt in range(10):  # on a busy machine the first waits may be over before the next attempt
            status, answered = self.get("/", basic("anna", f"wrong {attempt}"), source=address)
            if status == 429:
                break
            self.assertEqual(status, 401)
        self.assertEqual(status, 429)
        self.assertGreater(attempt, 5)
        self.assertGreaterEqual(int(answered["Retry-After"]), 1)
        self.assertIsNone(answered["WWW-Authenticate"])
        # A remembered password, links and tokens are not affected, nor are other addresses.
        self.assertEqual(self.status("/door/snapshot", as_user("boss"), source=address), 200)
        self.assertEqual(self.status(with_token("/door/snapshot", self.link), source=address), 200)
        self.assertEqual(self.status("/", as_user("ben")), 200)

        # Carol's password is not remembered, so her login waits like others.
        harness.wait_for(lambda: self.status("/", as_user("carol"), source=address) == 200, "the end of the wait")
        self.assertEqual(self.status("/", basic("anna", "wrong"), source=address), 401)

    def test_users_see_neither_others_streams_nor_addresses(self):
        with harness.StreamReader(self.server.url, "/door/stream", as_user("anna")) as reader:
            reader.part()
            host, port = reader.socket.getsockname()
            address = f"{host}:{port}".encode()
            for path in ("/", "/api/status", "/metrics"):
                for_anna = self.server.get(path, as_user("anna"))[2]
                self.assertIn(b"door", for_anna, path)
                self.assertNotIn(b"yard", for_anna, path)
                self.assertNotIn(address, for_anna, path)
                self.assertNotIn(b"door", self.server.get(path, as_user("ben"))[2], path)
            self.assertIn(address, self.server.get("/api/status", as_user("boss"))[2])
        for path in ("/unknown", "/door/stream"):
            self.assertNotIn(b"door", self.server.get(path, as_user("ben"))[2], path)


class WithAPublicStream(RoutesTest):
    @classmethod
    def setUpClass(cls):
        cls.serve(WITH_PUBLIC_STREAM)

    def test_each_cell_of_the_tables_is_true(self):
        table, with_public_stream = documented_tables()
        self.check({**table, **with_public_stream})

    def test_nobody_sees_public_streams_only(self):
        for path in ("/", "/api/status", "/metrics"):
            page = self.server.get(path)[2]
            self.assertIn(b"lobby", page, path)
            self.assertNotIn(b"door", page, path)


if __name__ == "__main__":
    harness.main()
