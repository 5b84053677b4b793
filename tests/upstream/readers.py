"""Two readers of a server: through ringcast, which is what the tests are for, and directly, which shows whether a
failure is the server's (RINGCAST_READ_DIRECTLY=1)."""

import contextlib
import http.client
import os
import tempfile
import urllib.parse

import harness

READ_DIRECTLY = os.environ.get("RINGCAST_READ_DIRECTLY") == "1"


class DirectReader:
    """Cuts frames out of what the standard library's HTTP client reads. It ignores boundaries and part headers, so
    that it shares no assumption about them with ringcast: a frame reaches from SOI to the first EOI, which is correct
    for the frames of these tests, because they contain no thumbnails."""

    READ_MAX = 1 << 16

    def __init__(self, url):
        self._address = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(self._address.netloc, timeout=harness.WAIT_SECONDS)
        self._response = None
        self._data = bytearray()

    def frame(self):
        while True:
            begin = self._data.find(b"\xff\xd8\xff")
            end = self._data.find(b"\xff\xd9", begin) + 2 if begin >= 0 else 1
            if end > 1:
                frame = bytes(self._data[begin:end])
                del self._data[:end]
                return frame
            self._data += self._read()

    def _read(self):
        if self._response is None:
            self._response = harness.wait_for(self._answer, "an answer")
            assert self._response.status == 200, self._response.status
        data = self._response.read1(self.READ_MAX)
        if not data:
            # The end of this answer: a single picture, or a server that closes the connection.
            self._response.close()
            self._response = None
        return data

    def _answer(self):
        """None if the server closed the connection instead: motion does so until it has a picture."""
        try:
            self._connection.request("GET", self._address.path)
            return self._connection.getresponse()
        except ConnectionError:
            self._connection.close()
            return None

    def skipped_max(self):
        return 0

    def close(self):
        if self._response is not None:
            self._response.close()
        self._connection.close()


class RelayedReader:
    """A viewer of a ringcast whose source is the server. It asks for single pictures as often as it can."""

    def __init__(self, url, options):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(f'[streams.other]\nsource = "http"\nurl = "{url}"\npoll = "50ms"\n')
            file.flush()
            self._ringcast = harness.Ringcast("--config", file.name, *options)
        try:
            self._ringcast.wait_live()
            self._reader = harness.StreamReader(self._ringcast.url)
        except BaseException:
            self._ringcast.stop()
            raise

    def frame(self):
        return harness.wait_for(self._frame, "a frame")

    def _frame(self):
        """None if the next part is a "no signal" picture."""
        part = self._reader.part()
        return part.body if part.headers.get("x-ringcast-signal") != "none" else None

    def skipped_max(self):
        """The number of frames that ringcast received and did not send to this viewer, which was busy. There may be
        later ones among them than those that were read."""
        counters = self._ringcast.stream_status()["source_counters"]
        damaged = {name: counters[name] for name in ("frames_damaged", "frames_oversized", "frames_dropped")}
        assert not any(damaged.values()), damaged
        return sum(self._ringcast.viewer_status(self._reader)["frames_skipped"].values())

    def close(self):
        self._reader.close()
        self._ringcast.stop()


@contextlib.contextmanager
def reader(url, *options):
    """Reads the stream at `url`; `options` are for ringcast."""
    opened = DirectReader(url) if READ_DIRECTLY else RelayedReader(url, options)
    try:
        yield opened
    finally:
        opened.close()
