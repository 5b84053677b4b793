#include "encode/coefficient_turner.hpp"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include <jerror.h>

#include "base/assert.hpp"
#include "encode/jpeg_errors.hpp"
#include "encode/jpeg_memory.hpp"
#include "encode/span_destination.hpp"

namespace ringcast::encode {

namespace {

/// How the coefficients of a block move: to[i] is from[source[i]], negated where `negate` is -1.
struct BlockTurn {
    std::array<std::uint8_t, DCTSIZE2> source{};
    std::array<std::int16_t, DCTSIZE2> negate{}; ///< 0 or -1

    /// Mirroring a block negates its odd frequencies in that direction.
    explicit BlockTurn(const Turn& turn) noexcept {
        for (std::size_t i = 0; i < DCTSIZE2; ++i) {
            const std::size_t across = i % DCTSIZE;
            const std::size_t down = i / DCTSIZE;
            source[i] = static_cast<std::uint8_t>(turn.transpose ? across * DCTSIZE + down : i);
            const bool mirrored =
                (turn.swap_columns && across % 2 == 1) != (turn.swap_rows && down % 2 == 1);
            negate[i] = mirrored ? -1 : 0;
        }
    }
    void apply(const JCOEF* from, JCOEF* to) const noexcept {
        for (std::size_t i = 0; i < DCTSIZE2; ++i) {
            to[i] = static_cast<JCOEF>((from[source[i]] ^ negate[i]) - negate[i]);
        }
    }
};

} // namespace

/// One component of the turned picture. The library asks it for rows of blocks instead of a "virtual
/// array", so that turned coefficients exist for one row of MCUs only.
struct TurnedComponent {
    jvirt_barray_ptr from = nullptr;
    int width = 0; ///< blocks, turned
    int height = 0;
    std::vector<JCOEF> coefficients; ///< of `rows`
    std::array<JBLOCKROW, MAX_SAMP_FACTOR> rows{};
};

struct CoefficientTurner::State {
    jpeg_compress_struct library{}; // first, so that a pointer to it is one to the whole struct
    JpegErrors errors;
    SpanDestination destination;
    JpegMemory memory;
    Turn turn;
    std::array<TurnedComponent, 3> components;

    State() {
        library.err = errors.prepare();
        if (!without_error(errors, [this] { jpeg_create_compress(&library); })) {
            throw std::bad_alloc();
        }
        memory.attach(library);
        library.mem->access_virt_barray = &access;
    }
    State(State&&) = delete;
    State& operator=(State&&) = delete;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { jpeg_destroy_compress(&library); }

