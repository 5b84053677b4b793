#include "uvc_camera/descriptors.hpp"

#include <utility>

#include "uvc_camera/byte_writer.hpp"

namespace ringcast::vm {

namespace {

// Descriptor types (USB 2.0 table 9-5, UVC 1.1 table A-4).
constexpr int device = 1;
constexpr int configuration = 2;
constexpr int text_string = 3;
constexpr int interface = 4;
constexpr int endpoint = 5;
constexpr int interface_association = 11;
constexpr int class_interface = 0x24;

constexpr int video_class = 14;
constexpr int control_subclass = 1;
constexpr int streaming_subclass = 2;
constexpr int collection_subclass = 3;

// Subtypes of class-specific descriptors (UVC 1.1 tables ).
constexpr int control_header = 1;
constexpr int input_terminal = 2;
constexpr int output_terminal = 3;
constexpr int processing = 5;
constexpr int streaming_header = 1;
constexpr int format_uncompressed = 4;
constexpr int frame_uncompressed = 5;
constexpr int format_mjpeg = 6;
constexpr int frame_mjpeg = 7;
constexpr int colour_matching = 13;

constexpr int usb_terminal = 3;

void video_control(ByteWriter& out) {
    constexpr std::uint32_t units_bytes = 13 + 18 + 12 + 9;
    out.bytes({9, interface, control_interface, 0, 0, video_class, control_subclass, 0, 2});
    out.bytes({13, class_interface, control_header}).u16(0x0110).u16(units_bytes).u32(clock_hertz);
    out.bytes({1, streaming_interface});
    // The camera terminal's controls: exposure mode (bit 1) and time (3), focus (5), zoom (9) and
    // automatic focus (17).
    out.bytes({18, class_interface, input_terminal, camera_terminal}).u16(0x0201);
    out.bytes({0, 0, 0, 0, 0, 0, 0, 0, 3, 0x2A, 0x02, 0x02});
    // The processing unit's: brightness (bit 0), white balance temperature (6), gain (9), power
    // line frequency (10) and automatic white balance (12).
    out.bytes({12, class_interface, processing, processing_unit, camera_terminal});
    out.u16(0).bytes({2, 0x41, 0x16, 0, 0});
    out.bytes({9, class_interface, output_terminal, usb_terminal}).u16(0x0101);
    out.bytes({0, processing_unit, 0});
}

void frame_descriptors(ByteWriter& out, const Modes& modes, Format format, int subtype) {
    int number = 0;
    for (const Size size : modes.sizes(format)) {
        const std::uint32_t bytes = frame_bytes_max(size);
        const int intervals = static_cast<int>(modes.intervals.size());
        out.bytes({26 + 4 * intervals, class_interface, subtype, ++number, 0});
        out.u16(static_cast<std::uint32_t>(size.width));
        out.u16(static_cast<std::uint32_t>(size.height));
        // Minimum and maximum bit rate; Linux's driver does not enforce them.
        out.u32(bytes * 8 * 5).u32(bytes * 8 * 30).u32(bytes);
        out.u32(modes.intervals.front()).bytes({intervals});
        for (const std::uint32_t interval : modes.intervals) {
            out.u32(interval);
        }
    }
    out.bytes({6, class_interface, colour_matching, 1, 1, 4});
}

void format_descriptors(ByteWriter& out, const Modes& modes, Format format, int number) {
    const int sizes = static_cast<int>(modes.sizes(format).size());
    if (format == Format::mjpeg) {
        out.bytes({11, class_interface, format_mjpeg, number, sizes, 0, 1, 0, 0, 0, 0});
        frame_descriptors(out, modes, format, frame_mjpeg);
        return;
    }
    out.bytes({27, class_interface, format_uncompressed, number, sizes});
    out.bytes({'Y', 'U', 'Y', '2', 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71});
    out.bytes({16, 1, 0, 0, 0, 0});
    frame_descriptors(out, modes, format, frame_uncompressed);
}

void video_streaming(ByteWriter& out, const Modes& modes) {
    const std::vector<Format> formats = modes.formats();
    const int count = static_cast<int>(formats.size());
    out.bytes({9, interface, streaming_interface, 0, 1, video_class, streaming_subclass, 0, 0});
    const std::size_t begin = out.size();
    constexpr int direction_in = 0x80;
    out.bytes({13 + count, class_interface, streaming_header, count}).u16(0);
    out.bytes({direction_in | streaming_endpoint, 0, usb_terminal, 0, 0, 0, 1});
    for (int format = 0; format < count; ++format) {
        out.bytes({0});
    }
    int number = 0;
    for (const Format format : formats) {
        format_descriptors(out, modes, format, ++number);
    }
    constexpr std::size_t total_length_at = 4;
    out.set_u16(begin + total_length_at, out.size() - begin);
    // A bulk endpoint, because this host controller can't carry isochronous streams over USB/IP.
    constexpr int bulk = 2;
    out.bytes({7, endpoint, direction_in | streaming_endpoint, bulk}).u16(512).bytes({0});
}

} // namespace

Bytes device_descriptor() {
    ByteWriter out;
    out.bytes({18, device}).u16(0x0200).bytes({0xEF, 2, 1, 64});
    // Vendor and product id of the Linux Foundation, as used by the kernel's camera gadget.
    out.u16(0x1D6B).u16(0x0102).u16(0x0100);
    out.bytes({manufacturer_string, product_string, serial_string, 1});
    return std::move(out).take();
}

Bytes configuration_descriptor(const Modes& modes) {
    ByteWriter out;
    out.bytes({9, configuration}).u16(0).bytes({2, 1, 0, 0x80, 250});
    out.bytes({8, interface_association, control_interface, 2, video_class, collection_subclass});
    out.bytes({0, product_string});
    video_control(out);
    video_streaming(out, modes);
    constexpr std::size_t total_length_at = 2;
    out.set_u16(total_length_at, out.size());
    return std::move(out).take();
}

Bytes string_descriptor(std::string_view text) {
    ByteWriter out;
    out.bytes({static_cast<int>(2 + 2 * text.size()), text_string});
    for (const char character : text) {
        out.bytes({character, 0});
    }
    return std::move(out).take();
}

Bytes languages_descriptor() {
    ByteWriter out;
    out.bytes({4, text_string}).u16(0x0409);
    return std::move(out).take();
}

} // namespace ringcast::vm
