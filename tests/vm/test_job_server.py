"""A program that a test has started in the guest ends when the test's client ends."""

import os
import unittest

import guest
import harness

# Starts a job like in_guest.py, resets the connection and waits until the job has ended.
RESET = """
import json, os, socket, struct, sys, time
port, token = sys.argv[1:]
connection = socket.create_connection(("127.0.0.1", int(port)))
request = {"token": open(token).read(), "command": ["sh", "-c", "echo $$; exec sleep 600"], "environment": {}, "folder": "/"}
connection.sendall(json.dumps(request).encode() + b"\\n")
block = b""
while not block.endswith(b"\\n"):
    block += connection.recv(100)
job = int(block[5:])
connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
connection.close()
deadline = time.monotonic() + 30
while os.path.exists(f"/proc/{job}") and time.monotonic() < deadline:
    time.sleep(0.05)
print("running" if os.path.exists(f"/proc/{job}") else "ended")
"""


@harness.only_with_all
class JobServer(unittest.TestCase):
    def test_a_job_ends_with_its_client_when_the_connection_is_reset(self):
        running = guest.running()
        port, token = os.environ["RINGCAST_GUEST_PORT"], os.environ["RINGCAST_GUEST_TOKEN"]
        self.assertEqual(running.run("/usr/bin/python3", "-c", RESET, port, token).strip(), "ended")


if __name__ == "__main__":
    harness.main()