    static JBLOCKARRAY access(j_common_ptr library, jvirt_barray_ptr blocks, JDIMENSION first,
                              JDIMENSION count, boolean writable);
    void fill_row(TurnedComponent& component, int row, JBLOCKROW into) const noexcept;
    void transpose_parameters() noexcept;
    [[nodiscard]] bool prepare(const JpegDecoder& decoder) noexcept;
};

CoefficientTurner::CoefficientTurner() : state_(std::make_unique<State>()) {}
CoefficientTurner::CoefficientTurner(CoefficientTurner&&) noexcept = default;
CoefficientTurner& CoefficientTurner::operator=(CoefficientTurner&&) noexcept = default;
CoefficientTurner::~CoefficientTurner() = default;

bool CoefficientTurner::can_turn(const jpeg_decompress_struct& header, const Turn& turn) noexcept {
    const bool single = header.num_components == 1;
    int mcu_width = DCTSIZE * (single ? 1 : header.max_h_samp_factor);
    int mcu_height = DCTSIZE * (single ? 1 : header.max_v_samp_factor);
    auto width = static_cast<int>(header.image_width);
    auto height = static_cast<int>(header.image_height);
    if (turn.transpose) {
        std::swap(mcu_width, mcu_height);
        std::swap(width, height);
    }
    return (!turn.swap_columns || width % mcu_width == 0) &&
           (!turn.swap_rows || height % mcu_height == 0);
}

tl::expected<std::size_t, TransformError>
CoefficientTurner::turn(const JpegDecoder& decoder, const Turn& turn, ByteSpan into) noexcept {
    RINGCAST_ASSERT(can_turn(decoder.header(), turn));
    State& state = *state_;
    constexpr TransformError no_memory{TransformFailure::out_of_memory, "memory is short"};
    constexpr TransformError no_room{TransformFailure::does_not_fit, "the result does not fit"};
    if (into.empty()) {
        return tl::unexpected(no_room);
    }
    state.turn = turn;
    state.destination.attach(state.library, into);
    const auto copy_parameters = [&state, &decoder] {
        // The library's interface lacks const, but it only reads.
        auto* const header =
            const_cast<jpeg_decompress_struct*>(&decoder.header()); // NOLINT(*-const-cast)
        jpeg_copy_critical_parameters(header, &state.library);
    };
    const auto write = [&state] {
        std::array<jvirt_barray_ptr, 3> arrays{};
        std::ranges::transform(state.components, arrays.begin(), [](TurnedComponent& component) {
            return reinterpret_cast<jvirt_barray_ptr>(&component);
        });
        jpeg_write_coefficients(&state.library, arrays.data());
        jpeg_finish_compress(&state.library);
    };
    bool done = without_error(state.errors, copy_parameters);
    if (done) {
        if (!state.prepare(decoder)) {
            jpeg_abort_compress(&state.library);
            return tl::unexpected(no_memory);
        }
        done = without_error(state.errors, write);
    }
    if (!done) {
        jpeg_abort_compress(&state.library); // the next picture begins anew
        const bool memory_short = state.errors.code == JERR_OUT_OF_MEMORY;
        return tl::unexpected(memory_short ? no_memory
                                           : TransformError{TransformFailure::damaged,
                                                            "its coefficients are out of range"});
    }
    const std::optional<std::size_t> bytes = state.destination.bytes();
    if (!bytes.has_value()) {
        return tl::unexpected(no_room);
    }
    return *bytes;
}

/// Sets what the compressor needs beside the parameters that were copied. False when memory is short.
bool CoefficientTurner::State::prepare(const JpegDecoder& decoder) noexcept {
    const jpeg_decompress_struct& header = decoder.header();
    library.write_JFIF_header = FALSE; // as the encoder of raw pictures
    if (header.num_components == 1) {
        // Factors mean nothing for a single component.
        library.comp_info[0].h_samp_factor = 1;
        library.comp_info[0].v_samp_factor = 1;
    }
    if (turn.transpose) {
        transpose_parameters();
    }
    const auto count = static_cast<std::size_t>(header.num_components);
    RINGCAST_ASSERT(count <= components.size());
    for (std::size_t i = 0; i < count; ++i) {
        TurnedComponent& component = components[i];
        component.from = decoder.coefficients()[i];
        component.width = static_cast<int>(header.comp_info[i].width_in_blocks);
        component.height = static_cast<int>(header.comp_info[i].height_in_blocks);
        if (turn.transpose) {
            std::swap(component.width, component.height);
        }
        const auto row_size = static_cast<std::size_t>(component.width) * DCTSIZE2;
        std::vector<JCOEF>& memory_of_rows = component.coefficients;
        try {
            memory_of_rows.resize(
                std::max(memory_of_rows.size(), row_size * component.rows.size()));
        } catch (const std::bad_alloc&) {
            return false;
        }
        for (std::size_t row = 0; row < component.rows.size(); ++row) {
            component.rows[row] =
                reinterpret_cast<JBLOCKROW>(memory_of_rows.data() + row * row_size);
        }
    }
    return true;
}

void CoefficientTurner::State::transpose_parameters() noexcept {
    std::swap(library.image_width, library.image_height);
#if JPEG_LIB_VERSION >= 70
    std::swap(library.jpeg_width, library.jpeg_height);
#endif
    for (int i = 0; i < library.num_components; ++i) {
        std::swap(library.comp_info[i].h_samp_factor, library.comp_info[i].v_samp_factor);
    }
    for (JQUANT_TBL* const table : library.quant_tbl_ptrs) {
        for (std::size_t row = 0; table != nullptr && row < DCTSIZE; ++row) {
            for (std::size_t column = 0; column < row; ++column) {
                std::swap(table->quantval[row * DCTSIZE + column],
                          table->quantval[column * DCTSIZE + row]);
            }
        }
    }
}

/// Called by the library for each row of MCUs, in order.
JBLOCKARRAY CoefficientTurner::State::access(j_common_ptr library, jvirt_barray_ptr blocks,
                                             JDIMENSION first, JDIMENSION count,
                                             boolean /*writable*/) {
    const State& state = *reinterpret_cast<State*>(library);
    TurnedComponent& component = *reinterpret_cast<TurnedComponent*>(blocks);
    RINGCAST_ASSERT(count <= component.rows.size());
    for (JDIMENSION i = 0; i < count; ++i) {
        const int row = static_cast<int>(first + i);
        // Behind the last row the library makes its own blocks.
        if (row < component.height) {
            state.fill_row(component, row, component.rows[i]);
        }
    }
    return component.rows.data();
}

void CoefficientTurner::State::fill_row(TurnedComponent& component, int row,
                                        JBLOCKROW into) const noexcept {
    const BlockTurn block_turn(turn);
    const int turned_row = turn.swap_rows ? component.height - 1 - row : row;
    for (int i = 0; i < component.width; ++i) {
        const int turned_column = turn.swap_columns ? component.width - 1 - i : i;
        const int from_row = turn.transpose ? turned_column : turned_row;
        const int from_column = turn.transpose ? turned_row : turned_column;
        const JBLOCKARRAY rows =
            JpegMemory::rows_of(component.from, static_cast<JDIMENSION>(from_row), 1);
        block_turn.apply(rows[0][from_column], into[i]);
    }
}

} // namespace ringcast::encode
