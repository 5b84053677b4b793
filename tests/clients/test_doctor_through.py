"""`ringcast doctor --through URL`: proxies that do something wrong, and real ones."""

import contextlib
import http.client
import http.server
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import unittest
import zlib

sys.path.append(str(pathlib.Path(__file__).parents[1] / "upstream"))

import harness
import servers

# The command waits up to 10 s for an answer, compares for 5 s and reads slowly for 12 s.
RUN_SECONDS = 60
# Below the rate at which slow viewers are measured, and above it.
SMALL = ("--size", "320x240", "--fps", "20")
LARGE = ("--size", "1280x720", "--fps", "30")
# Less than a frame of either stream, more than the framing between two frames.
HELD_BYTES = 2000
RECEIVE_MAX = 1 << 16


def plain(data):
    yield from data


def hold_the_end_of_each_frame(data):
    """As a proxy that passes on whole blocks: the end of a frame waits for the next one."""
    held = b""
    for piece in data:
        held += piece
        yield held[:-HELD_BYTES]
        held = held[-HELD_BYTES:]


def collect_large_blocks(data):
    held = b""
    for piece in data:
        held += piece
        if len(held) > 200_000:
            yield held
            held = b""


def hold_everything(data):
    for _ in data:
        yield b""


def compress(data):
    compressor = zlib.compressobj(wbits=31)
    for piece in data:
        yield compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)


def remove_times(data):
    """The length of the stream stays the same. What is kept is less than the framing between two frames."""
    held = b""
    for piece in data:
        held = (held + piece).replace(b"X-Timestamp:", b"X-Something:")
        yield held[:-12]
        held = held[-12:]


def queue_without_end(data):
    """Takes whatever ringcast sends, however slowly the viewer reads."""
    waiting = queue.SimpleQueue()

    def fill():
        with contextlib.suppress(OSError):
            for piece in data:
                waiting.put(piece)
        waiting.put(None)

    threading.Thread(target=fill, daemon=True).start()
    while (piece := waiting.get()) is not None:
        yield piece


