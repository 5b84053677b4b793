#!/usr/bin/python3
"""make_repair_corpus.py FOLDER: writes the corpus of repair.fuzz.cpp.

The corpus consists of small frames built from segments. Their picture data is arbitrary, because
repair does not decode it.
"""

import pathlib
import sys

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
# Room in front of the frame and the headroom that must remain, in units of four bytes.
ROOMY, EXACT, TOO_SMALL = bytes([255, 64]), bytes([169, 64]), bytes([168, 64])


def segment(code, content):
    return bytes([0xFF, code]) + (len(content) + 2).to_bytes(2, "big") + content


def frame_header(code=0xC0, height=8, width=8, components=1):
    sizes = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    parts = b"".join(bytes([number + 1, 0x11, 0]) for number in range(components))
    return segment(code, b"\x08" + sizes + bytes([components]) + parts)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    jfif = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    avi1 = segment(0xE0, b"AVI1" + bytes(10))
    quantizers = segment(0xDB, b"\0" + bytes(range(1, 65)))
    tables = segment(0xC4, b"\0" + b"\0\1" + bytes(14) + b"\7")
    comment = segment(0xFE, b"a comment")
    restarts = segment(0xDD, b"\0\1")
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\x34\xff\0\x56"
    short = SOI + frame_header() + scan + EOI
    exif = segment(0xE1, b"Exif\0\0" + short)
    plain_exif = segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0")
    orientation = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"
    turned = segment(0xE1, orientation + bytes(4) + short)
    turned_short = segment(0xE1, orientation + EOI)
    body = quantizers + frame_header() + scan + EOI
    whole = quantizers + tables + frame_header() + scan + EOI
    fill = b"\xff\xff"
    inputs = {
        "good": ROOMY + SOI + jfif + whole,
        "good_no_app0": ROOMY + SOI + whole,
        "no_tables": ROOMY + SOI + jfif + body,
        "no_tables_bare": ROOMY + short,
        "no_tables_avi1": ROOMY + SOI + avi1 + body + bytes(40),
        "no_tables_extended": ROOMY + SOI + frame_header(0xC1) + scan + EOI,
        "no_tables_progressive": ROOMY + SOI + frame_header(0xC2) + scan + scan + EOI,
        "no_tables_arithmetic": ROOMY + SOI + frame_header(0xC9) + scan + EOI,
        "no_tables_room_exact": EXACT + SOI + body,
        "no_tables_room_too_small": TOO_SMALL + SOI + body,
        "no_room_for_good": bytes([10, 64]) + SOI + whole,
        "jfif_then_exif": ROOMY + SOI + jfif + exif + whole,
        "exif_first": ROOMY + SOI + exif + jfif + whole,
        "exif_first_no_tables": ROOMY + SOI + exif + jfif + body,
        "exif_last": ROOMY + SOI + quantizers + tables + frame_header() + exif + scan + EOI,
        "several_exif": ROOMY + SOI + exif + comment + exif + plain_exif + exif + body,
        "exif_no_thumbnail": ROOMY + SOI + plain_exif + whole,
        "exif_makes_room": bytes([0, 0]) + SOI + segment(0xE1, SOI + bytes(450)) + body,
        "exif_turned": ROOMY + SOI + jfif + turned + whole,
        "exif_turned_no_tables": ROOMY + SOI + turned + exif + body,
        "exif_turned_no_thumbnail": ROOMY + SOI + segment(0xE1, orientation) + whole,
        "exif_turned_too_short": ROOMY + SOI + fill + turned_short + whole,
        "fill_bytes": ROOMY + SOI + fill + exif + fill + jfif + fill + tables + body,
        "fill_before_eoi": ROOMY + short[:-2] + fill + EOI,
        "comment_with_eoi": ROOMY + SOI + segment(0xFE, b"\xff\xff\xd9") + whole,
        "border_across_segments": ROOMY + SOI + segment(0xFE, b"\xff") + segment(0xE2, b"\xd8\xff") + whole,
        "adobe_with_soi": ROOMY + SOI + segment(0xEE, b"Adobe\0\x64\xff\xd8\0\0\1") + whole,
        "padding_of_ff": ROOMY + SOI + whole + b"\xff" * 50,
        "padding_of_old_frame": ROOMY + SOI + whole + SOI + jfif + body,
        "restarts": ROOMY + SOI + restarts + frame_header() + scan + b"\xff\xd0\1\xff\xff\xd1\2" + EOI,
        "segments_between_scans": ROOMY + SOI + body[:-2] + comment + exif + tables + scan + EOI,
        "next_frame_began": ROOMY + SOI + body[:-4] + SOI + body,
        "wrong_marker": ROOMY + SOI + body[:-2] + b"\xff\1" + EOI,
        "truncated": ROOMY + SOI + jfif + exif + body[:-2],
        "no_beginning": ROOMY + bytes(2) + short,
        "no_scan": ROOMY + SOI + frame_header() + EOI,
        "zero_size": ROOMY + SOI + frame_header(height=0) + scan + EOI,
    }
    for name, content in inputs.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
