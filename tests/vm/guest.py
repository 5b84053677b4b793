"""The virtual machine that all tests of this folder share, seen from the host. It boots at the
first use and ends with the test run. A command with Guest.prefix before it runs in the guest, and
each of the guest's ports is forwarded from the same port of 127.0.0.1, through an emulated network
card."""

import atexit
import collections
import contextlib
import os
import pathlib
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "clients"))

import harness

# The guest ends after this time even if this process dies. It is below the time limit of the suite.
SECONDS_MAX = int(os.environ.get("RINGCAST_GUEST_SECONDS", "900"))
JPEG_SIZES = ("1280x720", "640x480")
# (red, green, blue) of the bars that uvc_camera and libcamera draw, from left to right.
BARS = ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0))
# Of ./dev vm --arch arm64: the root of a guest with another processor, and the packages to install in it,
# so that /usr/bin/ringcast there is tested.
ARCHITECTURE = os.environ.get("RINGCAST_GUEST_ARCH", "amd64")
ROOT = os.environ.get("RINGCAST_GUEST_ROOT", "/")
PACKAGES = os.environ.get("RINGCAST_GUEST_PACKAGES", "").split()
BOOT_SECONDS_MAX = 240 if ARCHITECTURE == "amd64" else 600
# For commands that take a moment on a real machine. For arm64 the guest may run beside builds.
COMMAND_SECONDS_MAX = 120 if ARCHITECTURE == "amd64" else 240
# In the emulated guest on a busy machine a program takes up to 20 seconds to reopen a camera.
harness.WAIT_SECONDS = COMMAND_SECONDS_MAX
INSTALL_SECONDS_MAX = 600
PROGRAMS = {
    "amd64": ("qemu-system-x86_64", "busybox", "modprobe", "cpio", "xz", "udevadm", "cam", "ffmpeg"),
    "arm64": ("qemu-system-aarch64", "modprobe", "cpio", "xz", "ffmpeg"),
}


def built(name):
    """The path of a file that CMake builds from tests/vm."""
    return str(pathlib.Path(os.environ["RINGCAST_BUILD"], "tests/vm", name))


def copy_counter():
    """The library of copy_counter.cpp, for LD_PRELOAD."""
    return built("copy_counter.so")


def make_jpegs(size, path):
    """Writes 30 frames of a moving scene as MJPEG. Each frame contains the standard Huffman tables,
    as with most cameras."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30", "-frames:v", "30",
         "-c:v", "mjpeg", "-q:v", "4", "-huffman", "default", "-f", "mjpeg", path],
        stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip


def decode(jpegs, pixels):
    """The pictures' bytes in the pixel format `pixels` of ffmpeg; all have the same size."""
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", pixels, "-"],
        input=b"".join(jpegs), stdout=subprocess.PIPE, check=True,
    ).stdout  # fmt: skip
    size = len(decoded) // len(jpegs)
    return [decoded[begin : begin + size] for begin in range(0, len(decoded), size)]


