#include "encode/raw_scaler.hpp"

#include "base/assert.hpp"
#include "encode/picture_turner.hpp"

namespace ringcast::encode {

namespace {

/// Components of the same memory are read line by line in turn, while the lines are in the cache.
constexpr int lines_in_turn = 16;

/// What is scaled: YUV by components, RGB by colours, of which a fourth byte is none.
std::size_t scaled_components(PixelFormat format) noexcept {
    const std::size_t count = layout_of(format).component_count;
    return count > 0 ? count : 3;
}

ComponentLayout component_of(PixelFormat format, std::size_t index) noexcept {
    const PixelLayout& layout = layout_of(format);
    if (layout.component_count > 0) {
        return layout.components[index];
    }
    return {0, static_cast<std::uint8_t>(index), layout.planes[0].group_bytes, 0, 0};
}

PixelFormat scaled_format(PixelFormat format) noexcept {
    return layout_of(format).component_count == 3 ? PixelFormat::yuv420 : format;
}

} // namespace

const RawPicture* RawScaler::scale(const RawPicture& picture,
                                   const PictureTransform& transform) noexcept {
    RINGCAST_ASSERT(problem_of(picture).empty());
    const PictureSize original{picture.width, picture.height};
    const PictureSize scaled = scaled_size(original, transform);
    const Turn turn = turn_of(transform);
    if (scaled == original && turn == Turn{}) {
        unchanged_ = picture;
        return &unchanged_;
    }
    if (scaled == original && scaled_format(picture.format) == picture.format) {
        return turn_picture(picture, turn, turned_) ? &turned_.picture() : nullptr;
    }
    // A fraction's areas are whole pixels where possible, also at sizes that it does not divide.
    const TargetSize& target = transform.target;
    const bool fraction = target.kind == TargetSize::Kind::fraction;
    const ScaleRatio across =
        fraction ? ScaleRatio{8, target.eighths} : ScaleRatio{original.width, scaled.width};
    const ScaleRatio down =
        fraction ? ScaleRatio{8, target.eighths} : ScaleRatio{original.height, scaled.height};
    if (!begin(picture, scaled, across, down)) {
        return nullptr;
    }
    const PixelFormat format = scaled_.picture().format;
    for (int top = 0; top < scaled.height; top += lines_in_turn) {
        for (std::size_t i = 0; i < scaled_components(format); ++i) {
            const int shift = component_of(format, i).line_shift;
            scalers_[i].make_lines(top >> shift, lines_in_turn >> shift);
        }
    }
    if (turn == Turn{}) {
        return &scaled_.picture();
    }
    return turn_picture(scaled_.picture(), turn, turned_) ? &turned_.picture() : nullptr;
}

/// False when memory is short.
bool RawScaler::begin(const RawPicture& picture, PictureSize scaled, ScaleRatio across,
                      ScaleRatio down) noexcept {
    if (!scaled_.lay_out(scaled_format(picture.format), scaled.width, scaled.height)) {
        return false;
    }
    scaled_.picture().range = picture.range;
    scaled_.picture().matrix = picture.matrix;
    for (std::size_t i = 0; i < scaled_components(picture.format); ++i) {
        if (!begin_component(picture, i, scaled, across, down)) {
            return false;
        }
    }
    return true;
}

bool RawScaler::begin_component(const RawPicture& picture, std::size_t index, PictureSize scaled,
                                ScaleRatio across, ScaleRatio down) noexcept {
    const ComponentLayout old = component_of(picture.format, index);
    const ComponentLayout made = component_of(scaled_.picture().format, index);
    const Plane& plane = picture.planes[old.plane];
    const SampleSource source{reinterpret_cast<const std::uint8_t*>(plane.bytes.data()) +
                                  old.offset,
                              plane.stride, old.step, sample_count(picture.width, old.column_shift),
                              sample_count(picture.height, old.line_shift)};
    const SampleTarget target{scaled_.plane(made.plane) + made.offset,
                              scaled_.picture().planes[made.plane].stride, made.step,
                              sample_count(scaled.width, made.column_shift),
                              sample_count(scaled.height, made.line_shift)};
    return scalers_[index].begin(
        source, {across.source << made.column_shift, across.target << old.column_shift},
        {down.source << made.line_shift, down.target << old.line_shift}, target);
}

} // namespace ringcast::encode
