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
       ringcast doctor [--config FILE] [--listen ADDRESS]...
       ringcast cameras
       ringcast bench-encoder [--size WIDTHxHEIGHT] [--quality N]

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
  --log-level LEVEL     debug, info, warning or error (default: info)
  --check               describe the configuration, or list the mistakes in it, and exit; warns of
                        files and programs that are missing
  --version             print the version
  --help                print this

`ringcast cameras` lists the cameras of this machine with their formats, sizes and controls. Its
output is a configuration: `ringcast cameras > cameras.toml`, then `ringcast cameras.toml`.

Examples
  ringcast camera --size 1920x1080 --listen :8080
  ringcast pattern --size 1920x1080 --fps 60
  ringcast pattern --listen :8080             open to your network; there is no password yet
  rpicam-vid -t 0 -n --codec mjpeg --flush -o - | ringcast -
  ringcast http://192.0.2.10:8080/?action=stream
  ringcast holiday.mjpeg --fps 25
  ringcast --config ringcast.toml --check

Exit codes
  0  ended on request: by a signal, by the end of its input, or after --check, --help, --version;
     or the doctor found no problem
  1  a failure while it ran, its input had no JPEG frame, or the doctor found a problem
  2  the command line or the configuration is wrong
  3  can't start: the port is taken, io_uring is off, or a permission is missing; or
     `ringcast cameras` found no camera
)";

} // namespace ringcast::app
