#include "encode/raw_encoder.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>

#include <jpeglib.h>

#include <jerror.h>

#include "base/assert.hpp"
#include "encode/component_lines.hpp"
#include "encode/jpeg_errors.hpp"
#include "encode/jpeg_memory.hpp"
#include "encode/span_destination.hpp"

namespace ringcast::encode {

namespace {

static_assert(ComponentLines::block == DCTSIZE);

/// The colour space of the lines that are passed to the library.
J_COLOR_SPACE colour_space_of(PixelFormat format) noexcept {
    switch (format) {
    case PixelFormat::rgb:
        return JCS_EXT_RGB;
    case PixelFormat::bgr:
        return JCS_EXT_BGR;
    case PixelFormat::rgbx:
        return JCS_EXT_RGBX;
    case PixelFormat::bgrx:
        return JCS_EXT_BGRX;
    case PixelFormat::grey:
        return JCS_GRAYSCALE;
    case PixelFormat::yuv420:
    case PixelFormat::yvu420:
    case PixelFormat::nv12:
    case PixelFormat::nv21:
    case PixelFormat::yuyv:
    case PixelFormat::uyvy:
    case PixelFormat::yuv444:
    case PixelFormat::yuv422:
    case PixelFormat::yuv440:
        return JCS_YCbCr;
    }
    assertion_failed("the pixel format is known", __FILE__, __LINE__);
}

/// The library's interface lacks const, but it only reads the lines.
JSAMPROW as_row(const std::uint8_t* line) noexcept {
    return const_cast<JSAMPROW>(line); // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

} // namespace

McuSize mcu_size(PixelFormat format) noexcept {
    const PixelLayout& layout = layout_of(format);
    if (layout.component_count == 1) {
        return {DCTSIZE, DCTSIZE};
    }
    if (layout.component_count == 0) {
        return {2 * DCTSIZE, 2 * DCTSIZE}; // RGB is encoded as 4:2:0
    }
    const ComponentLayout& chroma = layout.components[1];
    return {DCTSIZE << chroma.column_shift, DCTSIZE << chroma.line_shift};
}

struct RawEncoder::State {
    jpeg_compress_struct library{};
    JpegErrors errors;
    SpanDestination destination;
    JpegMemory memory;
    ComponentLines components;
    bool out_of_memory = false; ///< for the last picture

    State() {
        library.err = errors.prepare();
        if (!without_error(errors, [this] { jpeg_create_compress(&library); })) {
            throw std::bad_alloc();
        }
        memory.attach(library);
    }
    State(State&&) = delete;
    State& operator=(State&&) = delete;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { jpeg_destroy_compress(&library); }

    /// False when memory is short, which is the only error: every input is checked before it is passed
    /// to the library.
    template <typename Work>
    [[nodiscard]] bool attempt(const Work& work) noexcept {
        if (without_error(errors, work)) {
            return true;
        }
        if (errors.code != JERR_OUT_OF_MEMORY) {
            errors.manager.output_message(reinterpret_cast<j_common_ptr>(&library));
            assertion_failed("libjpeg accepts the picture", __FILE__, __LINE__);
        }
        return false;
    }
    [[nodiscard]] bool write(const RawPicture& picture, const EncodeSettings& settings) noexcept;

    void configure(const RawPicture& picture, const EncodeSettings& settings) {
        const PixelLayout& layout = layout_of(picture.format);
        library.image_width = static_cast<JDIMENSION>(picture.width);
        library.image_height = static_cast<JDIMENSION>(picture.height);
        library.in_color_space = colour_space_of(picture.format);
        library.input_components =
            layout.component_count > 0 ? layout.component_count : layout.planes[0].group_bytes;
        jpeg_set_defaults(&library);
        const McuSize mcu = mcu_size(picture.format);
        library.comp_info[0].h_samp_factor = mcu.width / DCTSIZE;
        library.comp_info[0].v_samp_factor = mcu.height / DCTSIZE;
        jpeg_set_quality(&library, settings.quality, TRUE);
        library.raw_data_in = layout.component_count > 0 ? TRUE : FALSE;
        library.restart_interval = settings.restart_interval;
        // A JFIF segment would have to be first, where the comment is. Without one, every decoder
        // takes three components for YCbCr.
        library.write_JFIF_header = FALSE;
    }

    void write_comment(std::size_t bytes) {
        constexpr std::array<JOCTET, 256> zeroes{};
        RINGCAST_ASSERT(bytes <= zeroes.size());
        if (bytes > 0) {
            jpeg_write_marker(&library, JPEG_COM, zeroes.data(), static_cast<unsigned>(bytes));
        }
    }

    void write_components(const RawPicture& picture) {
        // The library takes a whole row of MCUs per call.
        const int mcu_lines = mcu_size(picture.format).height;
        for (int top = 0; top < picture.height; top += mcu_lines) {
            components.gather(top, mcu_lines);
            std::array<std::array<JSAMPROW, ComponentLines::lines_max>, 3> rows{};
            std::array<JSAMPARRAY, 3> planes{};
            for (std::size_t i = 0; i < planes.size(); ++i) {
                std::ranges::transform(components.lines(i), rows[i].begin(), as_row);
                planes[i] = rows[i].data();
            }
            jpeg_write_raw_data(&library, planes.data(), static_cast<JDIMENSION>(mcu_lines));
        }
    }

    void write_pixels(const RawPicture& picture) {
        const Plane& plane = picture.planes[0];
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(plane.bytes.data());
        std::array<JSAMPROW, ComponentLines::lines_max> rows{};
        for (int top = 0; top < picture.height; top += static_cast<int>(rows.size())) {
            const int lines = std::min(static_cast<int>(rows.size()), picture.height - top);
            for (int i = 0; i < lines; ++i) {
                rows[static_cast<std::size_t>(i)] =
                    as_row(bytes + static_cast<std::size_t>(top + i) * plane.stride);
            }
            jpeg_write_scanlines(&library, rows.data(), static_cast<JDIMENSION>(lines));
        }
    }
};

RawEncoder::RawEncoder() : state_(std::make_unique<State>()) {}
RawEncoder::RawEncoder(RawEncoder&&) noexcept = default;
RawEncoder& RawEncoder::operator=(RawEncoder&&) noexcept = default;
RawEncoder::~RawEncoder() = default;

bool RawEncoder::State::write(const RawPicture& picture, const EncodeSettings& settings) noexcept {
    if (!attempt([&] { configure(picture, settings); })) {
        return false;
    }
    if (library.raw_data_in == TRUE && !components.begin(picture)) {
        return false;
    }
    return attempt([&] {
        jpeg_start_compress(&library, TRUE);
        write_comment(settings.comment_bytes);
        if (library.raw_data_in == TRUE) {
            write_components(picture);
        } else {
            write_pixels(picture);
        }
        jpeg_finish_compress(&library);
    });
}

bool RawEncoder::out_of_memory() const noexcept {
    return state_->out_of_memory;
}

std::optional<std::size_t> RawEncoder::encode(const RawPicture& picture,
                                              const EncodeSettings& settings,
                                              ByteSpan into) noexcept {
    RINGCAST_ASSERT(settings.quality >= 1);
    RINGCAST_ASSERT(settings.quality <= 100);
    if (into.empty() || !problem_of(picture).empty()) {
        return std::nullopt;
    }
    state_->destination.attach(state_->library, into);
    state_->out_of_memory = !state_->write(picture, settings);
    if (state_->out_of_memory) {
        jpeg_abort_compress(&state_->library); // the next picture begins anew
        return std::nullopt;
    }
    return state_->destination.bytes();
}

} // namespace ringcast::encode
