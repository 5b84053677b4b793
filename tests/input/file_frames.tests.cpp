#include "input/file_frames.hpp"

#include <cerrno>
#include <cstdint>

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

using test::jpeg;
using test::TemporaryFile;
using test::TemporaryFolder;

constexpr std::size_t frame_max = 100'000;
constexpr auto sequence = FileFrames::Contents::sequence;
constexpr auto one_picture = FileFrames::Contents::one_picture;

struct Reader {
    FileFrames frames;
    std::vector<std::byte> payload =
        std::vector<std::byte>(frame_max + frame::SlotGeometry::read_ahead);

    /// The next frame's bytes; empty at the end.
    std::string next() {
        const FileFrames::Found found = frames.next(payload, {}, [] { return true; });
        return found.outcome == FileFrames::Outcome::frame
                   ? std::string(as_text(
                         ConstByteSpan(payload).subspan(found.frame.offset, found.frame.bytes)))
                   : std::string();
    }
};

} // namespace

TEST_CASE("frames of a file are read in order, and the bytes between them skipped") {
    const std::string small = jpeg(10, 'a');
    const std::string large = jpeg(frame_max - jpeg(0).size(), 'b');
    const std::string junk(150'000, '-');
    const TemporaryFile file(small + small + junk + large + "x" + small);
    Reader reader;
    REQUIRE(reader.frames.open(file.path(), sequence) == 0);
    CHECK(reader.next() == small);
    CHECK(reader.next() == small);
    CHECK(reader.next() == large);
    CHECK(reader.next() == small);
    CHECK(reader.next().empty());
    CHECK(reader.next().empty());
    CHECK(reader.frames.losses().bytes_skipped == junk.size() + 1);
    CHECK(reader.frames.losses().damaged == 0);
    REQUIRE(reader.frames.open(file.path(), sequence) == 0);
    CHECK(reader.next() == small);
}

TEST_CASE("a file of one picture ends with its first one, whole or not") {
    const std::string picture = jpeg(70'000, 'a');
    const std::string gain_map = jpeg(10, 'g');
    const auto first_of = [](const std::string& content) {
        const TemporaryFile file(content);
        Reader reader;
        REQUIRE(reader.frames.open(file.path(), one_picture) == 0);
        std::string first = reader.next();
        CHECK(reader.next().empty());
        return first;
    };
    CHECK(first_of(picture + gain_map) == picture);
    CHECK(first_of("junk" + gain_map + picture) == gain_map);
    CHECK(first_of(picture.substr(0, 100) + gain_map).empty());
    CHECK(first_of(jpeg(2 * frame_max) + gain_map).empty());
}

TEST_CASE("truncated and oversized frames of a file are skipped and counted") {
    const std::string good = jpeg(1000);
    const std::string half = good.substr(0, 400);
    const std::string huge = jpeg(5 * frame_max);
    const TemporaryFile file(half + good + huge + good + half);
    Reader reader;
    REQUIRE(reader.frames.open(file.path(), sequence) == 0);
    CHECK(reader.next() == good);
    CHECK(reader.next() == good);
    CHECK(reader.next().empty());
    CHECK(reader.frames.losses().damaged == 2);
    CHECK(reader.frames.losses().oversized == 1);
    CHECK(reader.frames.losses().oversized_bytes == huge.size());
}

TEST_CASE("only regular files are opened, and a named pipe does not block") {
    const TemporaryFolder folder;
    FileFrames frames;
    CHECK(frames.open(folder.path("nothing"), sequence) == ENOENT);
    CHECK(frames.open(folder.path(), sequence) == EINVAL);
    REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    CHECK(frames.open(folder.path("pipe"), sequence) == EINVAL);
    CHECK_FALSE(frames.is_open());
}

TEST_CASE("a search through a file without frames can be stopped") {
    const TemporaryFile file(std::string(10'000'000, '.'));
    Reader reader;
    REQUIRE(reader.frames.open(file.path(), sequence) == 0);
    int steps_left = 3;
    const FileFrames::Found found =
        reader.frames.next(reader.payload, {}, [&steps_left] { return steps_left-- > 0; });
    CHECK(found.outcome == FileFrames::Outcome::end);
    CHECK(reader.frames.reads() == 3);
}

} // namespace ringcast::input
