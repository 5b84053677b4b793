"""link_reader.py HOST:PORT PATH SECONDS: reads a multipart stream of stamped frames as fast as it arrives. Prints a JSON
list with, for each frame, the time since the start and the frame's age in seconds, its bytes, and its rendition. The age
is that of the stamp; frames that were made smaller have none any more, and for them X-Timestamp counts."""

import json
import re
import socket
import sys
import time

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
TIMESTAMP = re.compile(rb"x-timestamp: *([\d.]+)", re.IGNORECASE)
RENDITION = re.compile(rb"x-ringcast-rendition: *(\w+)", re.IGNORECASE)
STAMP = re.compile(rb"ringcast seq=\d{10} time=(\d{19})")
STAMP_WITHIN = 80
CONNECT_SECONDS = 20


class Stream:
    def __init__(self, address, path):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), CONNECT_SECONDS)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self.data = bytearray()

    def read_more(self):
        more = self.socket.recv(1 << 18)
        if not more:
            raise EOFError("the server has ended the stream")
        self.data += more

    def head(self):
        """The next headers that have a length; those of the response have none."""
        while True:
            end = self.data.find(b"\r\n\r\n")
            if end < 0:
                self.read_more()
                continue
            head = bytes(self.data[:end])
            del self.data[: end + 4]
            if LENGTH.search(head):
                return head

    def frame(self):
        """(headers, JPEG)"""
        head = self.head()
        length = int(LENGTH.search(head)[1])
        while len(self.data) < length:
            self.read_more()
        jpeg = bytes(self.data[:length])
        del self.data[:length]
        return head, jpeg


def main():
    address, path, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    start = time.time()
    stream = Stream(address, path)
    frames = []
    while time.time() - start < seconds:
        head, jpeg = stream.frame()
        now = time.time()
        stamp = STAMP.search(jpeg, 0, STAMP_WITHIN)
        captured = int(stamp[1]) / 1e9 if stamp else float(TIMESTAMP.search(head)[1])
        rendition = RENDITION.search(head)
        name = rendition[1].decode() if rendition else "full"
        frames.append((now - start, now - captured, len(jpeg), name))
    json.dump(frames, sys.stdout)


main()
