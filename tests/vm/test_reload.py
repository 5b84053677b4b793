"""Another configuration while a camera streams: the source that has it makes room for the next one."""

import re
import signal
import unittest

import guest
import harness

PATH = "/run/ringcast-test-reload.toml"
STILL = '[streams.still]\nsource = "pattern"\nsize = "160x120"\nfps = 10\n'
LARGE, SMALL = guest.JPEG_SIZES[:2]


def front(size, brightness):
    return (f'[streams.front]\nsource = "libcamera"\nsize = "{size}"\nfps = 15\n'
            f"controls = {{ Brightness = {brightness} }}\n")


class Reload(unittest.TestCase):
    def setUp(self):
        self.guest = guest.running()

    def write(self, text):
        self.guest.run("sh", "-c", 'printf %s "$1" >"$2"', "sh", text, PATH)

    def reload(self, server, text):
        self.write(text)
        count = len(server.lines)
        server.process.send_signal(signal.SIGHUP)
        harness.wait_for(lambda: re.search("reload: done: ", "\n".join(server.lines[count:])), "the reload")
        return "\n".join(server.lines[count:])

    def next_picture(self, viewer):
        """(width, height) of the next frame of the camera, behind the "no signal" pictures."""
        while True:
            part = viewer.part()
            reason = part.headers.get("x-ringcast-signal")
            if reason is None:
                return harness.picture_size(part.body)
            self.assertIn("reconfigured", part.headers["x-ringcast-reason"])

    def test_viewers_stay_while_the_camera_is_opened_anew(self):
        with self.guest.camera("--fps", 15, mjpeg=(LARGE, SMALL)) as camera:
            self.write(front(LARGE, 0.25) + STILL)
            with self.guest.ringcast("--config", PATH) as server:
                server.wait_live(0)
                with harness.StreamReader(server.url, "/front/stream") as viewer:
                    self.assertEqual("%dx%d" % self.next_picture(viewer), LARGE)
                    for size, brightness, sent in ((LARGE, 0.5, 32), (SMALL, 0.5, 32), (LARGE, 0.25, 16)):
                        with self.subTest(size=size, brightness=brightness):
                            lines = self.reload(server, front(size, brightness) + STILL)
                            self.assertIn("stream front: ", lines)
                            harness.wait_for(lambda size=size: "%dx%d" % self.next_picture(viewer) == size,
                                             "a picture of the camera as it is configured now")
                            # A picture of the same size may be one that was on its way before.
                            harness.wait_for(lambda sent=sent: camera.controls_set()[-1] == ("brightness", sent),
                                             "the brightness as it is configured now")
                    self.assertNotIn("in use", "\n".join(server.lines))
                # The camera is given back, and taken again.
                self.reload(server, STILL)
                harness.wait_for(lambda: self.guest.run("sh", "-c", "ls -l /proc/[0-9]*/fd 2>/dev/null | "
                                                        "grep -c /dev/video || true").strip() == "0",
                                 "the camera to be closed")
                self.reload(server, STILL + front(SMALL, 0.5))
                server.wait_live(1)


if __name__ == "__main__":
    harness.main()
