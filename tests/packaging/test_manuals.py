"""Manual pages and completions, which are made from the program's own texts."""

import re

from in_folder import ROOT, InFolder, run

import harness
import help_text


class Manuals(InFolder):
    def setUp(self):
        super().setUp()
        self.make("manuals/make-manuals", "1.2.3", "2026-01-02")

    def page(self, name):
        return (self.folder / name).read_text().replace("\\-", "-")

    def test_they_are_correct_for_troff(self):
        harness.need("groff")
        for name in ("ringcast.1", "ringcast.toml.5"):
            done = run("groff", "-man", "-Tutf8", "-ww", self.folder / name)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_every_option_of_every_command_is_there(self):
        page = self.page("ringcast.1")
        options = [(help.command, name) for help in help_text.all_help() for name, *_ in help.options()]
        self.assertGreater(len(options), 20)
        for command, name in options:
            section = page[page.index(f"\n.SH RINGCAST {command.upper()}\n") if command else 0:]
            self.assertRegex(section, rf"\n\\fB{name}\b", f"{command} {name}")
        self.assertIn('"ringcast 1.2.3"', page)

    def test_a_term_that_fills_its_column_keeps_its_description(self):
        self.assertRegex(self.page("ringcast.1"), r"\n\\fBhttp://HOST:PORT/PATH\\fR\nthe stream or the picture")

    def test_every_setting_is_there(self):
        page = self.page("ringcast.toml.5")
        settings = re.findall(r"^#?(\w+ = .*)$", (ROOT / "conf/ringcast.toml").read_text(), re.MULTILINE)
        self.assertGreater(len(settings), 40)
        for setting in settings:
            self.assertIn(f"\n\\fB{setting}\\fR\n", page)


class Completions(InFolder):
    def setUp(self):
        super().setUp()
        self.make("manuals/make-completions")

    def completed(self, *words):
        """What bash offers for the last word."""
        script = ("source ./ringcast; COMP_WORDS=(ringcast \"$@\"); COMP_CWORD=$#; compopt() { :; }; _ringcast; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = run("bash", "-c", script, "bash", *words, cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_commands_and_options(self):
        first = self.completed("")
        for word in ("camera", "pattern", "doctor", "cameras", "passwd", "token", "link", "--config"):
            self.assertIn(word, first)
        self.assertEqual(self.completed("pattern", "--li"), ["--listen"])
        self.assertEqual(self.completed("link", "--rev"), ["--revoke-all"])
        self.assertEqual(self.completed("doctor", "--thr"), ["--through"])
        self.assertEqual(self.completed("passwd", "--eng"), [])

    def test_values(self):
        self.assertEqual(self.completed("pattern", "--engine", "e"), ["epoll"])
        self.assertEqual(self.completed("pattern", "--log-level", "w"), ["warning"])
        (self.folder / "front door.toml").touch()
        self.assertEqual(self.completed("--config", "front"), ["front", "door.toml"])

    def test_other_shells_accept_theirs(self):
        for shell, name in (("zsh", "_ringcast"), ("fish", "ringcast.fish")):
            with self.subTest(shell):
                harness.need(shell)
                done = run(shell, "-n", self.folder / name)
                self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    harness.main()
