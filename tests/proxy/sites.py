"""A ringcast behind every proxy of conf/proxy."""

import contextlib
import unittest

import harness
import proxies

HOSTS = f'hosts = ["{proxies.ROOT_HOST}", "{proxies.SUBPATH_HOST}"]'


class Site:
    """A ringcast, and all installed proxies in front of it, each once over a UNIX socket and once over TCP."""

    def __init__(self, fps, *options):
        self._stack = contextlib.ExitStack()
        try:
            folder = proxies.Folder()
            self._stack.callback(folder.close)
            path = folder.path / "http.sock"
            port = harness.fixed_free_port()
            self._settings = ["[http]", f'listen = ["127.0.0.1:{port}", "unix:{path}"]', HOSTS, *options,
                              "[streams.pattern]", 'source = "pattern"', f"fps = {fps}"]
            self.start()
            self._stack.callback(lambda: self.server.stop())
            self.proxies = {}
            for name in proxies.NAMES:
                with contextlib.suppress(unittest.SkipTest):
                    for tcp in (False, True):
                        proxy = proxies.Proxy(name, folder, path, port, tcp)
                        self.proxies[name, tcp] = self._stack.enter_context(proxy.running())
        except BaseException:
            self.close()
            raise

    def start(self, size="1280x720"):
        """Starts ringcast; `size`: of its pictures."""
        self.server = harness.configured("\n".join([*self._settings, f'size = "{size}"', ""]), listen=False).wait_live()

    def of(self, name):
        """(over TCP, proxy) of the proxies of this name; skips the test if it is not installed."""
        found = [(tcp, proxy) for (known, tcp), proxy in self.proxies.items() if known == name]
        if not found:
            raise unittest.SkipTest(f"{name} is not installed")
        return found

    def close(self):
        self._stack.close()

    def viewers(self):
        return len(self.server.status()["viewers"])
