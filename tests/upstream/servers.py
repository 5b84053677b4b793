"""Servers of other projects, each as a context manager that yields the URL of its stream."""

import asyncio
import contextlib
import http.server
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import frames
import harness

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
# Frames per second.
RATE = 200
# Debian installs servers in sbin, which an ordinary user's PATH lacks.
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def need(program):
    """The path of `program`; skips the test if it is missing."""
    path = shutil.which(program, path=PATH)
    if path is None:
        raise unittest.SkipTest(f"{program} is not installed")
    return path


def listens(port):
    """True if a socket listens on `port` of 127.0.0.1 or of all addresses. Does not connect: ffmpeg serves the first
    connection only."""
    listening = "0A"
    with open("/proc/net/tcp", encoding="ascii") as sockets:
        next(sockets)
        for line in sockets:
            _, local, _, state = line.split()[:4]
            address, local_port = local.split(":")
            if state == listening and address in ("0100007F", "00000000") and int(local_port, 16) == port:
                return True
    return False


@contextlib.contextmanager
def program(port, *command, **options):
    """Runs a program until it listens on `port`, and ends it afterwards."""
    with tempfile.TemporaryFile() as output:
        # A process group of its own, so that worker processes end with it.
        with subprocess.Popen(
            [str(argument) for argument in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            process_group=0, **options,
        ) as process:  # fmt: skip

            def ready():
                assert process.poll() is None, f"{command[0]} ended with exit code {process.returncode}"
                return listens(port)

            try:
                harness.wait_for(ready, f"{command[0]} to listen")
                yield process
            except BaseException:
                output.seek(0)
                print(f"{command[0]} printed: {output.read(4000).decode(errors='replace')}")
                raise
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


class Pace:
    """Waits between frames. A late frame does not make the following ones arrive sooner."""

    def __init__(self, rate):
        self._interval = 1 / rate
        self._due = time.monotonic()

    def seconds(self):
        """Until the next frame is due."""
        now = time.monotonic()
        self._due = max(self._due + self._interval, now)
        return self._due - now

    def wait(self):
        time.sleep(self.seconds())


@contextlib.contextmanager
def thread_server(handler):
    """Serves each connection to 127.0.0.1 by `handler(socket)` in a thread of its own; yields the port. The socket is
    closed afterwards."""

    def serve(connection):
        with connection, contextlib.suppress(ConnectionError, TimeoutError):
            connection.settimeout(harness.WAIT_SECONDS)
            handler(connection)

    def accept():
        with contextlib.suppress(OSError):  # the listening socket was shut down
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(harness.WAIT_SECONDS)


def read_request(file):
    """The header lines of the next request; EOFError if the client has closed the connection."""
    lines = []
    while True:
        line = file.readline()
        if not line:
            raise EOFError
        if line == b"\r\n":
            return lines
        lines.append(line)


@contextlib.contextmanager
def gstreamer(sent):
    """multipartmux behind tcpserversink, which knows no HTTP: the test answers the request and passes the bytes on."""
    launch = need("gst-launch-1.0")
    head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=ThisRandomString\r\n\r\n"
    port = harness.fixed_free_port()

    def pass_on(client):
        with client.makefile("rb") as file, socket.create_connection(("127.0.0.1", port)) as source:
            read_request(file)
            client.sendall(head)
            while data := source.recv(1 << 16):
                client.sendall(data)

    with tempfile.TemporaryDirectory() as folder:
        sent.write_files(folder)
        with program(
            port, launch, "-q", "multifilesrc", f"location={folder}/%04d.jpg", f"stop-index={frames.COUNT - 1}",
            "loop=true", f"caps=image/jpeg,framerate={RATE}/1", "!", "jpegparse", "!", "identity", "sync=true", "!",
            "multipartmux", "!", "tcpserversink", "host=127.0.0.1", f"port={port}",
        ), thread_server(pass_on) as front:  # fmt: skip
            yield f"http://127.0.0.1:{front}/"


@contextlib.contextmanager
def ffmpeg(sent, container, *options):
    """ffmpeg as a server for one viewer. `container`: mpjpeg (multipart) or mjpeg (JPEGs one after the other)."""
    path = need("ffmpeg")
    port = harness.fixed_free_port()
    url = f"http://127.0.0.1:{port}/live"
    with tempfile.TemporaryDirectory() as folder:
        sent.write_files(folder)
        with program(
            port, path, "-v", "error", "-re", "-f", "image2", "-framerate", RATE, "-loop", 1,
            "-i", f"{folder}/%04d.jpg", "-c", "copy", "-f", container, *options, "-listen", 1, url,
        ):  # fmt: skip
            yield url


@contextlib.contextmanager
def motion(url):
    """motion, which watches the stream at `url`, encodes each picture again and streams it."""
    path = need("motion")
    port = harness.fixed_free_port()
    with tempfile.TemporaryDirectory() as folder:
        configuration = pathlib.Path(folder, "motion.conf")
        configuration.write_text(
            f"""
daemon off
log_level 4
target_dir {folder}
netcam_url {url}
width {frames.WIDTH}
height {frames.HEIGHT}
framerate 100
text_right
picture_output off
movie_output off
webcontrol_port 0
stream_port {port}
stream_localhost on
stream_maxrate 100
stream_quality 90
"""
        )
        with program(port, path, "-n", "-c", configuration, cwd=folder):
            yield f"http://127.0.0.1:{port}/"


@contextlib.contextmanager
def aiohttp(sent):
    """aiohttp's MultipartWriter, as in Home Assistant: chunked, in chunks of a part header, a frame, a line end."""
    try:
        from aiohttp import MultipartWriter, web
    except ImportError:
        raise unittest.SkipTest("python3-aiohttp is not installed") from None

    async def stream(request):
        response = web.StreamResponse(headers={"Content-Type": "multipart/x-mixed-replace;boundary=frame"})
        await response.prepare(request)
        pace = Pace(RATE)
        with contextlib.suppress(ConnectionError):
            while True:
                for jpeg in sent.jpegs:
                    with MultipartWriter("image/jpeg", boundary="frame") as writer:
                        writer.append(jpeg, {"Content-Type": "image/jpeg"})
                        await writer.write(response, close_boundary=False)
                    await asyncio.sleep(pace.seconds())
        return response

    async def start(port):
        application = web.Application()
        application.router.add_get("/stream", stream)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    async def stop(runner):
        await runner.cleanup()
        handlers = asyncio.all_tasks() - {asyncio.current_task()}
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = harness.fixed_free_port()
    try:
        runner = asyncio.run_coroutine_threadsafe(start(port), loop).result(harness.WAIT_SECONDS)
        try:
            yield f"http://127.0.0.1:{port}/stream"
        finally:
            asyncio.run_coroutine_threadsafe(stop(runner), loop).result(harness.WAIT_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(harness.WAIT_SECONDS)
        loop.close()


@contextlib.contextmanager
def python_http_server(sent, with_length):
    """Python's http.server, with the part headers of the examples that most scripts are derived from."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send_response(200)
            self.send_header("Age", 0)
            self.send_header("Cache-Control", "no-cache, private")
            self.send_header("Pragma", "no-cache")
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=FRAME")
            self.end_headers()
            pace = Pace(RATE)
            with contextlib.suppress(ConnectionError):
                while True:
                    for jpeg in sent.jpegs:
                        self.wfile.write(b"--FRAME\r\n")
                        self.send_header("Content-Type", "image/jpeg")
                        if with_length:
                            self.send_header("Content-Length", len(jpeg))
                        self.end_headers()
                        self.wfile.write(jpeg)
                        self.wfile.write(b"\r\n")
                        pace.wait()

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/stream.mjpg"
        finally:
            server.shutdown()


@contextlib.contextmanager
def mjpeg_proxy(url):
    """The node module mjpeg-proxy in front of the stream at `url`."""
    node = need("node")
    fetched = subprocess.run(
        [PACKAGING / "fetch-node-module", "--cached", "mjpeg-proxy"], capture_output=True, text=True, check=False
    )
    if fetched.returncode == 77:
        raise unittest.SkipTest(fetched.stderr.strip().splitlines()[-1].removeprefix("NOT TESTED: "))
    assert fetched.returncode == 0, fetched.stderr
    port = harness.fixed_free_port()
    script = (
        "const [module, url, port] = process.argv.slice(1);"
        "const {MjpegProxy} = require(module);"
        "require('http').createServer(new MjpegProxy(url).proxyRequest).listen(Number(port), '127.0.0.1');"
    )
    with program(port, node, "-e", script, fetched.stdout.strip(), url, port):
        yield f"http://127.0.0.1:{port}/"


@contextlib.contextmanager
def ringcast_with_files(sent):
    """A ringcast that serves the frames as an origin; yields host:port."""
    with tempfile.TemporaryDirectory() as folder:
        sent.write_files(folder)
        with harness.Ringcast(folder, "--fps", RATE).wait_live() as server:
            yield server.url.removeprefix("http://")


@contextlib.contextmanager
def nginx(origin):
    """nginx in front of the server at `origin`, to which it speaks HTTP/1.1; it chunks the body anew."""
    path = need("nginx")
    port = harness.fixed_free_port()
    with tempfile.TemporaryDirectory() as folder:
        configuration = pathlib.Path(folder, "nginx.conf")
        configuration.write_text(
            f"""
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://{origin};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            chunked_transfer_encoding on;
        }}
    }}
}}
"""
        )
        with program(port, path, "-p", folder, "-e", "stderr", "-c", configuration):
            yield f"http://127.0.0.1:{port}/stream"


@contextlib.contextmanager
def haproxy(origin):
    """HAProxy in front of the server at `origin`."""
    path = need("haproxy")
    port = harness.fixed_free_port()
    with tempfile.TemporaryDirectory() as folder:
        configuration = pathlib.Path(folder, "haproxy.cfg")
        configuration.write_text(
            f"""
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{port}
    default_backend origin
backend origin
    server origin {origin}
"""
        )
        with program(port, path, "-db", "-f", configuration):
            yield f"http://127.0.0.1:{port}/stream"
