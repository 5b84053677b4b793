"""Headless Chromium, driven through its DevTools protocol."""

import asyncio
import base64
import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

try:
    import aiohttp
except ImportError:
    aiohttp = None

ANSWER_SECONDS = 30
# No traffic except for the tested pages: no updates, no telemetry, no first-run pages.
QUIET = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-quic", "--disable-default-apps", "--metrics-recording-only", "--no-default-browser-check"]


class Page:
    """A page, driven through its own connection."""

    def __init__(self, loop, session):
        self.loop = loop
        self.session = session
        self.command_id = 0
        self._problems = []

    def _wait(self, coroutine):
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, ANSWER_SECONDS))

    async def _command(self, method, parameters):
        self.command_id += 1
        await self.page.send_str(json.dumps({"id": self.command_id, "method": method, "params": parameters}))
        while True:
            message = json.loads((await self.page.receive()).data)
            if message.get("id") == self.command_id:
                if "error" in message:
                    raise AssertionError(message["error"])
                return message["result"]
            self._note(message)

    def _note(self, event):
        parameters = event["params"]
        if (event["method"] == "Runtime.exceptionThrown"
                or (event["method"] == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"))
                or (event["method"] == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"))):
            self._problems.append(parameters)

    def problems(self):
        """What the console of the page has reported: exceptions, failed requests, violations of the policy.
        Collected from the first call on."""
        for domain in ("Runtime", "Log"):
            self.command(domain + ".enable")
        found, self._problems = self._problems, []
        return found

    def command(self, method, **parameters):
        return self._wait(self._command(method, parameters))

    def go_to(self, url):
        self.command("Page.navigate", url=url)

    def evaluate(self, script):
        """The value of a JavaScript expression; awaits a promise."""
        result = self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    @contextlib.contextmanager
    def script_before_pages(self, script):
        """Every page opened in this block runs `script` before its own scripts."""
        self.command("Page.enable")  # otherwise Chromium accepts the script but does not run it
        added = self.command("Page.addScriptToEvaluateOnNewDocument", source=script)
        try:
            yield
        finally:
            self.command("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])

    def use_window(self, width, height, theme, phone=False):
        """Gives the page a window of this size and theme ("light" or "dark")."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

    def screenshot(self, path):
        result = self.command("Page.captureScreenshot", format="png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(result["data"]))


class Chromium(Page):
    """A browser process with one page, and further ones in windows of their own. `arguments`: further ones of
    its command line."""

    def __init__(self, *arguments):
        if shutil.which("chromium") is None:
            raise unittest.SkipTest("chromium is not installed")
        if aiohttp is None:
            raise unittest.SkipTest("python3-aiohttp is not installed")
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            # --no-sandbox: the tests may run as root. --disable-dev-shm-usage: containers have
            # little or no /dev/shm.
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *QUIET,
             "--window-size=1280,900", f"--user-data-dir={self.profile.name}", "--remote-debugging-port=0",
             *arguments, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        super().__init__(asyncio.new_event_loop(), None)
        self.address = self._find_address()
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self._wait(self._connect())

    def _find_address(self):
        for line in self.process.stderr:
            found = re.search(r"DevTools listening on ws://([^/]+)/", line)
            if found:
                return f"http://{found[1]}"
        raise AssertionError("chromium did not start")

    async def _connect(self):
        self.session = aiohttp.ClientSession()
        pages = []
        while not pages:  # Chromium prints its address before it has opened the page
            await asyncio.sleep(0.01)
            async with self.session.get(self.address + "/json/list") as response:
                pages = [target for target in await response.json() if target["type"] == "page"]
        (page,) = pages
        self.page = await self.session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)

    def open_window(self):
        """A further page."""
        target = self.command("Target.createTarget", url="about:blank", newWindow=True)["targetId"]
        page = Page(self.loop, self.session)

        async def connect():
            page.page = await self.session.ws_connect(
                f"{self.address.replace('http:', 'ws:')}/devtools/page/{target}", max_msg_size=0)

        self._wait(connect())
        return page

    def close_window(self, page):
        page.command("Page.close")
        self._wait(page.page.close())

    def close(self):
        async def leave():
            await self.page.close()
            await self.session.close()

        self._wait(leave())
        self.loop.close()
        self.process.terminate()
        try:
            self.process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        self.profile.cleanup()
