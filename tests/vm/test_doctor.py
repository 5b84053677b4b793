"""What `ringcast doctor` says of a camera and a network card."""

import unittest

import guest
import harness

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


class Doctor(unittest.TestCase):
    def setUp(self):
        self.guest = guest.running()

    def findings(self, *prefix):
        """{subject: (verdict, meaning and what to do)}."""
        # It ends with 1 where it has found a problem.
        text = self.guest.run(*prefix, self.guest.binary_for_all(), "doctor", "--listen", "127.0.0.1:0", check=False)
        found = {}
        for line in text.splitlines()[:-1]:
            verdict, rest = line[:8].strip(), line[9:]
            if verdict:
                subject, meaning = rest.split(": ", 1)
                found[subject] = (verdict, meaning)
            else:
                found[subject] = (found[subject][0], found[subject][1] + "\n" + rest)
        return found

    def test_a_card_with_scatter_gather_is_told_from_loopback(self):
        found = self.findings()
        (card,) = (name for name in found if name.startswith("network ") and name != "network lo")
        self.assertEqual(found[card][0], "ok")
        self.assertIn("has scatter-gather", found[card][1])
        self.assertIn("sent to by copy", found["network lo"][1])

    def test_whether_a_cameras_memory_can_be_registered_is_tried(self):
        with self.guest.camera("--fps", 10, product="a good camera"):
            found = self.findings()
            limited = self.findings("prlimit", "--memlock=65536:65536", *NOBODY[:-1], "--groups=video")
        verdict, text = found["camera a good camera"]
        self.assertEqual(verdict, "ok", text)
        self.assertIn('tier "registered"', text)
        verdict, text = limited["camera a good camera"]
        self.assertEqual(verdict, "note", text)
        self.assertIn('tier "copied"', text)
        self.assertIn("LimitMEMLOCK", text)

    def test_who_may_not_open_a_camera_is_told_the_line_that_mends_it(self):
        with self.guest.camera("--fps", 10):
            found = self.findings(*NOBODY)
        verdict, text = found["camera permissions"]
        self.assertEqual(verdict, "problem")
        self.assertIn("sudo usermod -aG video $USER", text)


if __name__ == "__main__":
    harness.main()
