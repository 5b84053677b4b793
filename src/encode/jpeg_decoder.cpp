#include "encode/jpeg_decoder.hpp"

#include <algorithm>
#include <new>
#include <vector>

#include <jerror.h>

#include "base/assert.hpp"
#include "encode/jpeg_errors.hpp"
#include "encode/jpeg_memory.hpp"

namespace ringcast::encode {

namespace {

// Errors beside the library's own, which are positive.
constexpr int ended_early = -1;
constexpr int too_many_scans = -2;

/// Each scan may cost as much as the whole picture. The libraries' own progressions have 10.
constexpr int scans_max = 50;

TransformError decode_error_of(int code) noexcept {
    switch (code) {
    case ended_early:
        return {TransformFailure::damaged, "it ends within its data"};
    case too_many_scans:
        return {TransformFailure::unsupported, "it has more than 50 scans"};
    case JERR_OUT_OF_MEMORY:
        return {TransformFailure::out_of_memory, "memory is short"};
    case JERR_BAD_PRECISION:
        return {TransformFailure::unsupported, "its samples do not have 8 bits"};
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
        return {TransformFailure::unsupported, "its kind of compression is not supported"};
    case JERR_IMAGE_TOO_BIG:
        return {TransformFailure::unsupported, "it is too large"};
    default:
        return {TransformFailure::damaged, "its data is damaged"};
    }
}

/// Cameras write these, and decoders show such pictures as they were meant.
bool harmless(int warning) noexcept {
    return warning == JWRN_EXTRANEOUS_DATA || warning == JWRN_ADOBE_XFORM ||
           warning == JWRN_JFIF_MAJOR || warning == JWRN_TOO_MUCH_DATA;
}

void on_message(j_common_ptr library, int level) {
    if (level < 0 && !harmless(library->err->msg_code)) {
        JpegErrors::exit(library, library->err->msg_code);
    }
}

void begin_input(j_decompress_ptr /*decompressor*/) noexcept {}

boolean end_of_input(j_decompress_ptr decompressor) {
    JpegErrors::exit(reinterpret_cast<j_common_ptr>(decompressor), ended_early);
}

void skip_input(j_decompress_ptr decompressor, long bytes) {
    jpeg_source_mgr& source = *decompressor->src;
    if (bytes <= 0) {
        return;
    }
    const auto count = static_cast<std::size_t>(bytes);
    if (count > source.bytes_in_buffer) {
        static_cast<void>(end_of_input(decompressor));
    }
    source.next_input_byte += count;
    source.bytes_in_buffer -= count;
}

void limit_scans(j_common_ptr library) {
    if (reinterpret_cast<j_decompress_ptr>(library)->input_scan_number > scans_max) {
        JpegErrors::exit(library, too_many_scans);
    }
}

std::optional<TransformError> problem_of_header(const jpeg_decompress_struct& header,
                                                std::size_t pixels_max) noexcept {
    if (std::size_t{header.image_width} * header.image_height > pixels_max) {
        return TransformError{TransformFailure::unsupported, "it has too many pixels"};
    }
    const J_COLOR_SPACE colours = header.jpeg_color_space;
    if (colours == JCS_GRAYSCALE || colours == JCS_YCbCr) {
        return std::nullopt;
    }
    if (colours == JCS_CMYK || colours == JCS_YCCK) {
        return TransformError{TransformFailure::unsupported, "its colours are CMYK"};
    }
    if (colours == JCS_RGB) {
        return TransformError{TransformFailure::unsupported, "its components are RGB"};
    }
    return TransformError{TransformFailure::unsupported, "its colours are unknown"};
}

#if JPEG_LIB_VERSION >= 70
int scaled_block(const jpeg_component_info& component) noexcept {
    return component.DCT_h_scaled_size;
}
int smallest_block(const jpeg_decompress_struct& library) noexcept {
    return library.min_DCT_h_scaled_size;
}
#else
/// Samples of a component for each side of a block of coefficients.
int scaled_block(const jpeg_component_info& component) noexcept {
    return component.DCT_scaled_size;
}
int smallest_block(const jpeg_decompress_struct& library) noexcept {
    return library.min_DCT_scaled_size;
}
#endif

} // namespace

struct JpegDecoder::State {
    jpeg_decompress_struct library{};
    JpegErrors errors;
    jpeg_source_mgr source{};
    jpeg_progress_mgr progress{};
    JpegMemory memory;
    std::vector<std::uint8_t> samples;
    std::array<DecodedPlane, 3> planes{};
    std::size_t plane_count = 0;
    jvirt_barray_ptr* coefficients = nullptr;

    State() {
        library.err = errors.prepare();
        errors.manager.emit_message = &on_message;
        if (!without_error(errors, [this] { jpeg_create_decompress(&library); })) {
            throw std::bad_alloc();
        }
        memory.attach(library);
        library.src = &source;
        source.init_source = &begin_input;
        source.fill_input_buffer = &end_of_input;
        source.skip_input_data = &skip_input;
        source.resync_to_restart = &jpeg_resync_to_restart;
        source.term_source = &begin_input;
        library.progress = &progress;
        progress.progress_monitor = &limit_scans;
    }
    State(State&&) = delete;
    State& operator=(State&&) = delete;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { jpeg_destroy_decompress(&library); }

