"""A container's seccomp profile, as the engines read it, for a program in bubblewrap."""

import json
import pathlib
import platform
import tempfile
import unittest

# podman's default. Docker's has the same rules but for a few, and answers EPERM.
DEFAULT = pathlib.Path("/usr/share/containers/seccomp.json")
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def default_profile(error):
    """The default profile, with `error` as the answer to system calls that it does not list."""
    if not DEFAULT.exists():
        raise unittest.SkipTest(f"{DEFAULT} does not exist: the package golang-github-containers-common is not installed")
    profile = json.loads(DEFAULT.read_text())
    profile["defaultErrnoRet"] = error
    profile.pop("defaultErrno", None)
    return profile


def applies(rule):
    """Whether a rule is for this architecture and for a container without capabilities."""
    included, excluded = rule.get("includes", {}), rule.get("excludes", {})
    if included.get("caps") or ARCHITECTURE in excluded.get("arches", []):
        return False
    return ARCHITECTURE in included.get("arches", [ARCHITECTURE])


def compiled(profile):
    """An open file with the filter program of `profile`."""
    try:
        import seccomp
    except ImportError:
        raise unittest.SkipTest("python3-seccomp is not installed") from None
    comparisons = {"SCMP_CMP_EQ": seccomp.EQ, "SCMP_CMP_NE": seccomp.NE, "SCMP_CMP_LT": seccomp.LT,
                   "SCMP_CMP_MASKED_EQ": seccomp.MASKED_EQ}
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO", profile["defaultAction"]
    program = seccomp.SyscallFilter(seccomp.ERRNO(profile["defaultErrnoRet"]))
    for rule in filter(applies, profile["syscalls"]):
        if rule["action"] == "SCMP_ACT_ALLOW":
            action = seccomp.ALLOW
        elif rule["action"] == "SCMP_ACT_ERRNO":
            if rule["errnoRet"] == profile["defaultErrnoRet"]:
                continue  # the default already, which libseccomp refuses to be told
            action = seccomp.ERRNO(rule["errnoRet"])
        else:
            raise ValueError(f"unknown action {rule['action']}")
        arguments = [seccomp.Arg(argument["index"], comparisons[argument["op"]], argument["value"],
                                 argument.get("valueTwo", 0)) for argument in rule.get("args") or []]
        for name in rule["names"]:
            try:
                number = seccomp.resolve_syscall(seccomp.Arch(), name)
            except ValueError:
                continue  # newer than this libseccomp, or of another architecture: engines skip it too
            if number >= 0:
                program.add_rule(action, number, *arguments)
    file = tempfile.TemporaryFile()
    program.export_bpf(file)
    file.seek(0)
    return file
