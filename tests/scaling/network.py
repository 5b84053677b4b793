"""Machines that are network namespaces, connected by a bridge. The program restarts itself in a namespace of its own
first: nothing is reachable from outside, and all of it vanishes with the program."""

import contextlib
import os
import subprocess
import sys
import unittest

import harness

INSIDE = "RINGCAST_IN_NAMESPACE"


def enter():
    """Restarts this program in a network namespace of its own. Where that is not permitted it returns, and `need` skips
    the tests."""
    if INSIDE in os.environ:
        return
    unshare = ["unshare", "--net"]
    if os.geteuid() == 0:
        ways = [unshare]
    else:
        # In a chroot there are no user namespaces.
        ways = [[*unshare, "--map-root-user"], ["sudo", "-n", "--preserve-env=CI,RINGCAST_BINARY", *unshare]]
    for way in ways:
        # A network card that can be added shows that there is permission, and not only a namespace.
        probe = [*way, "ip", "link", "add", "bridge", "type", "bridge"]
        with contextlib.suppress(FileNotFoundError):
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                os.execvp(way[0], [*way, "env", f"{INSIDE}=1", sys.executable, "-B", *sys.argv])


def need():
    if INSIDE not in os.environ:
        raise unittest.SkipTest("a network namespace with a bridge needs root, sudo without a password, or user namespaces")


def run(*command):
    subprocess.run([str(part) for part in command], check=True, timeout=harness.WAIT_SECONDS)


class Machine:
    """A network namespace at `address`, which a process that does nothing keeps alive."""

    def __init__(self, name, address):
        self.name = name
        self.address = address
        # cat ends with this program, which has the other end of its input.
        self._holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)
        try:
            own = os.readlink("/proc/self/ns/net")
            namespace = f"/proc/{self._holder.pid}/ns/net"
            harness.wait_for(lambda: os.readlink(namespace) != own, "a network namespace")
            self.prefix = ("nsenter", f"--net={namespace}")
            run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", self._holder.pid)
            run("ip", "link", "set", name, "master", "bridge", "up")
            for arguments in ("address add dev eth0 " + address + "/24", "link set eth0 up", "link set lo up"):
                run(*self.prefix, "ip", *arguments.split())
        except BaseException:
            self.close()
            raise

    def connect(self, connected):
        """Plugs its cable in, or pulls it."""
        run("ip", "link", "set", self.name, "up" if connected else "down")

    def close(self):
        self._holder.stdin.close()
        self._holder.wait(harness.WAIT_SECONDS)


@contextlib.contextmanager
def machines(*names):
    """Machines by name. This program is on the same network."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "bridge", "type", "bridge")
    run("ip", "address", "add", "10.77.0.1/24", "dev", "bridge")
    run("ip", "link", "set", "bridge", "up")
    with contextlib.ExitStack() as stack:
        found = {}
        for number, name in enumerate(names, start=2):
            found[name] = Machine(name, f"10.77.0.{number}")
            stack.callback(found[name].close)
        yield found
