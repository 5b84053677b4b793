#include "encode/jpeg_encoder.hpp"

#include <array>
#include <cstdio>

#include <jpeglib.h>

#include "ringcast/base/assert.hpp"

namespace ringcast::encode {

namespace {

constexpr int luma_lines = 2 * DCTSIZE; // one row of 4:2:0 blocks
constexpr int chroma_lines = DCTSIZE;
constexpr std::size_t soi_bytes = 2;

/// A destination of fixed size. What does not fit goes into `spill`, over and over: so the encoder
/// never writes beyond its span, and no jump out of the library is needed to stop it.
struct SpanDestination {
    jpeg_destination_mgr manager{}; // The library knows it by this address.
    ByteSpan into;
    bool fits = true;
    std::array<JOCTET, 4096> spill{};
};

SpanDestination& destination_of(j_compress_ptr encoder) noexcept {
    return *reinterpret_cast<SpanDestination*>(encoder->dest);
}

void begin_output(j_compress_ptr encoder) noexcept {
    SpanDestination& destination = destination_of(encoder);
    destination.manager.next_output_byte = reinterpret_cast<JOCTET*>(destination.into.data());
    destination.manager.free_in_buffer = destination.into.size();
}

/// The library calls this as soon as the last byte is taken, so an exact fit counts as none.
boolean spill_output(j_compress_ptr encoder) noexcept {
    SpanDestination& destination = destination_of(encoder);
    destination.fits = false;
    destination.manager.next_output_byte = destination.spill.data();
    destination.manager.free_in_buffer = destination.spill.size();
    return TRUE;
}

void end_output(j_compress_ptr /*encoder*/) noexcept {}

/// Every input is checked before it gets to the library: what is left is memory running out, which
/// would end the program anywhere else as well.
[[noreturn]] void fail_hard(j_common_ptr encoder) {
    encoder->err->output_message(encoder);
    assertion_failed("libjpeg accepts the picture", __FILE__, __LINE__);
}

} // namespace

struct JpegEncoder::State {
    jpeg_compress_struct library{};
    jpeg_error_mgr errors{};
    SpanDestination destination{};

    State() {
        library.err = jpeg_std_error(&errors);
        errors.error_exit = &fail_hard;
        jpeg_create_compress(&library);
        library.dest = &destination.manager;
        destination.manager.init_destination = &begin_output;
        destination.manager.empty_output_buffer = &spill_output;
        destination.manager.term_destination = &end_output;
    }
    State(State&&) = delete;
    State& operator=(State&&) = delete;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { jpeg_destroy_compress(&library); }

    void configure(const Picture& picture, int quality) {
        library.image_width = static_cast<JDIMENSION>(picture.width());
        library.image_height = static_cast<JDIMENSION>(picture.height());
        library.input_components = 3;
        library.in_color_space = JCS_YCbCr;
        jpeg_set_defaults(&library); // 4:2:0 is its default.
        jpeg_set_quality(&library, quality, TRUE);
        library.raw_data_in = TRUE;
        // JFIF's segment would have to stand where the stamp does; without it, three components
        // mean YCbCr to every decoder.
        library.write_JFIF_header = FALSE;
    }

    void write_picture(const Picture& picture) {
        // The library's interface is not const, but it only reads.
        const auto line = [&picture](Channel channel, int y) {
            // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
            return const_cast<JSAMPROW>(picture.row(channel, y).data());
        };
        for (int top = 0; top < picture.padded_height(); top += luma_lines) {
            std::array<JSAMPROW, luma_lines> luma{};
            std::array<JSAMPROW, chroma_lines> blue{};
            std::array<JSAMPROW, chroma_lines> red{};
            for (int i = 0; i < luma_lines; ++i) {
                luma[static_cast<std::size_t>(i)] = line(Channel::luma, top + i);
            }
            for (int i = 0; i < chroma_lines; ++i) {
                blue[static_cast<std::size_t>(i)] = line(Channel::blue, top / 2 + i);
                red[static_cast<std::size_t>(i)] = line(Channel::red, top / 2 + i);
            }
            std::array<JSAMPARRAY, 3> planes = {luma.data(), blue.data(), red.data()};
            jpeg_write_raw_data(&library, planes.data(), luma_lines);
        }
    }
};

JpegEncoder::JpegEncoder() : state_(std::make_unique<State>()) {}
JpegEncoder::JpegEncoder(JpegEncoder&&) noexcept = default;
JpegEncoder& JpegEncoder::operator=(JpegEncoder&&) noexcept = default;
JpegEncoder::~JpegEncoder() = default;

std::optional<std::size_t> JpegEncoder::encode(const Picture& picture, int quality,
                                               const std::optional<jpeg::Stamp>& stamp,
                                               ByteSpan into) noexcept {
    RINGCAST_ASSERT(quality >= 1);
    RINGCAST_ASSERT(quality <= 100);
    if (into.empty()) {
        return std::nullopt;
    }
    SpanDestination& destination = state_->destination;
    destination.into = into;
    destination.fits = true;
    state_->configure(picture, quality);
    jpeg_start_compress(&state_->library, TRUE);
    if (stamp.has_value()) {
        // Room for it, and a right length; the text follows when the checksum is known.
        std::array<JOCTET, jpeg::stamp_bytes - 4> text{};
        jpeg_write_marker(&state_->library, JPEG_COM, text.data(), text.size());
    }
    state_->write_picture(picture);
    jpeg_finish_compress(&state_->library);
    if (!destination.fits) {
        return std::nullopt;
    }
    const std::size_t bytes = into.size() - destination.manager.free_in_buffer;
    if (stamp.has_value()) {
        jpeg::Stamp finished = *stamp;
        finished.crc = jpeg::stamp_checksum(into.first(bytes));
        jpeg::write_stamp(into.subspan(soi_bytes), finished);
    }
    return bytes;
}

} // namespace ringcast::encode
