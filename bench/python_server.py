#!/usr/bin/python3
"""A server as in common `rpicam-vid --codec mjpeg -o - | python server` setups: it reads frames
from standard input and has a thread per client, which waits on a condition for the next frame.
Differs from the usual code only in one write per frame instead of four."""

import http.server
import socketserver
import sys
import threading
import time

BOUNDARY = "frame"
READ_BYTES = 32 * 1024


class Output:
    """The newest frame, as one part, and a condition that signals it."""

    def __init__(self):
        self.part = b""
        self.condition = threading.Condition()

    def publish(self, jpeg):
        head = (
            f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n"
            f"X-Timestamp: {time.time():.6f}\r\n\r\n"
        )
        with self.condition:
            self.part = head.encode() + jpeg + f"\r\n--{BOUNDARY}\r\n".encode()
            self.condition.notify_all()


output = Output()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        try:
            self.wfile.write(f"--{BOUNDARY}\r\n".encode())
            while True:
                with output.condition:
                    output.condition.wait()
                    part = output.part
                self.wfile.write(part)
        except OSError:
            pass

    def log_message(self, format, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 4096


def read_frames():
    buffer = b""
    while True:
        data = sys.stdin.buffer.raw.read(READ_BYTES)
        if not data:
            return
        buffer += data
        end = buffer.find(b"\xff\xd9")
        if end >= 0:
            output.publish(buffer[: end + 2])
            buffer = buffer[end + 2 :]


def main():
    address, port = sys.argv[1].rsplit(":", 1)
    server = Server((address, int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    read_frames()


main()