def find_kernel():
    """The folder of the guest's kernel. Skips the test, with the reason, if no kernel is
    available."""
    fetch = HERE.parents[1] / "packaging" / "fetch-kernel"
    done = subprocess.run([fetch, "--cached", "--arch", ARCHITECTURE], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        raise unittest.SkipTest(done.stderr.splitlines()[-1].removeprefix("NOT TESTED: "))
    if done.returncode != 0:
        raise AssertionError(f"fetch-kernel: {done.stderr}")
    return done.stdout.strip()


def descendants(pid):
    """The process ids of a process and of all that it has started, directly or not."""
    yield pid
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from descendants(int(child))


class PatientClock:
    """Seconds, without those in which the processes of a virtual machine were ready to run and this machine's
    processors were busy with others. A limit measured with it does not depend on what else the machine does."""

    READ_EVERY_SECONDS = 1

    def __init__(self, pid):
        self._pid = pid
        self._waited_ns = 0  # by the thread that has waited longest, a processor of the guest
        self._read_at = 0

    def __call__(self):
        now = time.monotonic()
        if now - self._read_at >= self.READ_EVERY_SECONDS:
            self._read_at = now
            for pid in descendants(self._pid):
                with contextlib.suppress(OSError):  # as above, or a kernel without it
                    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
                        # Documentation/scheduler/sched-stats.rst of Linux: time running, time waiting, in ns.
                        waited = int((thread / "schedstat").read_text().split()[1])
                        self._waited_ns = max(self._waited_ns, waited)
        return now - self._waited_ns / 1e9


def run_while_it_writes(command, silent_seconds_max):
    """Runs a command to its end: (exit code, standard output, standard error). Kills it after so much time
    without output: how long it takes altogether depends on the machine."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process, selectors.DefaultSelector() as selector:
        written = {process.stdout: b"", process.stderr: b""}
        for file in written:
            selector.register(file, selectors.EVENT_READ)
        while selector.get_map():
            silent_until = harness.clock() + silent_seconds_max
            while not (readable := selector.select(1)) and harness.clock() < silent_until:
                pass
            if not readable:
                process.kill()
                end = b"".join(written.values())[-4000:].decode(errors="replace")
                raise AssertionError(f"{command}: no output for {silent_seconds_max} s, after:\n{end}")
            for key, _ in readable:
                data = os.read(key.fd, 65536)
                written[key.fileobj] += data
                if not data:
                    selector.unregister(key.fileobj)
        return process.wait(), *(data.decode(errors="replace") for data in written.values())


def uncopied_share(server):
    """The share of the frames sent to viewers that the kernel reports as sent without copying. Call
    it when the viewers have disconnected, because the last notifications arrive only then."""

    def all_notified():
        # A send cut short by its viewer's disconnect causes a notification but counts as no frame.
        sent = server.stream_status()["sent"]
        return sent["zero_copy_notifications"] >= sent["frames_zero_copy"] and sent

    sent = harness.wait_for(all_notified, "the last notifications")
    uncopied = sent["zero_copy_notifications"] - sent["zero_copy_copied"]
    return uncopied / (sent["frames_zero_copy"] + sent["frames_copy"])


class Sent(collections.namedtuple("Sent", "sequence captured_ns bytes crc marks")):
    """A frame that the camera has sent, from its log; marks are "error" and "truncated"."""


class Camera:
    """An emulated camera in the guest; leaving the context unplugs it. Each port takes one
    camera."""

    def __init__(self, guest, options, port=0, product="front camera"):
        self.guest = guest
        self.product = product
        # Unique names, because several cameras may use the same port one after another.
        self._begun = f"/run/camera-{port}-{secrets.token_hex(4)}"
        self._log = self._begun + ".log"
        self._control_log = self._begun + ".controls"
        self.process = subprocess.Popen(
            [*guest.prefix, "sh", "-c", ': > "$0"; exec "$@"', self._begun,
             built("uvc_camera"), "--port", str(port), "--product", product, "--log", self._log,
             "--control-log", self._control_log, *options],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            harness.wait_for(self.seen_by_driver, f"the driver of {product}")
            guest.run("udevadm", "settle")
        except AssertionError:
            self.unplug()
            raise

    def seen_by_driver(self):
        # A camera with the same name that was unplugged before may still be listed.
        newer = 'for one in /sys/class/video4linux/*; do [ "/dev/${one##*/}" -nt "$0" ] && cat "$one/name"; done'
        names = self.guest.run("sh", "-c", newer, self._begun, check=False)
        return any(name.startswith(self.product) for name in names.splitlines())

    def sent(self):
        """All frames that the camera has sent so far."""
        entries = [line.split() for line in self.guest.run("cat", self._log).splitlines()]
        return [
            Sent(int(sequence), int(captured_ns), int(size), crc, marks)
            for sequence, captured_ns, size, crc, *marks in entries
        ]

    def controls_set(self):
        """The controls that the host has set so far, in order: pairs of the specification's name
        and the value."""
        entries = [line.split() for line in self.guest.run("cat", self._control_log).splitlines()]
        return [(name, int(value)) for name, value in entries]

    def unplug(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(harness.WAIT_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.unplug()


class Guest:
    def __init__(self, *options):
        """`options` are further ones of run-guest; by default its root is that of the host, with udev."""
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        for program in PROGRAMS[ARCHITECTURE]:
            harness.need(program)
        kernel = find_kernel()
        self._folder = tempfile.TemporaryDirectory()
        if ROOT != "/":
            tempfile.tempdir = self._folder.name  # all that the guest sees of /tmp
        token = pathlib.Path(self._folder.name, "token")
        token.write_text(secrets.token_hex(), encoding="ascii")
        token.chmod(0o600)
        # Created before the guest first reads the folder, because it caches the host's files.
        for size in JPEG_SIZES:
            make_jpegs(size, self._jpegs(size))
        # The token protects job_server.py, whose jobs can read all files that this user can read.
        ports = set()
        while len(ports) < 4:
            ports.add(harness.fixed_free_port())
        control, *self.ports = ports
        os.environ["RINGCAST_GUEST_PORT"] = str(control)
        os.environ["RINGCAST_GUEST_TOKEN"] = str(token)
        self.prefix = [str(HERE / "in_guest.py")]
        forwards = [word for port in (control, *self.ports) for word in ("--forward", str(port))]
        self._process = subprocess.Popen(
            [HERE / "run-guest", "--kernel", kernel, "--seconds", str(SECONDS_MAX),
             "--card", "e1000e", *forwards, *options, *self._other_root(), "--",
             "/usr/bin/python3", "-B", HERE / "job_server.py", str(control), token],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        atexit.register(self.stop)
        harness.clock = PatientClock(self._process.pid)
        self._ready = False
        threading.Thread(target=self._read_output, daemon=True).start()
        harness.wait_for(self._is_ready, "the guest", BOOT_SECONDS_MAX)
        self.in_root("modprobe", "-a", "vhci-hcd", "uvcvideo", seconds=BOOT_SECONDS_MAX)
        self.in_root("bash", "-c", (HERE / "firmware-node").read_text(), seconds=BOOT_SECONDS_MAX)
        if PACKAGES:
            self.run("dpkg", "--install", *PACKAGES, seconds=INSTALL_SECONDS_MAX)

    def _other_root(self):
        """Options of run-guest for another root than this system's."""
        if ROOT == "/":
            return []
        shared = [HERE.parents[1], self._folder.name]
        return ["--arch", ARCHITECTURE, "--root", ROOT, *(str(word) for folder in shared for word in ("--share", folder))]

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
        """Runs a command in the guest to its end, if it is never silent for `seconds`; returns its standard
        output."""
        code, output, errors = run_while_it_writes([*self.prefix, *map(str, command)], seconds)
        if check and code != 0:
            raise AssertionError(f"{command} in the guest: exit code {code}\n{output}{errors}")
        return output

    def in_root(self, *command, **options):
        """Like run(), in the guest's root, where that is not the host's."""
        return self.run("chroot", "/proc/1/root", *command, **options)

    def binary_for_all(self):
        """Path in the guest of a copy of ringcast that every user can execute."""
        path = "/run/ringcast"
        self.run("install", "-m", "755", harness.binary(), path)
        return path

    def ringcast(self, *arguments, port=0, start=harness.Ringcast, before=()):
        """Starts ringcast in the guest, for viewers on the host that connect through the network
        card. `port` is an index into the guest's ports, one ringcast each at a time. `before` is
        put before the command: NAME=VALUE variables or a wrapper."""
        listen = ["--listen", f":{self.ports[port]}"]
        return start(*arguments, *listen, listen=False, prefix=[*self.prefix, *before])

    def configured(self, text, **options):
        """Like ringcast(), with the configuration `text`."""
        return self.ringcast(text, start=harness.configured, **options)

    def camera(self, *options, mjpeg=JPEG_SIZES[:1], yuyv=(), **others):
        """Plugs in an emulated camera with these sizes; `options` are passed to uvc_camera."""
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
    """The guest of this test run; boots it at the first call."""
    if not _running:
        try:
            _running.append(Guest("--udev"))
        except Exception as error:  # raised again for each test, instead of booting once more
            _running.append(error)
    if isinstance(_running[0], Exception):
        raise _running[0]
    return _running[0]
