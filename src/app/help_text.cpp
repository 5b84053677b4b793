#include "app/help_text.hpp"

namespace ringcast::app {

const std::string_view examples_text =
    R"(ringcast shows a camera or any JPEG frames to many viewers. Three ways to start:

  ringcast camera                             the camera of this machine, at http://127.0.0.1:8080
  ringcast pattern                            a moving test picture, without a camera
  rpicam-vid -t 0 -n --codec mjpeg --flush -o - | ringcast -
                                              the output of a program

`ringcast --config FILE` shows several streams; `ringcast --help` lists all options.
)";

const std::string_view help_text = R"(Usage: ringcast SOURCE [OPTION]...
       ringcast --config FILE [OPTION]...
       ringcast --reload
       ringcast doctor [--config FILE] [--listen ADDRESS]...
       ringcast doctor --through URL [--config FILE] [--listen ADDRESS]...
       ringcast cameras
       ringcast bench-encoder [--size WIDTHxHEIGHT] [--quality N]
       ringcast passwd NAME       sets the password of a user: ringcast passwd --help
       ringcast token NAME        makes a token for a program: ringcast token --help
       ringcast link STREAM       makes a link that expires: ringcast link --help
       ringcast health [STREAM]   checks a running ringcast: ringcast health --help
       ringcast top [URL]         shows its streams and viewers: ringcast top --help

Sends the frames of a source to many viewers over HTTP, as MJPEG.

SOURCE is one of
  camera, camera:ID     the only camera, or the camera that ID selects: its id or a part of it,
                        its model, or its number in the list of `ringcast cameras`
  /dev/video0           the camera with that device
  pattern               a moving test picture
  -                     standard input: JPEG frames one after the other; ringcast ends with it
  http://HOST:PORT/PATH the stream or the picture of another server, by one connection
  FILE                  a recording (.mjpeg, .mjpg) or a picture (.jpg, .jpeg), in a loop
  FOLDER                the JPEG files in it, in a loop
  FILE.toml             the same as --config FILE.toml

`ringcast doctor` checks this machine (io_uring, limits, network cards, cameras, ports) and reports
what it found, what that means, and what to do about it.

`ringcast doctor --through URL` reads a stream of a running ringcast by its public URL, as in
https://cam.example.org/door/stream, and directly, and reports what the proxy in between does to
it. Takes 20 s. URL may contain USER:PASSWORD@ or ?token=TOKEN, which are not printed.

`ringcast bench-encoder` measures for some seconds how fast this machine encodes the pictures of a
camera that produces no JPEG itself.

Options, before or after SOURCE
  --config FILE         read the configuration from FILE
  --listen ADDRESS      HOST:PORT, :PORT (every address), [IPV6]:PORT or unix:/PATH; may be
                        repeated; replaces those of the configuration (default: 127.0.0.1:8080)
  --size WIDTHxHEIGHT   size of the camera's picture or the pattern (default: 1280x720; for a
                        camera, its largest size up to that)
  --fps N               frames per second of a camera, pattern, recording or picture
                        (default: 30; 1 for pictures)
  --quality N           JPEG quality of the pattern, and of cameras that produce no JPEG
                        themselves, 1 to 100 (default: 80)
  --engine ENGINE       io_uring; epoll, which copies each frame for each viewer; or auto, which is
                        epoll where io_uring is refused, as in most containers (default: auto)
  --log-level LEVEL     debug, info, warning or error (default: info)
  --check               describe the configuration, or list the mistakes in it, and exit; warns of
                        files and programs that are missing
  --reload              let the ringcast that runs as this user, or as a service, read its
                        configuration again, and print what it has changed or what is wrong
  --version             print the version
  --help                print this

`ringcast cameras` lists the cameras of this machine with their formats, sizes and controls. Its
output is a configuration: `ringcast cameras > cameras.toml`, then `ringcast cameras.toml`.

Examples
  ringcast camera --size 1920x1080 --listen :8080
  ringcast pattern --size 1920x1080 --fps 60
  ringcast pattern --listen :8080             open to your network, without a password
  rpicam-vid -t 0 -n --codec mjpeg --flush -o - | ringcast -
  ringcast http://192.0.2.10:8080/?action=stream
  ringcast holiday.mjpeg --fps 25
  ringcast --config ringcast.toml --check

Exit codes
  0  ended on request: by a signal, by the end of its input, or after --check, --help, --version;
     or the doctor found no problem
  1  a failure while it ran, its input had no JPEG frame, or the doctor found a problem; or
     passwd, token or link failed; or --reload found no running ringcast
  2  the command line or the configuration is wrong, or shows a camera without the package
     ringcast-libcamera; with --reload, nothing was changed then
  3  can't start: the port is taken, a permission is missing, or io_uring is off although it was
     asked for; or `ringcast cameras` found no camera
)";

const std::string_view passwd_help_text = R"(Usage: ringcast passwd NAME [OPTION]...

Adds a user or changes the password of one, in a file with lines NAME:HASH. Asks for the password
twice; if standard input is not a terminal, its first line is the password.

