"""WebKitGTK's MiniBrowser on a virtual screen, driven through WebDriver."""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import harness

ANSWER_SECONDS = 60


class WebKit:
    """A browser process with one page, its screen, and the driver between. The profile lives as long
    as the object."""

    def __init__(self):
        for program, package in (("Xvfb", "xvfb"), ("WebKitWebDriver", "webkit2gtk-driver")):
            if shutil.which(program) is None:
                raise unittest.SkipTest(f"{package} is not installed")
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()

    def _start(self, stack):
        profile = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        environment = dict(os.environ, HOME=profile, XDG_RUNTIME_DIR=profile, GDK_BACKEND="x11",
                           DISPLAY=self._start_screen(stack))
        for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            environment.pop(variable, None)
        port = harness.fixed_free_port()
        self._spawn(stack, ["WebKitWebDriver", "--host=127.0.0.1", f"--port={port}"], env=environment)
        self._address = f"http://127.0.0.1:{port}/session"
        harness.wait_for(lambda: accepts_connections(port), "WebKitWebDriver")
        session = self._request("POST", "", {"capabilities": {}})
        self._address += "/" + session["sessionId"]
        stack.callback(self._request, "DELETE", "")

    def _start_screen(self, stack):
        reading, writing = os.pipe()
        with os.fdopen(reading) as number:
            self._spawn(stack, ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
                        pass_fds=[writing])
            os.close(writing)
            return ":" + number.readline().strip()

    @staticmethod
    def _spawn(stack, command, **options):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, **options)

        def end():
            process.terminate()
            process.wait()

        stack.callback(end)

    def _request(self, method, path, body=None):
        request = urllib.request.Request(self._address + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def go_to(self, url):
        self._request("POST", "/url", {"url": url})

    def evaluate(self, script):
        """The value of a JavaScript expression."""
        return self._request("POST", "/execute/sync", {"script": f"return ({script})", "args": []})

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self._request("GET", "/screenshot")))

    def close(self):
        self._stack.close()


def accepts_connections(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
