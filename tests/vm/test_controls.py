"""Controls of a USB camera's V4L2 device: set by name in the order that their dependencies require,
listed, set again after a replug, and changed by an administrator."""

import hashlib
import json
import unittest
import urllib.request

import guest
import harness

# In an order in which they can't be set: manual values come before the automatic ones are off.
CONFIGURATION = """
[streams.front]
source = "libcamera"
fps = 15

[streams.front.controls]
focus_absolute = 120
exposure_time_absolute = 100
Brightness = 0.5
power_line_frequency = "50 Hz"
zoom_absolute = 150
auto_exposure = "Manual Mode"
focus_automatic_continuous = false
"""
# What the camera is sent, by the names of the USB specification.
SET = [
    ("auto_exposure_mode", 1),
    ("focus_auto", 0),
    ("power_line_frequency", 1),
    ("focus_absolute", 120),
    ("exposure_time_absolute", 100),
    ("zoom_absolute", 150),
]
BRIGHTNESS = ("brightness", 32)  # set by libcamera, with the first frame

TOKEN = "administrator-of-the-camera-in-this-guest-43"
TOKENS_FILE = "/run/ringcast-test-tokens"
ACCESS = f"""
[access]
tokens_file = "{TOKENS_FILE}"
admins = ["boss"]
"""


class Controls(unittest.TestCase):
    def setUp(self):
        self.guest = guest.running()
        self.camera = None

    def plug_in(self):
        self.camera = self.guest.camera("--fps", 15)
        self.addCleanup(self.camera.unplug)

    def check_set(self):
        """The camera was sent exactly these controls, after the driver's own trials."""
        expected = [*SET, BRIGHTNESS]
        # In a slow guest a camera may deliver nothing for ten seconds, and is opened and set again.
        harness.wait_for(lambda: self.camera.controls_set()[-len(expected) :] == expected, "all controls, in order")

    def listed(self, server):
        status, _, body = server.get("/front/controls")
        self.assertEqual(status, 200, body)
        return {control["name"]: control for control in json.loads(body)["controls"]}

    def test_controls_are_set_in_order_and_listed_and_set_again_after_a_replug(self):
        self.plug_in()
        with self.guest.configured(CONFIGURATION) as server:
            server.wait_live()
            self.check_set()
            self.check_list(self.listed(server))
            self.camera.unplug()
            server.wait_state("lost")
            self.plug_in()
            server.wait_live()
            self.check_set()

    def test_an_administrator_changes_controls_of_the_running_camera(self):
        self.plug_in()
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        self.guest.run("sh", "-c", f"umask 077; echo boss:{digest} > {TOKENS_FILE}")
        public = CONFIGURATION.replace("fps = 15", 'fps = 15\nviewers = "public"')
        with self.guest.configured(ACCESS + public) as server:
            server.wait_live()
            self.check_set()
            request = urllib.request.Request(
                f"{server.url}/front/controls", method="PUT", data=b'{"focus_absolute": 60, "Brightness": 0.25}',
                headers={"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"})
            with urllib.request.urlopen(request, timeout=harness.WAIT_SECONDS) as response:
                answer = json.load(response)
            self.assertEqual((answer["applied"], answer["changed"]), (True, {"focus_absolute": 60, "Brightness": 0.25}))
            for control in (("focus_absolute", 60), ("brightness", 16)):
                harness.wait_for(lambda control=control: control in self.camera.controls_set(), f"{control} to be set")

    def check_list(self, controls):
        focus = controls["focus_absolute"]
        self.assertEqual(focus["interface"], "v4l2")
        self.assertEqual(focus["type"], "integer")
        self.assertEqual([focus[key] for key in ("min", "max", "step", "default")], [0, 250, 5, 0])
        self.assertEqual((focus["value"], focus["current"], focus["inactive"]), (120, 120, False))
        automatic = controls["focus_automatic_continuous"]
        self.assertEqual((automatic["default"], automatic["value"], automatic["current"]), (True, False, False))
        frequency = controls["power_line_frequency"]
        self.assertEqual(frequency["choices"], ["Disabled", "50 Hz", "60 Hz"])
        self.assertEqual((frequency["default"], frequency["value"]), ("60 Hz", "50 Hz"))
        self.assertEqual(controls["auto_exposure"]["choices"], ["Manual Mode", "Aperture Priority Mode"])
        # Automatic white balance is on.
        temperature = controls["white_balance_temperature"]
        self.assertEqual((temperature["value"], temperature["inactive"]), (None, True))
        # Available by both interfaces.
        self.assertEqual(controls["Brightness"]["interface"], "libcamera")
        self.assertEqual(controls["brightness"]["interface"], "v4l2")


if __name__ == "__main__":
    harness.main()
