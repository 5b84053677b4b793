"""`ringcast health`: what it says about servers that are healthy, not healthy, or not there."""

import http.server
import signal
import socket
import tempfile
import threading
import unittest

import harness
from protected import ProtectedRingcast

# A stream of the pattern, and one whose program ends at once.
STREAMS = '[streams.door]\nsource = "pattern"\nsize = "320x240"\n[streams.broken]\nsource = "exec"\ncommand = ["false"]\n'


def health(*arguments):
    return harness.run("health", *arguments)


def configuration(text):
    """A file with this text, which exists as long as it is referred to."""
    file = tempfile.NamedTemporaryFile("w", suffix=".toml")
    file.write(text)
    file.flush()
    return file


class HealthTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.configured(STREAMS).wait_live(0).wait_state("lost", 1)
        cls.addClassCleanup(cls.server.stop)
        cls.address = f"127.0.0.1:{cls.server.port}"

    def test_a_server_that_runs_is_healthy(self):
        self.assertEqual(health("--listen", self.address), (0, "ok\n", ""))

    def test_a_stream_is_healthy_while_frames_arrive(self):
        self.assertEqual(health("door", "--listen", self.address), (0, "ok\n", ""))
        code, output, errors = health("broken", "--listen", self.address)
        self.assertEqual((code, errors), (1, ""))
        self.assertRegex(output, r"^no signal: .+\n$")

    def test_a_stream_that_does_not_exist_is_not_healthy(self):
        code, output, errors = health("yard", "--listen", self.address)
        self.assertEqual((code, errors), (1, ""))
        self.assertIn("door", output)

    def test_the_first_address_of_the_configuration_that_answers_counts(self):
        port = harness.fixed_free_port()
        with configuration(f'[http]\nlisten = ["127.0.0.1:{port}", "{self.address}"]\n{STREAMS}') as file:
            self.assertEqual(health("door", "--config", file.name), (0, "ok\n", ""))
            code, output, errors = health("--config", file.name, "--listen", f"127.0.0.1:{port}")
        self.assertEqual((code, output), (1, ""))
        self.assertIn(f"127.0.0.1:{port}: connection refused", errors)
        self.assertIn("is ringcast running", errors)

    def test_a_unix_socket_and_an_address_with_proxy_headers_are_asked(self):
        with tempfile.TemporaryDirectory() as folder:
            port = harness.fixed_free_port()
            # The first address is for the test itself.
            text = (f'[http]\nlisten = ["127.0.0.1:0", "unix:{folder}/http.sock",'
                    f' {{ address = "127.0.0.1:{port}", proxy_protocol = true }}]\n{STREAMS}')
            with configuration(text) as file, harness.Ringcast("--config", file.name, listen=False) as server:
                server.wait_live(0)
                self.assertEqual(health("--listen", f"unix:{folder}/http.sock"), (0, "ok\n", ""))
                only_proxied = text.replace(f'"unix:{folder}/http.sock", ', "")
                with configuration(only_proxied) as other:
                    self.assertEqual(health("door", "--config", other.name), (0, "ok\n", ""))

    def test_a_server_that_drains_is_not_healthy(self):
        with harness.Ringcast("pattern") as server:
            server.process.send_signal(signal.SIGUSR1)
            server.wait_log("draining")
            code, output, _ = health("--listen", f"127.0.0.1:{server.port}")
        self.assertEqual(code, 1)
        self.assertIn("draining", output)

    def test_where_passwords_are_asked_for_only_public_streams_can_be_checked(self):
        streams = STREAMS.replace("[streams.broken]", '[streams.open]\nviewers = "public"\nsource = "pattern"\n[streams.broken]')
        with ProtectedRingcast(streams) as protected:
            address = f"127.0.0.1:{protected.server.port}"
            protected.server.wait_live(0).wait_live(1)
            self.assertEqual(health("--listen", address), (0, "ok\n", ""))
            self.assertEqual(health("open", "--listen", address), (0, "ok\n", ""))
            code, output, errors = health("door", "--listen", address)
        self.assertEqual((code, output), (1, ""))
        self.assertIn(f"{address}: asks for a password", errors)
        self.assertIn('viewers = "public" in [streams.door]', errors)

    def test_a_server_that_never_answers_is_given_up_and_leaves_time_for_the_next_address(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            self.assertEqual(health("--listen", address, "--listen", self.address), (0, "ok\n", ""))
            code, output, errors = health("--listen", address)
        self.assertEqual((code, output), (1, ""))
        self.assertIn(f"{address}: no answer", errors)

    def test_another_program_is_no_ringcast(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Handler) as other:
            threading.Thread(target=other.handle_request, daemon=True).start()
            code, output, errors = health("--listen", f"127.0.0.1:{other.server_address[1]}")
        self.assertEqual((code, output), (1, ""))
        self.assertIn("another program answers there", errors)

    def test_help_fits_a_terminal(self):
        code, output, errors = health("--help")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("Usage: ringcast health ", output)
        self.assertLess(max(map(len, output.splitlines())), 100)

    def test_a_wrong_command_line_or_configuration_has_its_own_exit_code(self):
        self.assertEqual(health("--lisen", ":1")[0], 2)
        with configuration('[streams.door]\nsource = "x"\n') as file:
            code, output, errors = health("--config", file.name)
        self.assertEqual((code, output), (2, ""))
        self.assertIn(f"{file.name}:2:", errors)


if __name__ == "__main__":
    harness.main()
