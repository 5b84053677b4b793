"""The files of packaging/container, as far as the tests have to understand them."""

import json
import pathlib
import re
import shlex
import unittest

ROOT = pathlib.Path(__file__).parents[2]
CONTAINER = ROOT / "packaging/container"
HOME_ASSISTANT = CONTAINER / "home-assistant"


def read_yaml(file):
    try:
        import yaml
    except ImportError:
        raise unittest.SkipTest("python3-yaml is not installed") from None
    return yaml.safe_load(file.read_text())


def instructions(*files):
    """(NAME, rest of the line) for each instruction of these Containerfiles, in order."""
    text = "".join(file.read_text() for file in files)
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


class Image:
    """What the last stage of these Containerfiles, read one after the other, sets for its containers. Each stage
    has what the one that it is made from has."""

    def __init__(self, *files):
        stages = {}
        settings = {}
        for name, rest in instructions(*files):
            if name == "FROM":
                base, _, stage = rest.split()
                settings = stages[stage] = dict(stages.get(base, {}), env=dict(stages.get(base, {}).get("env", {})))
            elif name == "ENV":
                settings["env"].update(word.split("=", 1) for word in shlex.split(rest))
            elif name in ("ENTRYPOINT", "CMD"):
                settings[name] = json.loads(rest)
            elif name == "HEALTHCHECK":
                options, command = rest.split("CMD", 1)
                settings[name] = json.loads(command)
                settings["health timeout"] = re.search(r"--timeout=(\d+)s", options)[1]
            else:
                settings[name] = rest
        self.command = settings["ENTRYPOINT"] + settings["CMD"]
        self.health_check = settings["HEALTHCHECK"]
        self.health_seconds_max = int(settings["health timeout"])
        self.stop_signal = settings["STOPSIGNAL"]
        self.port = int(settings["EXPOSE"])
        self.user = settings["USER"]
        self.environment = settings["env"]


def ringcast_image():
    return Image(CONTAINER / "Containerfile")


def home_assistant_image():
    return Image(CONTAINER / "Containerfile", HOME_ASSISTANT / "Dockerfile")
