"""The files of packaging/container fit each other, the checkout, the program and the documents."""

import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import bubble
import images
from images import CONTAINER, HOME_ASSISTANT, ROOT

import harness

DOCUMENT = (ROOT / "docs/install.md").read_text()


def check(configuration):
    return subprocess.run([harness.binary(), "--check", str(configuration)], capture_output=True, text=True, check=False,
                          timeout=harness.WAIT_SECONDS)


def own_files(*files, folder):
    """What COPY takes from the build context, which is `folder`."""
    for name, rest in images.instructions(*files):
        if name == "COPY" and "--from=" not in rest:
            yield from (folder / source for source in rest.split()[:-1])


class Image(unittest.TestCase):
    def setUp(self):
        self.image = images.ringcast_image()

    def test_everything_that_is_copied_and_run_exists(self):
        for path in own_files(CONTAINER / "Containerfile", folder=ROOT):
            self.assertTrue(path.exists(), path)
        scripts = re.findall(r"\bpackaging/[\w/.-]+", " ".join(
            rest for name, rest in images.instructions(CONTAINER / "Containerfile") if name == "RUN"))
        self.assertEqual(sorted(scripts), ["packaging/container/runtime-packages", "packaging/install-packages"])
        for script in scripts:
            self.assertTrue((ROOT / script).stat().st_mode & 0o111, script)

    def test_the_command_and_the_health_check_read_the_file_that_is_copied(self):
        copied = dict(reversed(rest.split()) for name, rest in images.instructions(CONTAINER / "Containerfile")
                      if name == "COPY" and rest.endswith(".toml"))
        self.assertEqual(self.image.command, ["ringcast", "--config", "/etc/ringcast/ringcast.toml"])
        self.assertEqual(self.image.health_check, ["ringcast", "health", "--config", "/etc/ringcast/ringcast.toml"])
        self.assertEqual(copied, {"/etc/ringcast/ringcast.toml": "packaging/container/ringcast.toml"})

    def test_the_engine_waits_longer_than_the_health_check_takes(self):
        usage = subprocess.run([harness.binary(), "health", "--help"], capture_output=True, text=True, check=True).stdout
        seconds_max = int(re.search(r"Takes at most (\d+) s\.", usage)[1])
        for image in (self.image, images.home_assistant_image()):
            self.assertGreater(image.health_seconds_max, seconds_max)

    def test_the_user_is_the_one_of_the_tests_and_owns_the_place_of_the_control_socket(self):
        (created,) = [rest for name, rest in images.instructions(CONTAINER / "Containerfile") if "useradd" in rest]
        self.assertIn(f"useradd --system --uid {bubble.USER} --gid ringcast --groups video", created)
        self.assertEqual(self.image.user, str(bubble.USER))
        self.assertIn(f"install -d -o ringcast -g ringcast -m 0700 {self.image.environment['RUNTIME_DIRECTORY']}", created)

    def test_ringcast_accepts_the_configurations_which_listen_on_the_image_s_port(self):
        for configuration in (CONTAINER / "ringcast.toml", CONTAINER / "config/ringcast.toml",
                              HOME_ASSISTANT / "ringcast.toml"):
            done = check(configuration)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f":{self.image.port}", done.stdout)

    @unittest.skipUnless(shutil.which("dpkg-query"), "dpkg-query is not installed")
    def test_the_packages_of_the_libraries_that_the_program_needs_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "usr/bin/program")
            program.parent.mkdir(parents=True)
            shutil.copy("/bin/sh", program)
            command = [CONTAINER / "runtime-packages", folder]
            found = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(found.stdout, "libc6\n", found.stderr)
            program.unlink()
            found = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual((found.returncode, found.stdout), (1, ""))
            self.assertIn("no program", found.stderr)


