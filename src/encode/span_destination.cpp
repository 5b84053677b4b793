#include "encode/span_destination.hpp"

#include <type_traits>

namespace ringcast::encode {

SpanDestination::SpanDestination() noexcept {
    static_assert(std::is_standard_layout_v<SpanDestination>, "see the comment on manager_");
    manager_.init_destination = &begin;
    manager_.empty_output_buffer = &spill;
    manager_.term_destination = &end;
}

void SpanDestination::attach(jpeg_compress_struct& compressor, ByteSpan into) noexcept {
    compressor.dest = &manager_;
    into_ = into;
    fits_ = true;
}

std::optional<std::size_t> SpanDestination::bytes() const noexcept {
    if (!fits_) {
        return std::nullopt;
    }
    return into_.size() - manager_.free_in_buffer;
}

SpanDestination& SpanDestination::of(j_compress_ptr compressor) noexcept {
    return *reinterpret_cast<SpanDestination*>(compressor->dest);
}

void SpanDestination::begin(j_compress_ptr compressor) noexcept {
    SpanDestination& destination = of(compressor);
    destination.manager_.next_output_byte = reinterpret_cast<JOCTET*>(destination.into_.data());
    destination.manager_.free_in_buffer = destination.into_.size();
}

boolean SpanDestination::spill(j_compress_ptr compressor) noexcept {
    SpanDestination& destination = of(compressor);
    destination.fits_ = false;
    destination.manager_.next_output_byte = destination.spill_.data();
    destination.manager_.free_in_buffer = destination.spill_.size();
    return TRUE;
}

void SpanDestination::end(j_compress_ptr /*compressor*/) noexcept {}

} // namespace ringcast::encode
