"""Replays samples of other servers' answers (samples/README.md) with the frames of these tests."""

import contextlib
import itertools
import time
import tomllib

import frames
import servers

# Frames per second.
RATE = 800
# Of a connection that no sample limits; no test reads so many.
FRAMES_MAX = 100_000


class Sample:
    """One file of samples/."""

    def __init__(self, path):
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        self.name = path.stem
        self.head = values.pop("head")
        self.part = values.pop("part")
        self.end = values.pop("end", "")
        self.polled = values.pop("polled", False)
        self.frames_per_connection = values.pop("frames_per_connection", None)
        self.chunk_sizes = values.pop("chunk_sizes", None)
        values.pop("server")
        values.pop("facts")
        assert not values, f"{path.name}: unknown keys {list(values)}"
        self.chunked = "transfer-encoding: chunked" in self.head.lower()

    def fill(self, template, jpeg):
        """The pieces of a template, as bytes; {chunk} separates them."""
        now = time.time()
        for piece in template.split("{chunk}"):
            text = piece.replace("{length}", str(len(jpeg))).replace("{length7}", f"{len(jpeg):07}")
            text = text.replace("{time}", f"{now:.6f}")
            yield text.encode("latin-1").replace(b"{jpeg}", jpeg)

    def cut(self, pieces):
        """The chunks in which the pieces are sent."""
        if self.chunk_sizes is None:
            return [piece for piece in pieces if piece]
        data = memoryview(b"".join(pieces))
        chunks, at = [], 0
        for size in itertools.cycle(self.chunk_sizes):
            if at >= len(data):
                return chunks
            chunks.append(bytes(data[at : at + size]))
            at += size

    def body(self, template, jpeg):
        pieces = self.fill(template, jpeg)
        if not self.chunked:
            return b"".join(pieces)
        return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in self.cut(pieces))

    def body_end(self):
        return self.body(self.end, b"") + (b"0\r\n\r\n" if self.chunked else b"")


@contextlib.contextmanager
def replay(sample, sent):
    """Serves the sample; yields its URL. A further connection continues with the next frame."""
    numbers = itertools.count()

    def next_jpeg():
        return sent.jpegs[next(numbers) % frames.COUNT]

    def poll(client, file):
        for _ in range(sample.frames_per_connection or FRAMES_MAX):
            servers.read_request(file)
            jpeg = next_jpeg()
            head = b"".join(sample.fill(sample.head, jpeg))
            client.sendall(head + sample.body(sample.part, jpeg) + sample.body_end())

    def stream(client, file):
        servers.read_request(file)
        client.sendall(b"".join(sample.fill(sample.head, b"")))
        pace = servers.Pace(RATE)
        for _ in range(sample.frames_per_connection or FRAMES_MAX):
            client.sendall(sample.body(sample.part, next_jpeg()))
            pace.wait()
        client.sendall(sample.body_end())

    def serve(client):
        with client.makefile("rb") as file, contextlib.suppress(EOFError):
            (poll if sample.polled else stream)(client, file)

    with servers.thread_server(serve) as port:
        yield f"http://127.0.0.1:{port}/stream"
