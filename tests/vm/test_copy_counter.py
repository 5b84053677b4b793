"""The copy counter counts copies, so that a count of zero in other tests means that there were
none."""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

import guest
import harness

# Prints by how much each of these calls changes the counts.
COUNTED = """
import ctypes, mmap, os, struct, sys, threading

with open(sys.argv[1], "rb") as file:
    counts = mmap.mmap(file.fileno(), 32, prot=mmap.PROT_READ)
libc = ctypes.CDLL(None)
source = ctypes.create_string_buffer(8192)
target = ctypes.create_string_buffer(8192)
reading, writing = os.pipe()

def in_another_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join()

def read(size):
    os.write(writing, bytes(size))
    assert libc.read(reading, target, 8192) == size

for function, *arguments in (
    (libc.memcpy, target, source, 4096),
    (libc.memmove, target, source, 1024),
    (libc.__memcpy_chk, target, source, 2048, 8192),
    (libc.memcpy, target, source, 1023),
    (in_another_thread, libc.memcpy, target, source, 4096),
    (read, 2000),
    (read, 1000),
):
    before = struct.unpack("=4Q", counts[:])
    function(*arguments)
    after = struct.unpack("=4Q", counts[:])
    print(*[now - then for now, then in zip(after, before)])
"""


@harness.only_with_all
class CopyCounter(unittest.TestCase):
    def test_it_counts_large_pieces_of_the_first_thread(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "counts")
            done = subprocess.run(
                [sys.executable, "-c", COUNTED, path], text=True, capture_output=True, check=False,
                env={**os.environ, "LD_PRELOAD": guest.copy_counter(), "RINGCAST_COPY_COUNT": path},
            )  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(path.read_bytes()), struct.calcsize("=4Q"))
        # Copies, bytes copied, reads, bytes read.
        self.assertEqual(
            done.stdout.splitlines(),
            ["1 4096 0 0", "1 1024 0 0", "1 2048 0 0", "0 0 0 0", "0 0 0 0", "0 0 1 2000", "0 0 0 0"],
        )


if __name__ == "__main__":
    harness.main()
