"""The report of `ringcast doctor` about a camera and a network card."""

import unittest

import guest
import harness

AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534")


def findings(in_guest, *prefix):
    """Runs `ringcast doctor` in the guest; returns {subject: (verdict, meaning and remedy)}."""
    # check=False: the exit code is 1 if it has found a problem.
    text = in_guest.run(*prefix, in_guest.binary_for_all(), "doctor", "--listen", "127.0.0.1:0", check=False)
    found = {}
    for line in text.splitlines()[:-1]:
        verdict, rest = line[:8].strip(), line[9:]
        if verdict:
            subject, meaning = rest.split(": ", 1)
            found[subject] = (verdict, meaning)
        else:
            found[subject] = (found[subject][0], found[subject][1] + "\n" + rest)
    return found


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Runs `ringcast doctor` for all tests while one camera is plugged in."""
        with guest.running().camera("--fps", 10, product="a good camera") as camera:
            cls.as_root = findings(camera.guest)
            limit = ("prlimit", "--memlock=65536:65536")
            cls.with_little_memory = findings(camera.guest, *limit, *AS_NOBODY, "--groups=video")
            cls.without_permission = findings(camera.guest, *AS_NOBODY, "--clear-groups")

    def test_a_card_with_scatter_gather_is_distinguished_from_loopback(self):
        found = self.as_root
        (card,) = (name for name in found if name.startswith("network ") and name != "network lo")
        self.assertEqual(found[card][0], "ok")
        self.assertIn("has scatter-gather", found[card][1])
        self.assertIn("sent to by copy", found["network lo"][1])

    def test_a_camera_with_registrable_memory_is_reported_as_registered(self):
        verdict, text = self.as_root["camera a good camera"]
        self.assertEqual(verdict, "ok", text)
        self.assertIn('tier "registered"', text)

    def test_a_camera_without_registrable_memory_is_reported_with_the_reason(self):
        verdict, text = self.with_little_memory["camera a good camera"]
        self.assertEqual(verdict, "note", text)
        self.assertIn('tier "copied"', text)
        self.assertIn("LimitMEMLOCK", text)

    def test_missing_camera_permission_is_reported_with_the_command_that_grants_it(self):
        verdict, text = self.without_permission["camera permissions"]
        self.assertEqual(verdict, "problem")
        self.assertIn("sudo usermod -aG video $USER", text)


if __name__ == "__main__":
    harness.main()
