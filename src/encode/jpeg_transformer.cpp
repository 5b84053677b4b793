#include "encode/jpeg_transformer.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "encode/picture_turner.hpp"
#include "encode/text_overlay.hpp"

namespace ringcast::encode {

namespace {

constexpr TransformError memory_is_short{TransformFailure::out_of_memory, "memory is short"};

int part_of(int side, int eighths) noexcept {
    return (side * eighths + 7) / 8;
}

/// The smallest size to decode at that is not smaller than `scaled`, of those for which the library has
/// vector code: with libjpeg-turbo 2.1.5, decoding at 7/8 takes longer than at full size.
int eighths_for(PictureSize original, PictureSize scaled, const TargetSize& target) noexcept {
    // Sizes are rounded up, so that a fraction of a tiny picture is as large as a smaller fraction.
    const int eighths_min = target.kind == TargetSize::Kind::fraction ? target.eighths : 1;
    int eighths = 1;
    while (eighths < eighths_min || part_of(original.width, eighths) < scaled.width ||
           part_of(original.height, eighths) < scaled.height) {
        eighths *= 2;
    }
    RINGCAST_ASSERT(eighths <= 8);
    return eighths;
}

/// The format whose planes have the JPEG's subsampling, or 4:2:0 where none has.
PixelFormat format_of(const jpeg_decompress_struct& header) noexcept {
    if (header.num_components == 1) {
        return PixelFormat::grey;
    }
    const jpeg_component_info& luma = header.comp_info[0];
    const jpeg_component_info& blue = header.comp_info[1];
    const jpeg_component_info& red = header.comp_info[2];
    const bool alike = blue.h_samp_factor == red.h_samp_factor &&
                       blue.v_samp_factor == red.v_samp_factor &&
                       luma.h_samp_factor == header.max_h_samp_factor &&
                       luma.v_samp_factor == header.max_v_samp_factor;
    const auto has = [&](int across, int down) {
        return alike && luma.h_samp_factor == across * blue.h_samp_factor &&
               luma.v_samp_factor == down * blue.v_samp_factor;
    };
    if (has(1, 1)) {
        return PixelFormat::yuv444;
    }
    if (has(2, 1)) {
        return PixelFormat::yuv422;
    }
    return has(1, 2) ? PixelFormat::yuv440 : PixelFormat::yuv420;
}

} // namespace

JpegTransformer::JpegTransformer(std::size_t pixels_max) : pixels_max_(pixels_max) {}

TransformResult JpegTransformer::transform(ConstByteSpan jpeg, const PictureTransform& transform,
                                           ByteSpan into) noexcept {
    RINGCAST_ASSERT(transform.quality >= 0);
    RINGCAST_ASSERT(transform.quality <= 100);
    if (const auto error = decoder_.open(jpeg, pixels_max_)) {
        return tl::unexpected(*error);
    }
    const jpeg_decompress_struct& header = decoder_.header();
    const PictureSize original{static_cast<int>(header.image_width),
                               static_cast<int>(header.image_height)};
    const PictureSize scaled = scaled_size(original, transform);
    const Turn turn = turn_of(transform);
    const bool lossless = scaled == original && transform.quality == 0 &&
                          transform.overlay == nullptr && CoefficientTurner::can_turn(header, turn);
    TransformResult result =
        lossless ? turn_coefficients(turn, into) : recompress(scaled, transform, into);
    decoder_.close();
    if (result.has_value()) {
        const PictureSize size = transformed_size(original, transform);
        result->width = size.width;
        result->height = size.height;
    }
    return result;
}

TransformResult JpegTransformer::turn_coefficients(const Turn& turn, ByteSpan into) noexcept {
    if (const auto error = decoder_.read_coefficients()) {
        return tl::unexpected(*error);
    }
    const auto bytes = coefficient_turner_.turn(decoder_, turn, into);
    if (!bytes.has_value()) {
        return tl::unexpected(bytes.error());
    }
    return TransformedPicture{*bytes, 0, 0, TransformedPicture::How::lossless};
}

TransformResult JpegTransformer::recompress(PictureSize scaled, const PictureTransform& transform,
                                            ByteSpan into) noexcept {
    const jpeg_decompress_struct& header = decoder_.header();
    const PixelFormat format = format_of(header);
    const PictureSize original{static_cast<int>(header.image_width),
                               static_cast<int>(header.image_height)};
    const int eighths = eighths_for(original, scaled, transform.target);
    if (const auto error = decoder_.decode(eighths)) {
        return tl::unexpected(*error);
    }
    // Decoded pixels for one pixel of the result. Where sizes were rounded up, the last decoded pixel is
    // only partly one of the picture.
    const PictureSize decoded{part_of(original.width, eighths), part_of(original.height, eighths)};
    ScaleRatio across;
    ScaleRatio down;
    if (transform.target.kind == TargetSize::Kind::fraction) {
        across = {eighths, transform.target.eighths};
        down = across;
    } else if (decoded != scaled) {
        across = {std::int64_t{original.width} * eighths, std::int64_t{scaled.width} * 8};
        down = {std::int64_t{original.height} * eighths, std::int64_t{scaled.height} * 8};
    }
    if (!collect(format, scaled, across, down)) {
        return tl::unexpected(memory_is_short);
    }
    const RawPicture* picture = &scaled_.picture();
    const Turn turn = turn_of(transform);
    if (turn != Turn{}) {
        if (!turn_picture(*picture, turn, turned_)) {
            return tl::unexpected(memory_is_short);
        }
        picture = &turned_.picture();
    }
    if (transform.overlay != nullptr) {
        draw_overlay(*picture, *transform.overlay, transform.captured); // all of it is our memory
    }
    EncodeSettings settings;
    settings.quality = transform.quality > 0 ? transform.quality : default_quality;
    const auto bytes = encoder_.encode(*picture, settings, into);
    if (!bytes.has_value()) {
        constexpr TransformError no_room{TransformFailure::does_not_fit, "the result does not fit"};
        return tl::unexpected(encoder_.out_of_memory() ? memory_is_short : no_room);
    }
    return TransformedPicture{*bytes, 0, 0, TransformedPicture::How::recompressed};
}

/// Makes a picture in `scaled_` of the decoded planes. Those that have their final size already are
/// not copied. False when memory is short.
bool JpegTransformer::collect(PixelFormat format, PictureSize scaled, ScaleRatio across,
                              ScaleRatio down) noexcept {
    if (!scaled_.lay_out(format, scaled.width, scaled.height)) {
        return false;
    }
    const PixelLayout& layout = layout_of(format);
    for (std::size_t i = 0; i < layout.component_count; ++i) {
        const DecodedPlane& plane = decoder_.planes()[i];
        const ComponentLayout& component = layout.components[i];
        const int width = sample_count(scaled.width, component.column_shift);
        const int height = sample_count(scaled.height, component.line_shift);
        // Decoded samples for one sample of the result.
        const ScaleRatio samples_across{(plane.across.source << component.column_shift) *
                                            across.source,
                                        plane.across.target * across.target};
        const ScaleRatio samples_down{(plane.down.source << component.line_shift) * down.source,
                                      plane.down.target * down.target};
        const bool same = samples_across.source == samples_across.target &&
                          samples_down.source == samples_down.target &&
                          plane.samples.width == width && plane.samples.height == height;
        if (same) {
            const std::size_t bytes = plane.samples.stride * static_cast<std::size_t>(height);
            scaled_.picture().planes[component.plane] = {
                std::as_bytes(std::span(plane.samples.first, bytes)), plane.samples.stride};
            continue;
        }
        const SampleTarget target{scaled_.plane(component.plane),
                                  scaled_.picture().planes[component.plane].stride, 1, width,
                                  height};
        if (!scaler_.begin(plane.samples, samples_across, samples_down, target)) {
            return false;
        }
        scaler_.make_lines(0, height);
    }
    return true;
}

} // namespace ringcast::encode
