"""Headless Firefox, driven through WebDriver BiDi."""

import asyncio
import base64
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

ANSWER_SECONDS = 60
# No traffic except for the tested pages: no updates, no telemetry, no first-run pages.
PREFERENCES = """
user_pref("app.update.disabledForTesting", true);
user_pref("app.normandy.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.newtabpage.enabled", false);
user_pref("browser.startup.page", 0);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.disablePrefetch", true);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
"""


class Firefox:
    """A browser process with one page."""

    def __init__(self):
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        if program is None:
            raise unittest.SkipTest("firefox-esr is not installed")
        if aiohttp is None:
            raise unittest.SkipTest("python3-aiohttp is not installed")
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        with open(f"{self.profile.name}/user.js", "w", encoding="ascii") as file:
            file.write(PREFERENCES)
        self.process = subprocess.Popen(
            [program, "--headless", "--no-remote", "--profile", self.profile.name, "--remote-debugging-port=0",
             "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.loop = asyncio.new_event_loop()
        self.command_id = 0
        self._problems = []
        address = self._find_address()
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self._wait(self._connect(address))
        self.command("session.new", capabilities={})
        self.context = self.command("browsingContext.getTree")["contexts"][0]["context"]
        self.command("session.subscribe", events=["log.entryAdded"])

    def _find_address(self):
        for line in self.process.stderr:
            found = re.search(r"WebDriver BiDi listening on (ws://\S+)", line)
            if found:
                return found[1]
        raise AssertionError("firefox did not start")

    def _wait(self, coroutine):
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, ANSWER_SECONDS))

    async def _connect(self, address):
        self.client = aiohttp.ClientSession()
        self.socket = await self.client.ws_connect(address + "/session", max_msg_size=0)

    async def _command(self, method, parameters):
        self.command_id += 1
        await self.socket.send_str(json.dumps({"id": self.command_id, "method": method, "params": parameters}))
        while True:
            message = json.loads((await self.socket.receive()).data)
            if message.get("id") == self.command_id:
                if message["type"] == "error":
                    raise AssertionError(message)
                return message["result"]
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self._problems.append(message["params"]["text"])

    def problems(self):
        """What the console has reported since the last call: exceptions and errors of scripts."""
        self.command("browsingContext.getTree")
        found, self._problems = self._problems, []
        return found

    def command(self, method, **parameters):
        return self._wait(self._command(method, parameters))

    def go_to(self, url):
        self.command("browsingContext.navigate", context=self.context, url=url, wait="none")

    def evaluate(self, script):
        """The value of a JavaScript expression that is a text, a number, a truth value or null; awaits a promise."""
        result = self.command("script.evaluate", expression=script, awaitPromise=True, target={"context": self.context})
        if result["type"] == "exception":
            raise AssertionError(result["exceptionDetails"]["text"])
        return result["result"].get("value")

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.command("browsingContext.captureScreenshot", context=self.context)["data"]))

    def close(self):
        async def leave():
            await self.socket.close()
            await self.client.close()

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
