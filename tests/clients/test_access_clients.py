"""Programs that users watch streams with, with a password and with a link: what docs/clients.md tells to
write where."""

import asyncio
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

import harness
from protected import PASSWORDS, ProtectedRingcast, with_token

FRAMES = 10
# Anna's password has letters and a hyphen; Carol's has characters that have a meaning in URLs.
USERS = ("anna", "carol")
CONFIGURATION = """
[streams.door]
source = "pattern"
size = "640x360"
fps = 30
viewers = ["anna", "carol"]
"""


def setUpModule():
    global protected, server, link
    protected = ProtectedRingcast(CONFIGURATION)
    unittest.addModuleCleanup(protected.close)
    server = protected.server.wait_live()
    link = with_token(server.url + "/door/stream", protected.new_link("door", "--for", "1h"))


def tearDownModule():
    for secret in [*PASSWORDS.values(), link.split("=")[1]]:
        assert secret not in server.log(), server.log()


def encoded_password(user):
    """As it stands in a URL (RFC 3986, 3.2.1)."""
    return urllib.parse.quote(PASSWORDS[user], safe="")


def url_with_password(user, url=None):
    """The address of the stream with user and password in it."""
    return (url or server.url + "/door/stream").replace("http://", f"http://{user}:{encoded_password(user)}@")


def urls():
    """The addresses that contain what a viewer needs."""
    return [*map(url_with_password, USERS), link]


def frames_in(output):
    """The sequence numbers of the complete frames in the output of a program that keeps their bytes."""
    begin, end = b"\xff\xd8", b"\xff\xd9"
    return [harness.StampedFrame(begin + frame.split(end)[0] + end).sequence for frame in output.split(begin)[1:-1]]


def run(*command, **options):
    """Standard output of a program that ends by itself."""
    return subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=harness.WAIT_SECONDS, **options).stdout


@contextlib.contextmanager
def running(*command, **options):
    """A program that goes on until it is ended."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               **{"stdout": subprocess.DEVNULL, **options})
    try:
        yield process
    finally:
        process.kill()  # VLC ignores SIGTERM while it asks for a password
        process.wait()
        if process.stdout:
            process.stdout.close()


class AccessClients(unittest.TestCase):
    def setUp(self):
        server.wait_without_viewers()

    def check_output(self, *command):
        """The program writes the stream to standard output."""
        with running(*command, stdout=subprocess.PIPE) as process:
            output = b""
            while output.count(b"\xff\xd8") <= FRAMES:
                data = process.stdout.read1()
                self.assertTrue(data, f"{command} ended")
                output += data
        self.assertTrue(harness.rising(frames_in(output)))
        server.wait_without_viewers()

    def check_viewer(self, *command, **options):
        """The program goes on reading the stream."""
        with running(*command, **options) as process:
            def reads():
                self.assertIsNone(process.poll(), f"{command} ended")
                return any(viewer["frames_sent"] > FRAMES for viewer in server.status()["viewers"])

            harness.wait_for(reads, f"{command} to read {FRAMES} frames")
        server.wait_without_viewers()

    def test_curl(self):
        harness.need("curl")
        for user in USERS:
            self.check_output("curl", "-sSN", "-u", f"{user}:{PASSWORDS[user]}", server.url + "/door/stream")
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as file:
            file.write(f"machine 127.0.0.1 login carol password {PASSWORDS['carol']}\n")
            file.flush()
            self.check_output("curl", "-sSN", "--netrc-file", file.name, server.url + "/door/stream")
        self.check_output("curl", "-sSN", "--oauth2-bearer", link.split("=")[1], server.url + "/door/stream")
        for url in urls():
            self.check_output("curl", "-sSN", url)

    def test_wget(self):
        harness.need("wget")
        for user in USERS:
            self.check_output("wget", "-qO-", f"--user={user}", f"--password={PASSWORDS[user]}",
                              server.url + "/door/stream")
        for url in urls():
            self.check_output("wget", "-qO-", url)

    def test_ffmpeg(self):
        harness.need("ffmpeg")
        for url in urls():
            output = run("ffmpeg", "-v", "error", "-f", "mpjpeg", "-i", url, "-frames:v", str(FRAMES), "-c", "copy",
                         "-f", "mjpeg", "-")
            self.assertEqual(output.count(b"\xff\xd8"), FRAMES)

    def test_gstreamer(self):
        harness.need("gst-launch-1.0")
        sources = [[f"location={url}"] for url in urls()]
        sources += [[f"location={server.url}/door/stream", f"user-id={user}", f"user-pw={PASSWORDS[user]}"]
                    for user in USERS]
        for source in sources:
            # A pipeline whose source fails ends with an error.
            output = run("gst-launch-1.0", "-q", "souphttpsrc", *source, "!", "multipartdemux", "!", "identity",
                         f"eos-after={FRAMES + 1}", "!", "fdsink", "fd=1")
            self.assertGreaterEqual(output.count(b"\xff\xd8"), FRAMES)

    def test_mpv(self):
        harness.need("mpv")
        for url in urls():
            run("mpv", "--no-config", "--no-terminal", "--vo=null", "--ao=null", f"--frames={FRAMES}",
                "--profile=low-latency", "--untimed", url)

    def test_vlc(self):
        harness.need("vlc")
        with tempfile.TemporaryDirectory() as home:
            os.chmod(home, 0o777)
            # VLC refuses to run as root.
            prefix = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
            for url in urls():
                self.check_viewer(*prefix, "vlc", "-I", "dummy", "--network-caching=0", "--vout=dummy", "--no-audio",
                                  url, env={**os.environ, "HOME": home})

    def test_opencv(self):
        reader = f"""
