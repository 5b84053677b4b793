"""The virtual machine that the tests here share, seen from outside: booted at the first use, ended
with the test run. Programs are started in it like here, with Guest.prefix before their command, and
each of its ports answers at the same port of 127.0.0.1, over an emulated network card."""

import atexit
import collections
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))

import harness

# The guest ends itself after this, whatever becomes of us. The suite has no more time for it.
SECONDS_MAX = int(os.environ.get("RINGCAST_GUEST_SECONDS", "280"))
JPEG_SIZES = ("1280x720", "640x480")
BOOT_SECONDS_MAX = 240
# For what takes a moment on a machine that is not emulated.
COMMAND_SECONDS_MAX = 60
# Emulated, a program that opens a camera again takes 20 seconds on a machine that does much else.
harness.WAIT_SECONDS = COMMAND_SECONDS_MAX
PROGRAMS = ("qemu-system-x86_64", "busybox", "modprobe", "cpio", "xz", "udevadm", "cam", "ffmpeg")


def built(name):
    """A file that CMake makes of tests/vm."""
    return str(pathlib.Path(os.environ["RINGCAST_BUILD"], "tests/vm", name))


def copy_counter():
    """To be preloaded: see copy_counter.cpp."""
    return built("copy_counter.so")


def make_jpegs(size, path):
    """A moving picture as MJPEG. The standard Huffman tables are in each frame, as most cameras have
    it."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30", "-frames:v", "30",
         "-c:v", "mjpeg", "-q:v", "4", "-huffman", "default", "-f", "mjpeg", path],
        stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip


def find_kernel():
    """The kernel's folder; a test that can't have one is skipped with the reason."""
    fetch = HERE.parents[1] / "packaging" / "fetch-kernel"
    done = subprocess.run([fetch, "--cached"], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        raise unittest.SkipTest(done.stderr.splitlines()[-1].removeprefix("NOT TESTED: "))
    if done.returncode != 0:
        raise AssertionError(f"fetch-kernel: {done.stderr}")
    return done.stdout.strip()


def uncopied_share(server):
    """Of all frames sent to viewers, those that the kernel says it sent without copying. With the
    viewers gone, so that the last pages come back."""

    def all_notified():
        # A send that its viewer's end has cut short is notified of, but no frame sent.
        sent = server.stream_status()["sent"]
        return sent["zero_copy_notifications"] >= sent["frames_zero_copy"] and sent

    sent = harness.wait_for(all_notified, "the last notifications")
    uncopied = sent["zero_copy_notifications"] - sent["zero_copy_copied"]
    return uncopied / (sent["frames_zero_copy"] + sent["frames_copy"])


class Sent(collections.namedtuple("Sent", "sequence captured_ns bytes crc marks")):
    """A frame that the camera has handed over, as its log has it; marks are "error", "truncated"."""


class Camera:
    """An emulated camera in the guest; it is unplugged when this ends. Each port has one at a time."""

    def __init__(self, guest, options, port=0, product="front camera"):
        self.guest = guest
        self.product = product
        # Cameras of the same port one after another must not be mixed up.
        self._begun = f"/run/camera-{port}-{secrets.token_hex(4)}"
        self._log = self._begun + ".log"
        self.process = subprocess.Popen(
            [*guest.prefix, "sh", "-c", ': > "$0"; exec "$@"', self._begun,
             built("uvc_camera"), "--port", str(port), "--product", product, "--log", self._log, *options],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            harness.wait_for(self.seen_by_driver, f"the driver of {product}", COMMAND_SECONDS_MAX)
            guest.run("udevadm", "settle")
        except AssertionError:
            self.unplug()
            raise

    def seen_by_driver(self):
        # The one that was unplugged before may still be there, under the same name.
        newer = 'for one in /sys/class/video4linux/*; do [ "/dev/${one##*/}" -nt "$0" ] && cat "$one/name"; done'
        names = self.guest.run("sh", "-c", newer, self._begun, check=False)
        return any(name.startswith(self.product) for name in names.splitlines())

    def sent(self):
        """All that it has handed over."""
        entries = [line.split() for line in self.guest.run("cat", self._log).splitlines()]
        return [
            Sent(int(sequence), int(captured_ns), int(size), crc, marks)
            for sequence, captured_ns, size, crc, *marks in entries
        ]

    def unplug(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(harness.WAIT_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.unplug()


class Guest:
    def __init__(self):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        for program in PROGRAMS:
            harness.need(program)
        kernel = find_kernel()
        self._folder = tempfile.TemporaryDirectory()
        token = pathlib.Path(self._folder.name, "token")
        token.write_text(secrets.token_hex(), encoding="ascii")
        token.chmod(0o600)
        # Made before the guest looks into the folder, because it keeps what it has seen.
        for size in JPEG_SIZES:
            make_jpegs(size, self._jpegs(size))
        # Whoever has the token runs programs in the guest, which reads files as we do.
        ports = set()
        while len(ports) < 4:
            ports.add(harness.fixed_free_port())
        control, *self.ports = ports
        os.environ["RINGCAST_GUEST_PORT"] = str(control)
        os.environ["RINGCAST_GUEST_TOKEN"] = str(token)
        self.prefix = [str(HERE / "in_guest.py")]
        forwards = [word for port in (control, *self.ports) for word in ("--forward", str(port))]
        self._process = subprocess.Popen(
            [HERE / "run-guest", "--kernel", kernel, "--seconds", str(SECONDS_MAX), "--udev",
             "--card", "e1000e", *forwards, "--",
             "/usr/bin/python3", "-B", HERE / "job_server.py", str(control), token],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        atexit.register(self.stop)
        self._ready = False
        threading.Thread(target=self._read_output, daemon=True).start()
        harness.wait_for(self._is_ready, "the guest", BOOT_SECONDS_MAX)
        self.run("modprobe", "-a", "vhci-hcd", "uvcvideo")
        self.run(HERE / "firmware-node")

    def _jpegs(self, size):
        return pathlib.Path(self._folder.name, f"{size}.mjpeg")

    def _read_output(self):
        for line in self._process.stdout:
            self._ready = self._ready or line == "ready\n"

    def _is_ready(self):
        if self._process.poll() is not None:
            raise AssertionError(f"the guest ended with exit code {self._process.returncode}")
        return self._ready

    def run(self, *command, seconds=COMMAND_SECONDS_MAX, check=True):
        """Runs a command in the guest to its end; returns its standard output."""
        done = subprocess.run(
            [*self.prefix, *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{command} in the guest: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def binary_for_all(self):
        """A copy of ringcast that every user in the guest can reach."""
        path = "/run/ringcast"
        self.run("install", "-m", "755", harness.binary(), path)
        return path

    def ringcast(self, *arguments, port=0, start=harness.Ringcast, before=()):
        """A ringcast in the guest that its viewers outside reach over the network card. `port` is an
        index: of each port one at a time. `before` stands before its command: NAME=VALUE, a wrapper."""
        listen = ["--listen", f":{self.ports[port]}"]
        return start(*arguments, *listen, listen=False, prefix=[*self.prefix, *before])

    def configured(self, text, **options):
        """The same with this configuration."""
        return self.ringcast(text, start=harness.configured, **options)

    def camera(self, *options, mjpeg=JPEG_SIZES[:1], yuyv=(), **others):
        """Plugs an emulated camera in, of these sizes; `options` are more of uvc_camera's."""
        sizes = [word for size in mjpeg for word in ("--mjpeg", f"{size}={self._jpegs(size)}")]
        sizes += [word for size in yuyv for word in ("--yuyv", size)]
        return Camera(self, [*sizes, *map(str, options)], **others)

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(harness.WAIT_SECONDS)
        self._folder.cleanup()


_running = []


def running():
    """The one guest of this test run."""
    if not _running:
        try:
            _running.append(Guest())
        except Exception as error:  # whatever it is, the next test fails for the same reason
            _running.append(error)
    if isinstance(_running[0], Exception):
        raise _running[0]
    return _running[0]