Options
  --config FILE         change the users_file of this configuration (default:
                        /etc/ringcast/ringcast.toml; where it names none, /etc/ringcast/users)
  --file FILE           change this file
  --delete              remove the user
  --help                print this

Examples
  sudo ringcast passwd anna
  sudo ringcast passwd anna --delete
  ringcast passwd anna --config ringcast.toml
  ringcast passwd anna --file users < password.txt

A running ringcast reads the file again on SIGHUP: sudo systemctl reload ringcast
)";

const std::string_view token_help_text = R"(Usage: ringcast token NAME [OPTION]...

Makes a random token for a program that watches, and prints it. The file has only its digest, in a
line NAME:SHA-256, so a token that is lost can be replaced, but not printed again.

Options
  --stream STREAM       admit the token to this stream only; may be repeated (default: all streams
                        that are open to NAME)
  --replace             make a new token for a name that has one, with the same streams unless
                        --stream is given; the old token becomes invalid
  --delete              remove the token
  --config FILE         change the tokens_file of this configuration (default:
                        /etc/ringcast/ringcast.toml; where it names none, /etc/ringcast/tokens)
  --file FILE           change this file
  --help                print this

Examples
  sudo ringcast token tablet --stream door
  sudo ringcast token tablet --replace
  curl -H "Authorization: Bearer TOKEN" http://192.0.2.10:8080/door/snapshot -o door.jpg
  ffplay "http://192.0.2.10:8080/door/stream?token=TOKEN"

A running ringcast reads the file again on SIGHUP: sudo systemctl reload ringcast
)";

const std::string_view link_help_text = R"(Usage: ringcast link STREAM --for DURATION [OPTION]...
       ringcast link --revoke-all [--config FILE]

Prints an address at which whoever has it can watch one stream until it expires.

Options
  --for DURATION        how long it is valid, from 1s to 365d: 30m, 24h, 7d
  --fps N               at most N frames per second, from 0.001 to 1000
  --snapshot-only       for single pictures, not for the stream
  --base URL            the address by which viewers reach this server, such as that of a proxy
                        (default: the first address that the configuration listens on)
  --config FILE         the configuration of the server (default: /etc/ringcast/ringcast.toml)
  --revoke-all          make a new key, so that all links become invalid; to revoke one link alone
                        is not possible
  --help                print this

Examples
  sudo ringcast link door --for 24h
  sudo ringcast link door --for 7d --fps 5 --base https://cam.example.org/
  sudo ringcast link --revoke-all && sudo systemctl reload ringcast
)";

const std::string_view health_help_text = R"(Usage: ringcast health [STREAM] [OPTION]...

Asks the ringcast that runs on this machine whether it is healthy, and prints its answer: "ok"
while it runs and admits viewers; with STREAM, while that stream is live, or paused because nobody
watches. Takes at most 5 s. Sends no password: where ringcast asks for one, STREAM must be public.

Options
  --config FILE         the configuration of that ringcast: its addresses are tried in turn
  --listen ADDRESS      an address where it listens, instead of those of the configuration; may be
                        repeated (default: 127.0.0.1:8080)
  --help                print this

Examples
  ringcast health
  ringcast health door --config /etc/ringcast/ringcast.toml
  docker run --health-cmd "ringcast health" ...

Exit codes
  0  healthy
  1  not healthy, or nothing answers
  2  the command line or the configuration is wrong
)";

const std::string_view top_help_text = R"(Usage: ringcast top [URL] [OPTION]...

Shows the streams and viewers of a running ringcast, anew every second, until q or Ctrl-C. If
standard output is not a terminal, prints them once, with the rates of one second.

URL is the address of the server, as in http://192.0.2.10:8080/, maybe that of a proxy. It may
contain USER:PASSWORD@ or ?token=TOKEN, which are not shown: where ringcast asks for passwords,
only administrators see the viewers. Without URL, the ringcast on this machine is asked.

Options
  --config FILE         the configuration of that ringcast: its addresses are tried in turn
  --listen ADDRESS      an address where it listens, instead of those of the configuration; may be
                        repeated (default: 127.0.0.1:8080)
  --help                print this

Columns of streams
  KB                    mean size of a frame
  MBIT/S                sent to all viewers in the last second
  AGE                   of the newest frame
  DELAY                 from the capture of a frame to the end of its send, mean of the last second
  SKIPPED               share of the frames that viewers did not take in time, in the last second
  STATE                 live, starting, lost with the reason, or resting while nobody watches

Columns of viewers
  AGE                   of the newest frame that has arrived
  FPS                   frames per second that are sent
  SKIPPED               share of the frames that were not taken in time, in the last second
  PATH                  zero-copy or copy: how the kernel gets the frames

Examples
  ringcast top
  ringcast top --config /etc/ringcast/ringcast.toml
  ringcast top http://anna:secret@192.0.2.10:8080/
  ringcast top | grep lost
)";

} // namespace ringcast::app
