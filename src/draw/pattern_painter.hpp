#pragma once
// Draws the test pattern: a moving scene with clock and frame number, and the machine-readable
// block. Knows nothing of encoding, and reads no clock: the caller passes the time.

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "draw/picture.hpp"

namespace ringcast::draw {

class PatternPainter {
public:
    static constexpr int size_min = 64; ///< pixels, width and height

    /// `fps` is only written into the picture.
    PatternPainter(int width, int height, double fps);

    /// Draws the scene at that time. The result is valid until the next call. Redraws only moving
    /// parts.
    [[nodiscard]] const Picture& paint(std::uint64_t sequence, WallTime captured) noexcept;

private:
    /// A horizontal slice of the disc in the middle: rows from `top` up to, excluding, `bottom`.
    struct Slice {
        int top = 0;
        int bottom = 0;
    };
    /// How much of the ball covers a pixel (0 to 255), and its brightness there.
    struct BallPixel {
        std::uint8_t cover = 0;
        std::uint8_t luma = 0;
    };

    [[nodiscard]] int slice_edge(double radii_below_centre) const noexcept;
    [[nodiscard]] int half_chord(int y) const noexcept;
    [[nodiscard]] int chord_within(Slice slice) const noexcept;
    void draw_backdrop();
    void draw_disc();
    void draw_ring();
    void draw_labels(double fps);
    void prepare_rainbow();
    void prepare_ball();

    void draw_rainbow(std::int64_t microseconds) noexcept;
    void draw_line(Slice slice, const char* text) noexcept;
    void draw_ball(std::int64_t microseconds) noexcept;

    Picture backdrop_; ///< parts that do not move
    Picture picture_;
    int centre_x_;
    int centre_y_;
    int radius_;     ///< of the disc, including the ring around it
    int ring_width_; ///< thickness of the ring around the disc
    Slice clock_;
    Slice rainbow_;
    Slice counter_;
    std::vector<std::uint8_t> rainbow_luma_; ///< two cycles, so that any shift is one copy
    std::vector<std::uint8_t> rainbow_blue_;
    std::vector<std::uint8_t> rainbow_red_;
    int ball_radius_;
    std::vector<BallPixel> ball_;
    Rectangle ball_area_{}; ///< where the ball was drawn last
};

} // namespace ringcast::draw
