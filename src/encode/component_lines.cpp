#include "encode/component_lines.hpp"

#include <algorithm>
#include <new>

#include "base/assert.hpp"

namespace ringcast::encode {

namespace {

/// The step is a template argument so that the compiler can vectorise the loop.
template <std::size_t step>
void take_every(const std::uint8_t* from, std::span<std::uint8_t> to) noexcept {
    for (std::size_t i = 0; i < to.size(); ++i) {
        to[i] = from[i * step];
    }
}

void take_samples(const std::uint8_t* from, std::size_t step, std::span<std::uint8_t> to) noexcept {
    switch (step) {
    case 1:
        return take_every<1>(from, to);
    case 2:
        return take_every<2>(from, to);
    default:
        RINGCAST_ASSERT(step == 4);
        return take_every<4>(from, to);
    }
}

} // namespace

bool ComponentLines::begin(const RawPicture& picture) noexcept {
    RINGCAST_ASSERT(problem_of(picture).empty());
    picture_ = picture;
    layout_ = &layout_of(picture.format);
    RINGCAST_ASSERT(layout_->component_count > 0);
    transform_.reset();
    if (!ColourTransform::is_identity(picture.range, picture.matrix)) {
        transform_.emplace(picture.range, picture.matrix);
    }
    for (std::size_t i = 0; i < layout_->component_count; ++i) {
        const ComponentLayout& component = layout_->components[i];
        const int width = sample_count(picture.width, component.column_shift);
        in_place_[i] = component.step == 1 && width % block == 0 && !transform_.has_value();
    }
    constexpr std::size_t pair = 2 * block;
    luma_bytes_ = (static_cast<std::size_t>(picture.width) + pair - 1) / pair * pair;
    const int colour_shift = layout_->component_count > 1 ? layout_->components[1].column_shift : 0;
    colour_bytes_ = luma_bytes_ >> colour_shift;
    const std::size_t bytes = lines_max * (luma_bytes_ + 2 * colour_bytes_);
    try {
        buffers_.resize(std::max(buffers_.size(), bytes));
    } catch (const std::bad_alloc&) {
        return false;
    }
    return true;
}

std::span<std::uint8_t> ComponentLines::buffer(std::size_t component, int line) noexcept {
    const auto index = static_cast<std::size_t>(line);
    const std::size_t luma_area = lines_max * luma_bytes_;
    if (component == 0) {
        return std::span(buffers_).subspan(index * luma_bytes_, luma_bytes_);
    }
    const std::size_t area = luma_area + (component - 1) * lines_max * colour_bytes_;
    return std::span(buffers_).subspan(area + index * colour_bytes_, colour_bytes_);
}

/// Returns how many lines the picture has there, without repeated ones.
int ComponentLines::gather_component(std::size_t component, int top, int lines) noexcept {
    const ComponentLayout& layout = layout_->components[component];
    const Plane& plane = picture_.planes[layout.plane];
    const int first = top >> layout.line_shift;
    const int height = sample_count(picture_.height, layout.line_shift);
    const int wanted = sample_count(lines, layout.line_shift);
    const int there = std::min(wanted, height - first);
    RINGCAST_ASSERT(there > 0);
    for (int i = 0; i < there; ++i) {
        const auto* from = reinterpret_cast<const std::uint8_t*>(plane.bytes.data()) +
                           static_cast<std::size_t>(first + i) * plane.stride + layout.offset;
        if (!in_place_[component]) {
            const auto width =
                static_cast<std::size_t>(sample_count(picture_.width, layout.column_shift));
            const std::span<std::uint8_t> to = buffer(component, i);
            take_samples(from, layout.step, to.first(width));
            std::ranges::fill(to.subspan(width), to[width - 1]);
            from = to.data();
        }
        lines_[component][static_cast<std::size_t>(i)] = from;
    }
    for (int i = there; i < wanted; ++i) {
        lines_[component][static_cast<std::size_t>(i)] =
            lines_[component][static_cast<std::size_t>(there) - 1];
    }
    return there;
}

void ComponentLines::gather(int top, int lines) noexcept {
    RINGCAST_ASSERT(top % 2 == 0);
    RINGCAST_ASSERT(lines % 2 == 0);
    RINGCAST_ASSERT(lines <= static_cast<int>(lines_max));
    const int luma_lines = gather_component(0, top, lines);
    int colour_lines = 0;
    for (std::size_t i = 1; i < layout_->component_count; ++i) {
        colour_lines = gather_component(i, top, lines);
    }
    if (transform_.has_value()) {
        transform(luma_lines, colour_lines);
    }
}

void ComponentLines::transform(int luma_lines, int colour_lines) noexcept {
    // Every line is in a buffer here. Luma first, because it needs the original colour.
    for (int i = 0; i < luma_lines; ++i) {
        if (layout_->component_count == 1) {
            transform_->transform_luma(buffer(0, i));
        } else {
            const int colour_line = i >> layout_->components[1].line_shift;
            transform_->transform_luma(buffer(0, i), buffer(1, colour_line),
                                       buffer(2, colour_line));
        }
    }
    for (int i = 0; i < colour_lines; ++i) {
        transform_->transform_colour(buffer(1, i), buffer(2, i));
    }
}

} // namespace ringcast::encode