    [[nodiscard]] bool lay_out() noexcept;
    void read_planes();
};

JpegDecoder::JpegDecoder() : state_(std::make_unique<State>()) {}
JpegDecoder::JpegDecoder(JpegDecoder&&) noexcept = default;
JpegDecoder& JpegDecoder::operator=(JpegDecoder&&) noexcept = default;
JpegDecoder::~JpegDecoder() = default;

std::optional<TransformError> JpegDecoder::open(ConstByteSpan jpeg,
                                                std::size_t pixels_max) noexcept {
    close();
    State& state = *state_;
    state.source.next_input_byte = reinterpret_cast<const JOCTET*>(jpeg.data());
    state.source.bytes_in_buffer = jpeg.size();
    const auto read = [&state] { jpeg_read_header(&state.library, TRUE); };
    if (!without_error(state.errors, read)) {
        return decode_error_of(state.errors.code);
    }
    return problem_of_header(state.library, pixels_max);
}

void JpegDecoder::close() noexcept {
    jpeg_decompress_struct& library = state_->library;
    jpeg_abort_decompress(&library);
    // The tables were freed with the picture. A picture without tables must not use them.
    std::ranges::fill(library.quant_tbl_ptrs, nullptr);
    std::ranges::fill(library.dc_huff_tbl_ptrs, nullptr);
    std::ranges::fill(library.ac_huff_tbl_ptrs, nullptr);
    state_->coefficients = nullptr;
}

const jpeg_decompress_struct& JpegDecoder::header() const noexcept {
    return state_->library;
}

std::span<const DecodedPlane> JpegDecoder::planes() const noexcept {
    return std::span(state_->planes).first(state_->plane_count);
}

std::optional<TransformError> JpegDecoder::decode(int eighths) noexcept {
    RINGCAST_ASSERT(eighths >= 1);
    RINGCAST_ASSERT(eighths <= 8);
    State& state = *state_;
    jpeg_decompress_struct& library = state.library;
    library.scale_num = static_cast<unsigned>(eighths);
    library.scale_denom = 8;
    library.raw_data_out = TRUE;
    library.out_color_space = library.jpeg_color_space;
    library.do_fancy_upsampling = FALSE;
    library.do_block_smoothing = FALSE;
    library.dct_method = JDCT_ISLOW;
    if (!without_error(state.errors, [&library] { jpeg_start_decompress(&library); })) {
        return decode_error_of(state.errors.code);
    }
    if (!state.lay_out()) {
        return decode_error_of(JERR_OUT_OF_MEMORY);
    }
    if (!without_error(state.errors, [&state] { state.read_planes(); })) {
        return decode_error_of(state.errors.code);
    }
    return std::nullopt;
}

/// Gives each component memory for whole MCUs, which is what the library writes. For 4:2:0 at a part
/// of the size, the library makes Cb and Cr as large as Y instead of scaling them.
bool JpegDecoder::State::lay_out() noexcept {
    constexpr std::size_t alignment = 64; // more than the library's vector code needs
    plane_count = static_cast<std::size_t>(library.num_components);
    RINGCAST_ASSERT(plane_count <= planes.size());
    std::array<std::size_t, 3> begins{};
    std::size_t total = 0;
    for (std::size_t i = 0; i < plane_count; ++i) {
        const jpeg_component_info& component = library.comp_info[i];
        const int block = scaled_block(component);
        const std::size_t line = (std::size_t{component.width_in_blocks} +
                                  static_cast<std::size_t>(component.h_samp_factor)) *
                                 static_cast<std::size_t>(block);
        const std::size_t stride = (line + alignment - 1) / alignment * alignment;
        const auto lines = std::size_t{library.total_iMCU_rows} *
                           static_cast<std::size_t>(component.v_samp_factor * block);
        planes[i].samples = {nullptr, stride, 1, static_cast<int>(component.downsampled_width),
                             static_cast<int>(component.downsampled_height)};
        const std::int64_t smallest = smallest_block(library);
        const std::int64_t own = block;
        planes[i].across = {component.h_samp_factor * own, library.max_h_samp_factor * smallest};
        planes[i].down = {component.v_samp_factor * own, library.max_v_samp_factor * smallest};
        begins[i] = total;
        total += stride * lines;
    }
    try {
        samples.resize(std::max(samples.size(), total));
    } catch (const std::bad_alloc&) {
        return false;
    }
    for (std::size_t i = 0; i < plane_count; ++i) {
        planes[i].samples.first = samples.data() + begins[i];
    }
    return true;
}

/// The library writes a row of MCUs per call.
void JpegDecoder::State::read_planes() {
    constexpr std::size_t lines_max = MAX_SAMP_FACTOR * 2 * DCTSIZE;
    std::array<std::array<JSAMPROW, lines_max>, 3> rows{};
    std::array<JSAMPARRAY, 3> arrays{};
    const auto lines = static_cast<JDIMENSION>(library.max_v_samp_factor * smallest_block(library));
    for (std::size_t row = 0; row < library.total_iMCU_rows; ++row) {
        for (std::size_t i = 0; i < plane_count; ++i) {
            const jpeg_component_info& component = library.comp_info[i];
            const auto count = static_cast<std::size_t>(component.v_samp_factor) *
                               static_cast<std::size_t>(scaled_block(component));
            RINGCAST_ASSERT(count <= lines_max);
            std::uint8_t* line = samples.data() + (planes[i].samples.first - samples.data()) +
                                 row * count * planes[i].samples.stride;
            for (std::size_t y = 0; y < count; ++y) {
                rows[i][y] = line + y * planes[i].samples.stride;
            }
            arrays[i] = rows[i].data();
        }
        jpeg_read_raw_data(&library, arrays.data(), lines);
    }
}

std::optional<TransformError> JpegDecoder::read_coefficients() noexcept {
    State& state = *state_;
    const auto read = [&state] { state.coefficients = jpeg_read_coefficients(&state.library); };
    if (!without_error(state.errors, read)) {
        return decode_error_of(state.errors.code);
    }
    return std::nullopt;
}

jvirt_barray_ptr* JpegDecoder::coefficients() const noexcept {
    RINGCAST_ASSERT(state_->coefficients != nullptr);
    return state_->coefficients;
}

} // namespace ringcast::encode
