"""A ringcast that asks for passwords, and those who may watch there."""

import base64
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile

import harness

# Hashes of bcrypt with cost 4, the lowest, so that tests do not spend their time on them.
PASSWORDS = {"anna": "sesame-anna", "ben": "sesame-ben", "carol": "sesame@carol:1/2", "boss": "sesame-boss"}
HASHES = {
    "anna": "$2b$04$abcdefghijklmnopqrstuuJJuBev/9NX3ry4CxL8HIhmMBZ5t7NVq",
    "ben": "$2b$04$abcdefghijklmnopqrstuu2EW3K2MWUTG4ylVqtCzYHc8Fkw0aV4K",
    "carol": "$2b$04$abcdefghijklmnopqrstuuIjftFEkds3KxLWaCFa3MbidtjGe2nuG",
    "boss": "$2b$04$abcdefghijklmnopqrstuuRBq1JIsg5SK1Yx7MZlwFCDhkET2Coxy",
}


def basic(user, password):
    """The headers of a request by Basic authentication (RFC 7617)."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def as_user(name):
    return basic(name, PASSWORDS[name])


def with_token(path, token):
    """The path with the token as its last parameter."""
    return path + ("&" if "?" in path else "?") + "token=" + token


class ProtectedRingcast:
    """A ringcast with the users of PASSWORDS, of whom `boss` is an administrator. `streams` is the rest
    of its configuration, `hashes` are those of its users if not HASHES, `options` those of
    harness.Ringcast. Its files may be changed meanwhile: see `reload`."""

    def __init__(self, streams, hashes=None, **options):
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self.users = folder / "users"
            self.tokens = folder / "tokens"
            self.config = folder / "ringcast.toml"
            self.write_users(hashes or HASHES)
            self.config.write_text(f'[access]\nusers_file = "{self.users}"\ntokens_file = "{self.tokens}"\n'
                                   f'link_key_file = "{folder / "link.key"}"\nadmins = ["boss"]\n{streams}')
            self.token = self.new_token("tablet")
            self.run("link", "--revoke-all")  # makes the key
            self.server = stack.enter_context(harness.Ringcast("--config", self.config, **options))
            self.server.status_headers = as_user("boss")
            self._stack = stack.pop_all()

    def write_users(self, hashes):
        """Makes the names in `hashes` the users."""
        replacement = self.users.with_suffix(".new")
        with open(os.open(replacement, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.writelines(f"{name}:{stored}\n" for name, stored in hashes.items())
        replacement.rename(self.users)

    def run(self, *arguments):
        """Standard output of a command of ringcast."""
        done = subprocess.run([harness.binary(), *arguments, "--config", self.config], check=True, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=harness.WAIT_SECONDS)
        return done.stdout.strip()

    def new_token(self, name, *arguments):
        return self.run("token", name, *arguments)

    def new_link(self, stream, *arguments):
        """The token in a new link. `arguments` must have --for."""
        return self.run("link", stream, *arguments, "--base", self.server.url).split("?token=")[1]

    def reload(self):
        """Lets the server read its users, tokens and key again."""
        self.server.process.send_signal(signal.SIGHUP)

    def close(self):
        self._stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