class Compose(unittest.TestCase):
    def setUp(self):
        (self.service,) = images.read_yaml(CONTAINER / "compose.yaml")["services"].items()
        self.image = images.ringcast_image()

    def test_it_builds_and_publishes_the_image(self):
        name, service = self.service
        context = (CONTAINER / service["build"]["context"]).resolve()
        self.assertEqual(context, ROOT)
        self.assertTrue((context / service["build"]["dockerfile"]).is_file())
        self.assertEqual(service["ports"], [f"{self.image.port}:{self.image.port}"])
        self.assertNotIn(".", name)  # known to ringcast without http.hosts

    def test_it_gives_the_container_cameras_and_nothing_to_write(self):
        _, service = self.service
        self.assertTrue((CONTAINER / "config/ringcast.toml").is_file())
        self.assertEqual(service["volumes"], ["./config:/etc/ringcast:ro", "/run/udev:/run/udev:ro"])
        self.assertEqual({re.sub(r"\d+$", "", device) for device in service["devices"]}, {"/dev/video", "/dev/media"})
        self.assertEqual(service["group_add"], ["video"])
        self.assertTrue(service["read_only"])
        self.assertEqual(service["cap_drop"], ["ALL"])
        self.assertIn(self.image.environment["RUNTIME_DIRECTORY"], [entry.split(":")[0] for entry in service["tmpfs"]])

    def test_the_command_in_the_document_does_the_same(self):
        _, service = self.service
        (command,) = re.findall(r"^docker run --name ringcast.*?[^\\]$", DOCUMENT, re.DOTALL | re.MULTILINE)
        words = shlex.split(command.replace("\\\n", " "))
        values = {}
        for option, value in zip(words, words[1:]):
            values.setdefault(option, []).append(value)
        self.assertEqual(values["-p"], service["ports"])
        self.assertEqual(values["--device"], service["devices"])
        self.assertEqual(values["--group-add"], service["group_add"])
        self.assertEqual(sorted(value.replace("./packaging/container/", "./") for value in values["-v"]),
                         sorted(service["volumes"]))
        self.assertEqual(values["--cap-drop"], service["cap_drop"])
        self.assertEqual(values["--tmpfs"], service["tmpfs"])
        self.assertIn("--read-only", words)
        nofile = service["ulimits"]["nofile"]
        self.assertEqual(values["--ulimit"], [f"nofile={nofile}:{nofile}"])
        self.assertIn(f"--ulimit memlock={service['ulimits']['memlock']}", DOCUMENT)


class HomeAssistant(unittest.TestCase):
    def setUp(self):
        self.configuration = images.read_yaml(HOME_ASSISTANT / "config.yaml")

    def test_it_has_what_home_assistant_requires_and_this_version(self):
        for key in ("name", "version", "slug", "description", "arch"):
            self.assertIn(key, self.configuration)
        version = subprocess.run([harness.binary(), "--version"], capture_output=True, text=True, check=True).stdout
        self.assertIn(self.configuration["version"], version.split())

    def test_its_ports_and_folders_are_those_of_the_configuration_and_the_script(self):
        described = check(HOME_ASSISTANT / "ringcast.toml").stdout
        ports = [*(int(port.split("/")[0]) for port in self.configuration["ports"]), self.configuration["ingress_port"]]
        self.assertEqual(ports, [images.home_assistant_image().port, 8099])
        for port in ports:
            self.assertIn(f":{port}", described)
        self.assertEqual(set(self.configuration["ports"]), set(self.configuration["ports_description"]))
        self.assertEqual(self.configuration["map"], [{"type": "addon_config", "read_only": False}])  # at /config
        self.assertIn("config=/config\n", (HOME_ASSISTANT / "run.sh").read_text())
        self.assertEqual(images.home_assistant_image().health_check[-1], "/config/ringcast.toml")
        for document in (DOCUMENT, (HOME_ASSISTANT / "DOCS.md").read_text()):
            self.assertIn(f"local_{self.configuration['slug']}/", document)
            self.assertIn(f"http://local-{self.configuration['slug']}:{ports[0]}/", document)

    def test_its_folder_has_one_configuration_and_everything_that_is_copied(self):
        if subprocess.run(["git", "-C", ROOT, "rev-parse"], capture_output=True, check=False).returncode != 0:
            self.skipTest("this is not a git repository")
        with tempfile.TemporaryDirectory() as parent:
            folder = pathlib.Path(parent, "ringcast")
            script = HOME_ASSISTANT / "make-folder"
            subprocess.run([script, folder], check=True)
            found = [path for path in folder.rglob("config.*") if path.suffix in (".yaml", ".yml", ".json")]
            self.assertEqual(found, [folder / "config.yaml"])
            for path in own_files(folder / "Dockerfile", folder=folder):
                self.assertTrue(path.exists(), path)
            self.assertEqual(images.Image(folder / "Dockerfile").command, ["/run.sh"])
            self.assertTrue((folder / "run.sh").stat().st_mode & 0o100)
            again = subprocess.run([script, folder], capture_output=True, text=True, check=False)
            self.assertEqual(again.returncode, 2)
            self.assertIn("exists already", again.stderr)


if __name__ == "__main__":
    harness.main()
