"""A container without an engine: bubblewrap with the file tree, user, mounts, limits and seccomp profile of
packaging/container. The file tree has the program, the libraries that it is linked with, a few programs of
Debian's slim image, and nothing else of this machine."""

import atexit
import functools
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "clients"))

import harness

USER = 990
# Programs that the slim image contains and the tests or the add-on's script use.
PROGRAMS = ("sh", "env", "sleep", "setsid", "cp", "stat", "sort", "grep", "paste", "chown", "chmod", "setpriv")
PASSWD = f"root:x:0:0:root:/root:/bin/sh\nringcast:x:{USER}:{USER}::/nonexistent:/usr/sbin/nologin\n"
GROUP = f"root:x:0:\nvideo:x:44:ringcast\nringcast:x:{USER}:\n"


@functools.cache
def libraries(program):
    """The files that the dynamic linker loads for `program`, itself included."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    assert "not found" not in listed, listed
    return re.findall(r"(/\S+) \(0x", listed)


@functools.cache
def readable_program():
    """A copy of ringcast that another user can read, in a folder that is removed at exit."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    os.chmod(folder.name, 0o755)
    return pathlib.Path(shutil.copy(harness.binary(), folder.name))


def as_user(user):
    """What lets root run the rest of a command as `user`; anybody else runs it as he is."""
    if os.geteuid() != 0 or user == 0:
        return []
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


class Container:
    """A started container in a network of its own. `files` maps paths in it to text or to files of this machine."""

    def __init__(self, image, files, profile=None, user=USER, writable=(), limits=()):
        for program in ("bwrap", "unshare", "ip", "setpriv", "nsenter", "curl"):
            harness.need(program)
        self.image = image
        self.user = user
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        self.lines = []
        command = [*as_user(user), *self._network(), "bwrap", *self._namespaces(), *self._tree(files, writable)]
        for name, value in {"PATH": "/usr/bin:/bin", **image.environment}.items():
            command += ["--setenv", name, value]
        passed = []
        if profile is not None:
            passed.append(profile.fileno())
            command += ["--seccomp", str(profile.fileno())]
        information, writing = os.pipe()
        command += ["--info-fd", str(writing), "--", *image.command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, pass_fds=[writing, *passed],
                                        preexec_fn=lambda: set_limits(limits))
        os.close(writing)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        with os.fdopen(information) as pipe:
            started = pipe.read()
        if not started:
            self.wait_ended()
            self.process.stdout.close()
            self.folder.cleanup()
            raise unittest.SkipTest("bubblewrap can't make a container here: " + self.log())
        self.first = json.loads(started)["child-pid"]  # its PID 1

    def _network(self):
        """A network of its own, in a user namespace that the tests can enter too: bubblewrap's own is closed."""
        users = [] if self.user == 0 else ["--user", "--map-root-user"]
        return ["unshare", *users, "--net", "--", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]

    def _namespaces(self):
        options = ["--unshare-pid", "--as-pid-1", "--unshare-ipc", "--unshare-uts", "--hostname", "container",
                   "--die-with-parent", "--new-session", "--clearenv"]
        if self.user == 0:
            return [*options, "--cap-add", "ALL"]
        return [*options, "--unshare-user", "--uid", str(self.user), "--gid", str(self.user)]

    def _tree(self, files, writable):
        tree = {"/usr/bin/ringcast": readable_program(), "/etc/passwd": PASSWD, "/etc/group": GROUP}
        for name in PROGRAMS:
            tree[f"/bin/{name}"] = pathlib.Path(shutil.which(name))
        for path in list(tree.values()):
            if isinstance(path, pathlib.Path):
                tree.update((library, pathlib.Path(library)) for library in libraries(path))
        tree.update(files)
        # bubblewrap makes folders that only root can enter.
        folders = {str(parent) for path in tree for parent in pathlib.Path(path).parents} - {"/"}
        options = [option for folder in sorted(folders) for option in ("--perms", "0755", "--dir", folder)]
        for number, (path, content) in enumerate(tree.items()):
            if isinstance(content, str):
                file = pathlib.Path(self.folder.name, f"file{number}")
                file.write_text(content)
                file.chmod(0o644)
                content = file
            options += ["--ro-bind", str(content), path]
        for path in writable:
            options += ["--tmpfs", path]
        return [*options, "--proc", "/proc", "--dev", "/dev", "--ro-bind", "/sys", "/sys", "--remount-ro", "/"]

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def log(self):
        return "\n".join(self.lines)

    def enter(self, *command):
        """Runs a command of this machine in the container's network, as root there."""
        users = [] if self.user == 0 else ["--user", "--preserve-credentials"]
        return subprocess.run([*as_user(self.user), "nsenter", f"--target={self.process.pid}", *users, "--net", "--",
                               *command], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              timeout=harness.WAIT_SECONDS)

    def execute(self, *command):
        """Like `docker exec`."""
        users = [] if self.user == 0 else ["--user", "--preserve-credentials"]
        environment = [f"{name}={value}" for name, value in self.image.environment.items()]
        return self.enter("nsenter", f"--target={self.first}", *users, "--mount", "--pid", "--root", "--wd", "--",
                          "/bin/env", *environment, *command)

    def curl(self, path, *options, port=None):
        """(status, body) of a request in the container's network."""
        done = self.enter("curl", "-sS", "--max-time", str(harness.WAIT_SECONDS), "-w", "%{stderr}%{http_code}",
                          *options, f"http://127.0.0.1:{port or self.image.port}{path}")
        code = done.stderr.decode()
        return (int(code) if code.isdigit() else 0), done.stdout

    def status(self):
        code, body = self.curl("/api/status?viewers=100")
        return json.loads(body) if code == 200 else None

    def wait_live(self):
        def live():
            assert self.process.poll() is None, self.log()
            status = self.status()
            return status if status and status["streams"][0]["state"] == "live" else None

        return harness.wait_for(live, "the stream to be live")

    def wait_log(self, text):
        return harness.wait_for(lambda: next((line for line in self.lines if text in line), None), f"{text!r} in the log")

    def wait_ended(self):
        code = self.process.wait(harness.WAIT_SECONDS)
        self._reader.join(harness.WAIT_SECONDS)
        return code

    def close(self):
        if self.process.poll() is None:
            # The end of PID 1 ends them all. --die-with-parent has no effect on one that has changed its user.
            os.kill(self.first, signal.SIGKILL)
        self.wait_ended()
        self.process.stdout.close()
        self.folder.cleanup()


def set_limits(limits):
    """Lowers limits to these values; a test can't raise them."""
    for name, value in limits:
        _, hard = resource.getrlimit(name)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))
