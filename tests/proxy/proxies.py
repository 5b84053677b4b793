"""The proxies of conf/proxy, started from these files with other ports and paths."""

import contextlib
import os
import pathlib
import pwd
import re
import socket
import ssl
import subprocess
import tempfile

import harness
import servers

CONF = pathlib.Path(__file__).parents[2] / "conf/proxy"
NAMES = ("nginx", "HAProxy", "Caddy", "Apache")
# Where the files serve ringcast.
ROOT_HOST = "cam.example.org"
SUBPATH_HOST = "www.example.org"
SUBPATH = "/cam"


def substituted(text, changes):
    """`text` after all replacements of `changes`, by pattern. Each pattern has to match."""
    for pattern, replacement in changes.items():
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count, f"no {pattern!r} in the configuration"
    return text


def over_tcp(text):
    """`text` with its lines for the UNIX socket commented out, and those for TCP instead."""
    setting = r"(server|to|Define)\b.*"
    return substituted(text, {
        rf"^([ \t]*)({setting}/run/ringcast/http\.sock.*)": r"\1#\2",
        rf"^([ \t]*)#({setting}127\.0\.0\.1:8080.*)": r"\1\2",
    })


def without_bounds(text):
    """`text` without what bounds the age of frames for viewers with slow links."""
    return re.sub(r" sndbuf=\w+|^ *(tune\.|SendBufferSize|ProxyReceiveBufferSize).*\n", "", text, flags=re.MULTILINE)


class Folder:
    """A temporary folder with a certificate for both names, signed by itself."""

    def __init__(self):
        openssl = servers.need("openssl")
        self._folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self._folder.name)
        self.certificate = self.path / "certificate.pem"
        self.key = self.path / "key.pem"
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={ROOT_HOST}", "-addext", f"subjectAltName=DNS:{ROOT_HOST},DNS:{SUBPATH_HOST}",
             "-keyout", self.key, "-out", self.certificate],
            check=True, capture_output=True, timeout=harness.WAIT_SECONDS,
        )  # fmt: skip
        (self.path / "both").mkdir()
        (self.path / "both/both.pem").write_text(self.certificate.read_text() + self.key.read_text())

    def close(self):
        self._folder.cleanup()


class Proxy:
    """A proxy in front of the ringcast at the UNIX socket `path`, and at `port` of 127.0.0.1 if `tcp` is true. It serves
    HTTP at port `http` and HTTPS at port `https` of 127.0.0.1. `change` may change the text of its configuration."""

    def __init__(self, name, folder, path, port, tcp=False, change=lambda text: text):
        self.name = name
        self.http = harness.fixed_free_port()
        self.https = harness.fixed_free_port()
        self._certificates = folder
        self._folder = folder.path / f"{name}-{self.http}"
        self._folder.mkdir()
        file, changes, self._command = getattr(self, f"_{name.lower()}")()
        text = substituted(change((CONF / file).read_text()), changes)
        if tcp:
            text = over_tcp(text)
        text = text.replace("/run/ringcast/http.sock", str(path)).replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        configuration = self._folder / file
        configuration.write_text(text)
        self._command.append(configuration)

    def _nginx(self):
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        changes = {
            # As root it would give up its rights for those of another user by itself, too.
            r"^user .*": f"user {pwd.getpwuid(os.geteuid()).pw_name};",
            r"^pid .*": f"pid {self._folder}/nginx.pid;",
            r"^error_log .*": "error_log stderr warn;",
            r"^http \{": "http {" + "".join(f"\n    {kind}_temp_path {self._folder}/{kind};" for kind in kinds),
            r"listen 80\b": f"listen 127.0.0.1:{self.http}",
            r"listen 443\b": f"listen 127.0.0.1:{self.https}",
            # There may be no IPv6 here.
            r"^ *listen \[::\].*\n": "",
            r"ssl_certificate .*": f"ssl_certificate {self._certificates.certificate};",
            r"ssl_certificate_key .*": f"ssl_certificate_key {self._certificates.key};",
        }
        return "nginx.conf", changes, [servers.need("nginx"), "-g", "daemon off;", "-p", self._folder, "-e", "stderr", "-c"]

    def _haproxy(self):
        changes = {
            r"^ *(user|group) .*\n": "",
            r":::80 v4v6": f"127.0.0.1:{self.http}",
            r":::443 v4v6": f"127.0.0.1:{self.https}",
            r"/etc/haproxy/certs/": f"{self._certificates.path}/both/",
        }
        return "haproxy.cfg", changes, [servers.need("haproxy"), "-db", "-f"]

    def _caddy(self):
        # Certificates of its own, instead of those that it would ask for on the internet.
        options = ("local_certs", "skip_install_trust", f"storage file_system {self._folder}",
                   "default_bind 127.0.0.1", f"http_port {self.http}", f"https_port {self.https}")
        changes = {r"^\{$": "{" + "".join(f"\n\t{option}" for option in options)}
        return "Caddyfile", changes, [servers.need("caddy"), "run", "--adapter", "caddyfile", "--config"]

    def _apache(self):
        changes = {
            r"^(User|Group) .*\n": "",
            r"^(ServerRoot|DefaultRuntimeDir) .*": rf"\1 {self._folder}",
            r"^PidFile .*": f"PidFile {self._folder}/apache.pid",
            r"^ErrorLog .*": "ErrorLog /dev/stderr",
            r"^Listen 80$": f"Listen 127.0.0.1:{self.http}",
            r"^Listen 443$": f"Listen 127.0.0.1:{self.https}",
            r"\*:80\b": f"*:{self.http}",
            r"\*:443\b": f"*:{self.https}",
            r"SSLCertificateFile .*": f"SSLCertificateFile {self._certificates.certificate}",
            r"SSLCertificateKeyFile .*": f"SSLCertificateKeyFile {self._certificates.key}",
        }
        return "apache.conf", changes, [servers.need("apache2"), "-D", "FOREGROUND", "-f"]

    @contextlib.contextmanager
    def running(self):
        # Where Caddy keeps what it was last started with; otherwise in the user's folder.
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self._folder)}
        with servers.program(self.http, *self._command, env=environment):
            # A listening socket is not yet configured completely when it begins to listen.
            harness.wait_for(self._answers, f"{self.name} to answer")
            for host in (ROOT_HOST, SUBPATH_HOST):
                # Caddy makes its certificates while it runs.
                harness.wait_for(lambda host=host: self._has_certificate(host), f"{self.name}'s certificate")
            yield self

    def _answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.http), 1) as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {ROOT_HOST}\r\n\r\n".encode())
            return connection.recv(1)

    def _has_certificate(self, host):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.https), 1) as connection:
            with context.wrap_socket(connection, server_hostname=host):
                return True
        return False

    def connect(self, host=ROOT_HOST, path="/stream"):
        """A connection over HTTP/1.1 that has sent a request."""
        connection = socket.create_connection(("127.0.0.1", self.http), harness.WAIT_SECONDS)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        return connection

    def curl(self, path="/stream", host=ROOT_HOST):
        """The command line of curl that requests `path` over HTTP/2."""
        return ["curl", "-sSNk", "--http2", "--resolve", f"{host}:{self.https}:127.0.0.1",
                f"https://{host}:{self.https}{path}"]