import sys
try:
    import cv2
except ImportError:
    sys.exit(77)
stream = cv2.VideoCapture(sys.argv[1])
sys.exit(not all(stream.read()[0] for _ in range({FRAMES})))
"""
        for url in urls():
            done = subprocess.run([sys.executable, "-c", reader, url], check=False, capture_output=True, text=True,
                                  timeout=2 * harness.WAIT_SECONDS)
            if done.returncode == 77:
                self.skipTest("python3-opencv is not installed")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_motion(self):
        harness.need("motion")
        address = server.url.replace("http://", "mjpeg://") + "/door/stream"
        settings = [f"netcam_url {address}\nnetcam_userpass {user}:{PASSWORDS[user]}" for user in USERS]
        # With http:// it makes a URL of both, with mjpeg:// it does not decode a password in the URL.
        settings += [f"netcam_url {server.url}/door/stream\nnetcam_userpass {user}:{encoded_password(user)}"
                     for user in USERS]
        settings += [f"netcam_url {url.replace('http://', 'mjpeg://')}" for url in (url_with_password("anna"), link)]
        for camera in settings:
            with tempfile.TemporaryDirectory() as folder:
                configuration = pathlib.Path(folder, "motion.conf")
                configuration.write_text(
                    f"daemon off\ntarget_dir {folder}\nwidth 640\nheight 360\nframerate 100\npicture_output off\n"
                    f"movie_output off\nwebcontrol_port 0\nstream_port 0\n{camera}\n", encoding="ascii")
                self.check_viewer("motion", "-n", "-c", configuration, cwd=folder)

    def test_home_assistant(self):
        # The integration "MJPEG IP Camera" reads with aiohttp. A picture begins at the first FF D8 and ends at the
        # first FF D9 behind it.
        try:
            import aiohttp
        except ImportError:
            raise unittest.SkipTest("python3-aiohttp is not installed") from None

        async def read(url, login):
            buffer = b""
            timeout = aiohttp.ClientTimeout(total=harness.WAIT_SECONDS)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                async with session.get(url, auth=login) as response:
                    self.assertEqual(response.status, 200)
                    async for chunk in response.content.iter_chunked(102400):
                        buffer += chunk
                        if buffer.count(b"\xff\xd8") > FRAMES:
                            return frames_in(buffer)
            raise AssertionError("the stream ended")

        address = server.url + "/door/stream?variant=advance"
        sources = [(address, aiohttp.BasicAuth(user, PASSWORDS[user])) for user in USERS]
        sources += [(link + "&variant=advance", None), (url_with_password("carol", address), None)]
        for url, login in sources:
            self.assertTrue(harness.rising(asyncio.run(read(url, login))))


if __name__ == "__main__":
    harness.main()
