#pragma once
// The emulated camera itself: makes a frame at each tick of its timer and gives it to the host in
// payloads (UVC 1.1 section 2.4.3), as fast as the host asks for them.

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
    std::string log; ///< file; empty: none
    int port = 0;
    bool stamped = true;
    unsigned error_every = 0;    ///< the error bit in each n-th frame; 0: never
    unsigned truncate_every = 0; ///< half of each n-th frame; 0: never
};

class Camera {
public:
    /// Plugs it in.
    [[nodiscard]] static Result<Camera> plug_in(CameraOptions options);

    /// Until `stop` is readable or the host controller has gone. It is unplugged when this object
    /// ends.
    void run(int stop);

private:
    struct FileCloser {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    using File = std::unique_ptr<std::FILE, FileCloser>;

    Camera(CameraOptions options, UsbPort port, UniqueFd timer, File log);

    [[nodiscard]] bool serve();
    [[nodiscard]] bool serve_control(const UsbRequest& request);
    [[nodiscard]] bool serve_unlink(const UsbRequest& request);
    void begin_stream();
    [[nodiscard]] bool tick();
    void make_frame();
    /// Moves the frame into the requests that wait, one payload each.
    [[nodiscard]] bool send();
    [[nodiscard]] bool send_payload(const UsbRequest& request);
    void write_log() const;

    CameraOptions options_;
    UsbPort port_;
    UniqueFd timer_;
    File log_;
    Controls controls_;
    std::vector<RawFrames> raw_;
    /// Those for payloads. The host has five or so.
    std::deque<UsbRequest> waiting_;
    std::uint64_t next_sequence_ = 0;
    Frame frame_;
    std::size_t sent_ = 0; ///< bytes of frame_
    bool frame_id_ = false;
    bool erroneous_ = false;
    bool truncated_ = false;
};

} // namespace ringcast::vm
