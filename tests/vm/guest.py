"""The virtual machine that the tests here share, seen from outside: booted at the first use, ended
with the test run. Programs are started in it like here, with Guest.prefix before their command, and
each of its ports answers at the same port of 127.0.0.1, over an emulated network card."""

import atexit
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))

import harness

# The guest ends itself after this, whatever becomes of us.
SECONDS_MAX = 280
BOOT_SECONDS_MAX = 150
PROGRAMS = ("qemu-system-x86_64", "busybox", "modprobe", "cpio", "xz")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def find_kernel():
    """The kernel's folder; a test that can't have one is skipped with the reason."""
    fetch = HERE.parents[1] / "packaging" / "fetch-kernel"
    done = subprocess.run([fetch, "--cached"], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        raise unittest.SkipTest(done.stderr.splitlines()[-1].removeprefix("NOT TESTED: "))
    if done.returncode != 0:
        raise AssertionError(f"fetch-kernel: {done.stderr}")
    return done.stdout.strip()


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
        # Whoever has the token runs programs in the guest, which reads files as we do.
        control, *self.ports = free_ports(4)
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

    def _read_output(self):
        for line in self._process.stdout:
            self._ready = self._ready or line == "ready\n"

    def _is_ready(self):
        if self._process.poll() is not None:
            raise AssertionError(f"the guest ended with exit code {self._process.returncode}")
        return self._ready

    def run(self, *command, seconds=harness.WAIT_SECONDS, check=True):
        """Runs a command in the guest to its end; returns its standard output."""
        done = subprocess.run(
            [*self.prefix, *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{command} in the guest: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def ringcast(self, *arguments, environment=(), port=0):
        """A ringcast in the guest that its viewers outside reach over the network card. `port` is an
        index: of each port one at a time."""
        listen = ["--listen", f":{self.ports[port]}"]
        return harness.Ringcast(*arguments, *listen, listen=False, prefix=[*self.prefix, *environment])

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
        except (unittest.SkipTest, AssertionError) as error:
            _running.append(error)
    if isinstance(_running[0], Exception):
        raise _running[0]
    return _running[0]