class Proxy:
    """A proxy on a port of its own in front of the ringcast at `port`. `change` is a generator that takes the pieces of a
    body and yields those that are passed on. `headers` replaces headers of the answer, None removes one. `host` is what
    it passes on as Host, `forwarded` as X-Forwarded-For. `answer`: a status and headers to answer with, without asking
    ringcast."""

    def __init__(self, port, change=plain, headers=None, host=None, forwarded=None, answer=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.close_connection = True
                with contextlib.suppress(OSError):
                    if answer:
                        self.reply(*answer)
                        self.wfile.write(b"<html>\n")
                    else:
                        self.pass_on()

            def reply(self, status, fields):
                self.send_response_only(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Connection", "close")
                self.end_headers()

            def pass_on(self):
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.WAIT_SECONDS)
                with contextlib.closing(upstream):
                    upstream.putrequest("GET", self.path, skip_host=True, skip_accept_encoding=True)
                    upstream.putheader("Host", host or self.headers["Host"])
                    if forwarded:
                        upstream.putheader("X-Forwarded-For", forwarded)
                    if "Authorization" in self.headers:
                        upstream.putheader("Authorization", self.headers["Authorization"])
                    upstream.endheaders()
                    with upstream.getresponse() as answered:
                        fields = {**answered.headers, **(headers or {})}
                        fields.pop("Connection", None)
                        self.reply(answered.status, {name: value for name, value in fields.items() if value is not None})
                        for piece in change(iter(lambda: answered.read1(RECEIVE_MAX), b"")):
                            self.wfile.write(piece)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class Findings:
    """What the command printed: `verdict[subject]` and `text[subject]`, advice included."""

    def __init__(self, output):
        self.verdict = {}
        self.text = {}
        subject = None
        for line in output.splitlines()[:-1]:
            if line.startswith(" "):
                self.text[subject] += " " + line.strip()
            else:
                verdict, rest = line.split(None, 1)
                subject, meaning = rest.split(": ", 1)
                self.verdict[subject] = verdict
                self.text[subject] = meaning


def doctor(url, *options):
    return harness.run("doctor", "--through", url, *options, timeout=RUN_SECONDS)


class ThroughTest(unittest.TestCase):
    def findings(self, url, server, code=None):
        found, output, progress = doctor(url, "--listen", f"127.0.0.1:{server.port}")
        self.assertIn("ringcast: asking ", progress)
        self.assertNotIn("\0", output)
        findings = Findings(output)
        problem = "problem" in findings.verdict.values()
        self.assertEqual(found, 1 if problem else 0, output)
        if code is not None:
            self.assertEqual(found, code, output)
        return findings

    def only_problem(self, url, server):
        """The text of the only finding, which is about the URL."""
        findings = self.findings(url, server, 1)
        ((subject, text),) = findings.text.items()
        self.assertEqual(subject, url)
        return text


class RefusalTest(ThroughTest):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Ringcast("pattern", *SMALL).wait_live()
        cls.addClassCleanup(cls.server.stop)

    def refusal(self, path="/stream", **options):
        with Proxy(self.server.port, **options) as proxy:
            return self.only_problem(proxy.url + path, self.server)

    def test_answers_of_the_proxy_itself(self):
        login = {"Location": "https://login.example.org/auth?next=secret"}
        self.assertIn("redirects to https://login.example.org/auth (302)", self.refusal(answer=(302, login)))
        realm = {"WWW-Authenticate": 'Basic realm="Private"'}
        self.assertIn('the proxy itself asks for a password (401, Basic realm="Private")', self.refusal(answer=(401, realm)))
        self.assertIn(f"let it connect to 127.0.0.1:{self.server.port}", self.refusal(answer=(502, {})))
        page = {"Content-Type": "text/html"}
        self.assertIn("the answer is no stream but text/html", self.refusal(answer=(200, page)))

    def test_answers_of_ringcast(self):
        self.assertIn('under [http]: hosts = ["cam.example.org"]', self.refusal(host="cam.example.org"))
        self.assertIn("the proxy passes /cam on with the path", self.refusal(path="/cam/pattern/stream"))
        self.assertIn("the streams are: pattern.", self.refusal(path="/nothing"))

    def test_no_answer(self):
        port = harness.fixed_free_port()
        self.assertIn("refuses the connection", self.only_problem(f"http://127.0.0.1:{port}/stream", self.server))
        self.assertIn("name nowhere.invalid is not found", self.only_problem("http://nowhere.invalid/stream", self.server))
        self.assertIn("TLS fails", self.only_problem(f"https://127.0.0.1:{self.server.port}/stream", self.server))

    def test_a_ringcast_that_is_not_reached(self):
        port = harness.fixed_free_port()
        with Proxy(port, answer=(503, {})) as proxy:
            _, output, _ = doctor(proxy.url + "/stream", "--listen", f"127.0.0.1:{port}")
            self.assertIn(f"neither does this command: 127.0.0.1:{port}: connection refused", output)


class StreamTest(ThroughTest):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Ringcast("pattern", *SMALL).wait_live()
        cls.addClassCleanup(cls.server.stop)

    def through(self, *arguments, **options):
        with Proxy(self.server.port, *arguments, **options) as proxy:
            return self.findings(proxy.url + "/stream", self.server)

    def test_a_proxy_that_passes_everything_on_at_once(self):
        def check():
            findings = self.through()
            self.assertEqual(findings.verdict.pop("viewer's address"), "note")
            self.assertIn('trusted_proxies = ["127.0.0.1"]', findings.text["viewer's address"])
            self.assertEqual(set(findings.verdict.values()), {"ok"}, findings.text)
            self.assertIn("not measured: the stream has only", findings.text["slow viewer"])

        harness.retried(check)

    def test_proxies_that_hold_frames_back(self):
        for change, meaning in ((hold_the_end_of_each_frame, "at a frame each 50 ms"),
                                (collect_large_blocks, "several at a time"),
                                (hold_everything, "no frame has arrived")):  # fmt: skip
            with self.subTest(change.__name__):

                def check(change=change, meaning=meaning):
                    findings = self.through(change)
                    self.assertEqual(findings.verdict["buffering"], "problem", findings.text)
                    self.assertIn(meaning, findings.text["buffering"])
                    self.assertIn("proxy_buffering off;", findings.text["buffering"])

                harness.retried(check)

    def test_a_proxy_that_compresses(self):
        findings = self.through(compress, {"Content-Encoding": "gzip"})
        self.assertEqual(findings.verdict["compression"], "problem")
        self.assertIn("(gzip)", findings.text["compression"])
        self.assertIn("adds", findings.text["buffering"])

    def test_a_proxy_that_caches_and_changes_headers(self):
        findings = self.through(remove_times, {"Age": "5", "Cache-Control": "max-age=60", "Cross-Origin-Resource-Policy": None})
        self.assertEqual(findings.verdict["caching"], "problem")
        self.assertIn("Age: 5", findings.text["caching"])
        self.assertEqual(findings.verdict["headers"], "note")
        for name in ("cross-origin-resource-policy", "no-store", "no-transform", "x-timestamp"):
            self.assertIn(name, findings.text["headers"])

    def test_without_a_direct_way_the_delay_is_not_measured(self):
        with Proxy(self.server.port) as proxy:
            code, output, _ = doctor(proxy.url + "/stream", "--listen", f"127.0.0.1:{harness.fixed_free_port()}")
        findings = Findings(output)
        self.assertEqual(code, 0, output)
        self.assertEqual(findings.verdict["buffering"], "note")
        self.assertIn("connection refused", findings.text["buffering"])


class AddressTest(unittest.TestCase):
    def test_the_address_that_a_trusted_proxy_tells_also_beside_a_unix_socket(self):
        text = ('[access]\ntrusted_proxies = ["127.0.0.1", "unix"]\n'
                '[streams.pattern]\nsource = "pattern"\nsize = "320x240"\nfps = 20\n')
        with tempfile.TemporaryDirectory() as folder:
            path = f"unix:{folder}/http.sock"
            with (harness.configured(text, "--listen", path).wait_live() as server,
                  Proxy(server.port, forwarded="192.0.2.7") as proxy):  # fmt: skip
                for listen in (path, f"127.0.0.1:{server.port}"):
                    with self.subTest(listen):
                        server.wait_without_viewers()
                        code, output, _ = doctor(f"{proxy.url}/stream", "--listen", listen)
                        self.assertIn("ringcast sees 192.0.2.7, behind the proxy 127.0.0.1:", output)
                        self.assertEqual(code, 0, output)


class SecretTest(ThroughTest):
    def test_passwords_and_tokens_are_used_and_not_printed(self):
        with tempfile.TemporaryDirectory() as folder:
            tokens = pathlib.Path(folder, "tokens")
            token = subprocess.run([harness.binary(), "token", "tablet", "--file", tokens], stdin=subprocess.DEVNULL,
                                   capture_output=True, text=True, check=True, timeout=harness.WAIT_SECONDS).stdout.strip()
            text = (f'[access]\ntokens_file = "{tokens}"\n'
                    '[streams.pattern]\nsource = "pattern"\nsize = "320x240"\nfps = 20\n')
            server = harness.configured(text)
            self.addCleanup(server.stop)
            with Proxy(server.port) as proxy:
                listen = ("--listen", f"127.0.0.1:{server.port}")
                code, output, progress = doctor(f"{proxy.url}/stream?token={token}", *listen)
                self.assertEqual(code, 0, output)
                self.assertIn("buffering: none", output)
                self.assertNotIn(token, output + progress)

                wrong = f"http://anna:secret@{proxy.url.removeprefix('http://')}/stream"
                code, output, progress = doctor(wrong, *listen)
                self.assertEqual(code, 1)
                self.assertIn("ringcast rejects the password or token of the URL", output)
                self.assertNotIn("secret", output + progress)

                code, output, _ = doctor(f"{proxy.url}/stream", *listen)
                self.assertIn("ringcast asks for a password or a token", output)


class SlowViewerTest(ThroughTest):
    def test_a_proxy_that_queues_for_a_slow_viewer(self):
        with harness.Ringcast("pattern", *LARGE).wait_live() as server, Proxy(server.port, queue_without_end) as proxy:

            def check():
                findings = self.findings(proxy.url + "/stream", server)
                self.assertEqual(findings.verdict["slow viewer"], "note", findings.text)
                self.assertIn("net.ipv4.tcp_notsent_lowat=32768", findings.text["slow viewer"])

            harness.retried(check)

    def test_a_slow_viewer_without_a_proxy_is_not_far_behind(self):
        with harness.Ringcast("pattern", *LARGE).wait_live() as server:

            def check():
                findings = self.findings(server.url + "/stream", server, 0)
                self.assertEqual(set(findings.verdict.values()), {"ok"}, findings.text)
                self.assertIn("s behind", findings.text["slow viewer"])

            harness.retried(check)


class NginxTest(ThroughTest):
    def test_tls_http2_and_buffering(self):
        nginx, openssl = servers.need("nginx"), servers.need("openssl")
        http_port, https_port = harness.fixed_free_port(), harness.fixed_free_port()
        with harness.Ringcast("pattern", *SMALL).wait_live() as server, tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                 "-keyout", f"{folder}/key", "-out", f"{folder}/certificate"],
                check=True, capture_output=True, timeout=harness.WAIT_SECONDS,
            )  # fmt: skip
            temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n"
                                for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            configuration = pathlib.Path(folder, "nginx.conf")
            configuration.write_text(f"""
                daemon off;
                master_process off;
                pid {folder}/pid;
                error_log stderr warn;
                events {{}}
                http {{
                    access_log off;
                    {temporary}
                    server {{
                        listen 127.0.0.1:{http_port};
                        location = /stream {{ return 301 https://localhost:{https_port}/stream; }}
                        location /buffered/ {{
                            proxy_pass http://127.0.0.1:{server.port}/;
                            proxy_ignore_headers X-Accel-Buffering;
                        }}
                    }}
                    server {{
                        listen 127.0.0.1:{https_port} ssl http2;
                        ssl_certificate {folder}/certificate;
                        ssl_certificate_key {folder}/key;
                        location / {{ proxy_pass http://127.0.0.1:{server.port}; }}
                    }}
                }}
            """)
            with servers.program(https_port, nginx, "-p", folder, "-e", "stderr", "-c", configuration):

                def check():
                    findings = self.findings(f"http://localhost:{http_port}/stream", server)
                    self.assertEqual(findings.verdict["TLS"], "problem")
                    self.assertIn("self-signed certificate", findings.text["TLS"].replace("self signed", "self-signed"))
                    self.assertEqual(findings.verdict["HTTP version"], "ok")
                    self.assertIn("HTTP/2", findings.text["HTTP version"])
                    self.assertEqual(findings.verdict["buffering"], "ok", findings.text)
                    self.assertEqual(findings.verdict["headers"], "ok", findings.text)

                    findings = self.findings(f"http://localhost:{http_port}/buffered/stream", server)
                    self.assertEqual(findings.verdict["buffering"], "problem", findings.text)
                    self.assertIn("(nginx: `proxy_buffering off;`)", findings.text["buffering"])

                harness.retried(check)
                # No password over a connection that somebody else may have taken over.
                secret = self.findings(f"https://anna:secret@localhost:{https_port}/stream", server, 1)
                ((subject, text),) = secret.text.items()
                self.assertEqual(subject, f"https://localhost:{https_port}/stream")
                self.assertIn("no password or token is sent", text)


if __name__ == "__main__":
    harness.main()
