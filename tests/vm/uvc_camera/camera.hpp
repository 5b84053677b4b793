#pragma once
// The emulated camera: produces a frame at each tick of its timer and sends it to the host in
// payloads (UVC 1.1 section 2.4.3), as fast as the host requests them.

#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "uvc_camera/controls.hpp"
#include "uvc_camera/frames.hpp"
#include "uvc_camera/modes.hpp"
#include "uvc_camera/usb_port.hpp"

namespace ringcast::vm {

struct CameraOptions {
    Modes modes;
    std::vector<JpegFrames> jpegs; ///< one for each of modes.mjpeg
    std::string product;
    std::string log;         ///< path of the log file; empty: no log
    std::string control_log; ///< path of the log of controls; empty: no log
    int port = 0;
    bool stamped = true;
    unsigned error_every = 0;    ///< set the error bit in each n-th frame; 0: never
    unsigned truncate_every = 0; ///< send only half of each n-th frame; 0: never
};

class Camera {
public:
    /// Creates the camera and plugs it in. The destructor unplugs it.
    [[nodiscard]] static Result<Camera> plug_in(CameraOptions options);

    /// Serves the host until `stop` is readable or the host controller disconnects.
    void run(int stop);

private:
    struct FileCloser {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    using File = std::unique_ptr<std::FILE, FileCloser>;

    Camera(CameraOptions options, UsbPort port, UniqueFd timer, File log, File control_log);

    [[nodiscard]] static Result<File> open_log(const std::string& path);

    [[nodiscard]] bool serve();
    [[nodiscard]] bool serve_control(const UsbRequest& request);
    [[nodiscard]] bool serve_unlink(const UsbRequest& request);
    void begin_stream();
    [[nodiscard]] bool tick();
    void make_frame();
    /// Answers the waiting requests with the frame, one payload each.
    [[nodiscard]] bool send();
    [[nodiscard]] bool send_payload(const UsbRequest& request);
    void write_log() const;
    void write_control_log(const UnitControls::Change& change) const;

    CameraOptions options_;
    UsbPort port_;
    UniqueFd timer_;
    File log_;
    File control_log_;
    Controls controls_;
    std::vector<RawFrames> raw_;
    /// Requests for payloads. The host keeps about five in flight.
    std::deque<UsbRequest> waiting_;
    std::uint64_t next_sequence_ = 0;
    Frame frame_;
    std::size_t sent_ = 0; ///< bytes of frame_ that have been sent
    bool frame_id_ = false;
    bool erroneous_ = false;
    bool truncated_ = false;
};

} // namespace ringcast::vm
