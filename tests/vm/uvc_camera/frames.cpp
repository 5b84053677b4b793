#include "uvc_camera/frames.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <utility>

#include <zlib.h>

#include "draw/pattern_block.hpp"
#include "jpeg/stamp.hpp"

namespace ringcast::vm {

namespace {

constexpr std::size_t marker_bytes = 2;
constexpr std::array soi{std::byte{0xFF}, std::byte{0xD8}};
constexpr std::array eoi{std::byte{0xFF}, std::byte{0xD9}};

std::uint32_t crc_of(ConstByteSpan bytes) noexcept {
    return static_cast<std::uint32_t>(
        ::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

// find() and read_file() call library functions that work on whole blocks, because in an emulated
// processor the loops of a debug build would take seconds.

std::optional<std::size_t> find(ConstByteSpan bytes, std::span<const std::byte> marker,
                                std::size_t from) noexcept {
    const void* found =
        ::memmem(bytes.data() + from, bytes.size() - from, marker.data(), marker.size());
    if (found == nullptr) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data());
}

Result<std::vector<std::byte>> read_file(const std::string& path) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    std::vector<std::byte> bytes(error ? 0 : size);
    std::ifstream input(path, std::ios::binary);
    if (error ||
        !input.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
        return fail(path + ": can't be read");
    }
    return bytes;
}

} // namespace

Result<JpegFrames> JpegFrames::load(const std::string& path) {
    Result<std::vector<std::byte>> file = read_file(path);
    if (!file) {
        return tl::unexpected(file.error());
    }
    JpegFrames frames;
    frames.file_ = std::move(*file);

    // SOI and EOI do not occur within a JPEG's data, and these JPEGs contain no thumbnails.
    const ConstByteSpan bytes(frames.file_);
    std::size_t end = 0;
    while (const auto begin = find(bytes, soi, end)) {
        const auto last = find(bytes, eoi, *begin);
        if (!last) {
            break;
        }
        end = *last + marker_bytes;
        frames.jpegs_.push_back(
            {*begin, end - *begin,
             crc_of(bytes.subspan(*begin + marker_bytes, end - *begin - marker_bytes))});
    }
    if (frames.jpegs_.empty()) {
        return fail(path + ": no JPEG in it");
    }
    return frames;
}

Frame JpegFrames::make(std::uint64_t sequence, WallTime captured, bool stamped) {
    const Jpeg& jpeg = jpegs_.at(sequence % jpegs_.size());
    const ConstByteSpan source = ConstByteSpan(file_).subspan(jpeg.begin, jpeg.bytes);
    if (!stamped) {
        return {sequence, captured, source};
    }
    frame_.resize(source.size() + jpeg::stamp_bytes);
    const ByteSpan frame(frame_);
    std::ranges::copy(source.first(marker_bytes), frame.begin());
    jpeg::write_stamp(frame.subspan(marker_bytes, jpeg::stamp_bytes),
                      {sequence, captured, jpeg.crc});
    std::ranges::copy(source.subspan(marker_bytes),
                      frame.subspan(marker_bytes + jpeg::stamp_bytes).begin());
    return {sequence, captured, frame};
}

RawFrames::RawFrames(Size size)
    : picture_(size.width, size.height),
      frame_(std::size_t{2} * static_cast<std::size_t>(size.width) *
             static_cast<std::size_t>(size.height)) {
    constexpr std::array bars{draw::rgb(255, 255, 255), draw::rgb(255, 255, 0),
                              draw::rgb(0, 255, 255),   draw::rgb(0, 255, 0),
                              draw::rgb(255, 0, 255),   draw::rgb(255, 0, 0),
                              draw::rgb(0, 0, 255),     draw::rgb(0, 0, 0)};
    const int width = size.width / static_cast<int>(bars.size());
    int x = 0;
    for (const draw::Colour& bar : bars) {
        draw::fill(picture_, {x, 0, width, size.height}, bar);
        x += width;
    }
    convert({0, 0, size.width, size.height});
}

void RawFrames::convert(const draw::Rectangle& area) {
    for (int y = area.y; y < area.y + area.height; ++y) {
        const auto luma = picture_.row(draw::Channel::luma, y);
        const auto blue = picture_.row(draw::Channel::blue, y / 2);
        const auto red = picture_.row(draw::Channel::red, y / 2);
        auto out = frame_.begin() + std::ptrdiff_t{2} * (y * picture_.width() + area.x);
        for (int x = area.x; x < area.x + area.width; x += 2) {
            const auto at = static_cast<std::size_t>(x);
            *out++ = std::byte{luma[at]};
            *out++ = std::byte{blue[at / 2]};
            *out++ = std::byte{luma[at + 1]};
            *out++ = std::byte{red[at / 2]};
        }
    }
}

Frame RawFrames::make(std::uint64_t sequence, WallTime captured) {
    using std::chrono::microseconds;
    const auto since_epoch = std::chrono::duration_cast<microseconds>(captured.time_since_epoch());
    draw::draw_pattern_block(picture_, {static_cast<std::uint32_t>(sequence),
                                        static_cast<std::uint64_t>(since_epoch.count())});
    // Convert only the block and its margins; the rest has not changed.
    const int cell = draw::pattern_block_cell(picture_.width(), picture_.height());
    convert(
        {0, 0, cell * (draw::pattern_block_columns + 2), cell * (draw::pattern_block_rows + 2)});
    return {sequence, captured, ConstByteSpan(frame_)};
}

} // namespace ringcast::vm
