"""The packages for arm64, installed by dpkg with their scripts, on a processor as in a Raspberry Pi 5:
with pages of 16 KiB. The tests of other files run their /usr/bin/ringcast too."""

import unittest

import guest
import harness
import test_zero_copy


class Packages(unittest.TestCase):
    def setUp(self):
        self.guest = guest.running()

    def test_the_guest_has_the_processor_and_pages_of_a_raspberry_pi_5(self):
        self.assertEqual(self.guest.run("uname", "-m"), "aarch64\n")
        self.assertEqual(self.guest.run("getconf", "PAGESIZE"), "16384\n")

    def test_the_packages_are_installed(self):
        text = self.guest.run("dpkg-query", "-W", "-f", "${Package} ${Architecture} ${Status}\n", "ringcast*")
        self.assertEqual(text.splitlines(), ["ringcast arm64 install ok installed",
                                             "ringcast-libcamera arm64 install ok installed"])

    def test_their_scripts_have_added_the_user_and_enabled_the_service(self):
        self.assertIn("ringcast", self.guest.run("getent", "passwd", "ringcast"))
        self.assertEqual(self.guest.run("systemctl", "--root=/", "is-enabled", "ringcast.service"), "enabled\n")

    def test_the_installed_configuration_is_valid(self):
        self.guest.run(harness.binary(), "--check", "/etc/ringcast/ringcast.toml")


class SmallCameraToCard(test_zero_copy.CameraToCard):
    SIZE = "640x480"
    # Leaves the emulated processor time on a busy machine, where the viewer pauses too.
    FPS = 10
    COPIES_MAX = 0.05 * test_zero_copy.FRAMES


if __name__ == "__main__":
    harness.main()
