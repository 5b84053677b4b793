#!/usr/bin/python3
"""make_transform_corpus.py FOLDER: writes the corpus of transform.fuzz.cpp.

The corpus consists of small pictures of all kinds, encoded by libturbojpeg, and of some that are
damaged or not supported.
"""

import ctypes
import os
import pathlib
import sys

SUBSAMPLINGS = {"444": 0, "422": 1, "420": 2, "grey": 3, "440": 4, "411": 5}
RGB, CMYK = 0, 11  # TJPF_...
PROGRESSIVE = 16384  # TJFLAG_PROGRESSIVE
HALF, THIRD, FULL, FITTED = 3, 2, 7, 20
ROOMY = 60


class Encoder:
    def __init__(self):
        self.library = ctypes.CDLL("libturbojpeg.so.0")
        self.library.tjInitCompress.restype = ctypes.c_void_p
        self.handle = ctypes.c_void_p(self.library.tjInitCompress())

    def encode(self, width, height, subsampling="420", flags=0, pixel_format=RGB, environment=None):
        """A picture of gradients; `environment` has settings that the interface lacks."""
        os.environ.update(environment or {})
        channels = 4 if pixel_format == CMYK else 3
        pixels = bytes(
            (40 + 7 * x * (c + 1) + 5 * y * (3 - c)) % 256
            for y in range(height)
            for x in range(width)
            for c in range(channels)
        )
        memory, size = ctypes.c_void_p(), ctypes.c_ulong()
        failed = self.library.tjCompress2(
            self.handle, pixels, width, 0, height, pixel_format, ctypes.byref(memory),
            ctypes.byref(size), SUBSAMPLINGS[subsampling], 60, flags,
        )  # fmt: skip
        for name in environment or {}:
            del os.environ[name]
        if failed:
            sys.exit("libturbojpeg can't encode the picture")
        return ctypes.string_at(memory, size.value)


def inputs(encode):
    for subsampling in SUBSAMPLINGS:
        picture = encode(40, 24, subsampling)
        yield f"half_{subsampling}", bytes([HALF, 60, 0, ROOMY]), picture
        yield f"rotated_half_{subsampling}", bytes([HALF, 60, 1, ROOMY]), picture
        yield f"lossless_{subsampling}", bytes([FULL, 0, 6, ROOMY]), encode(32, 32, subsampling)
        yield f"odd_{subsampling}", bytes([THIRD, 60, 7, ROOMY]), encode(21, 13, subsampling)
        yield f"odd_rotated_{subsampling}", bytes([FULL, 0, 1, ROOMY]), encode(21, 13, subsampling)
        progressive = encode(24, 24, subsampling, PROGRESSIVE)
        yield f"progressive_{subsampling}", bytes([HALF, 60, 0, ROOMY]), progressive
        yield f"progressive_lossless_{subsampling}", bytes([FULL, 0, 1, ROOMY]), progressive
    yield "fitted", bytes([FITTED, 60, 0, ROOMY]), encode(40, 24)
    yield "fitted_larger", bytes([255, 0, 0, 255]), encode(40, 24)
    yield "one_pixel", bytes([HALF, 60, 0, ROOMY]), encode(1, 1)
    yield "wide", bytes([HALF, 60, 1, ROOMY]), encode(200, 3)
    restarts = encode(40, 24, environment={"TJ_RESTART": "1"})
    yield "restarts", bytes([HALF, 60, 0, ROOMY]), restarts
    yield "restarts_lossless", bytes([FULL, 0, 4, ROOMY]), encode(
        32, 32, environment={"TJ_RESTART": "1B"}
    )
    yield "arithmetic", bytes([HALF, 60, 0, ROOMY]), encode(
        24, 24, environment={"TJ_ARITHMETIC": "1"}
    )
    yield "cmyk", bytes([HALF, 60, 0, ROOMY]), encode(24, 24, pixel_format=CMYK)
    picture = encode(40, 24)
    yield "no_room", bytes([HALF, 60, 0, 1]), picture
    yield "truncated", bytes([HALF, 60, 0, ROOMY]), picture[: len(picture) * 3 // 4]
    yield "truncated_header", bytes([HALF, 60, 0, ROOMY]), picture[:300]
    yield "truncated_restarts", bytes([FULL, 0, 1, ROOMY]), restarts[: len(restarts) - 30]
    yield "truncated_with_end", bytes([HALF, 60, 0, ROOMY]), picture[:-40] + b"\xff\xd9"
    start = picture.index(b"\xff\xc0")
    size = picture[: start + 5] + b"\xff\xdc\xff\xdc" + picture[start + 9 :]
    yield "too_large", bytes([HALF, 60, 0, ROOMY]), size
    yield "12_bit", bytes([HALF, 60, 0, ROOMY]), picture[: start + 4] + b"\x0c" + picture[start + 5 :]
    lossless = picture[: start + 1] + b"\xc3" + picture[start + 2 :]
    yield "lossless_process", bytes([HALF, 60, 0, ROOMY]), lossless
    tables = picture.index(b"\xff\xc4")
    yield "no_huffman_tables", bytes([HALF, 60, 0, ROOMY]), (
        picture[:tables] + picture[picture.index(b"\xff\xda") :]
    )


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, head, picture in inputs(Encoder().encode):
        (folder / name).write_bytes(head + picture)


if __name__ == "__main__":
    main()
