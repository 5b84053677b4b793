#include "input/file_player.hpp"

#include <chrono>
#include <thread>

#include <catch2/catch_test_macros.hpp>
#include <sched.h>

#include "jpeg/repair.hpp"
#include "jpeg/samples.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

using test::jpeg;
using test::LogCapture;
using test::TemporaryFolder;
using namespace std::chrono_literals;

constexpr std::size_t frame_max = 100'000;
constexpr double fast = 500;   ///< so that no test waits for frames
constexpr double slow = 0.001; ///< so that only a changed file brings another frame

struct Bench : test::SourceBench<FileSource> {
    Bench(std::string path, std::optional<double> fps)
        : SourceBench(frame_max, io::StreamId{3, 1}, "door", std::move(path), fps) {}

    void until_frames(std::size_t count) {
        until([&] { return sink.frames.size() >= count; });
    }
};

/// A picture with a gain map behind its end, announced by an MPF segment (CIPA DC-007), as in files
/// of Ultra HDR: a photograph of a phone.
std::string ultra_hdr(const std::string& picture, const std::string& gain_map) {
    const std::string mpf("MPF\0II*\0\x08\0\0\0", 12);
    const std::string segment =
        std::string("\xFF\xE2\x00", 3) + static_cast<char>(mpf.size() + 2) + mpf;
    return picture.substr(0, 2) + segment + picture.substr(2) + gain_map;
}

} // namespace

TEST_CASE("the picture behind the end of a picture is not shown") {
    const TemporaryFolder folder;
    const std::string gain_map = jpeg(20, 'g');
    const std::string photo = ultra_hdr(jpeg(100, 'p'), gain_map);
    const std::string shown = photo.substr(0, photo.size() - gain_map.size());
    SECTION("of a file") {
        folder.write("photo.JPG", photo);
        Bench bench(folder.path("photo.JPG"), fast);
        bench.until_frames(4);
        CHECK(std::ranges::count(bench.sink.frames, shown) ==
              static_cast<std::ptrdiff_t>(bench.sink.frames.size()));
        CHECK(bench.source.counters().bytes_skipped == 0);
    }
    SECTION("of a folder") {
        folder.write("a.jpeg", photo);
        folder.write("b.jpg", photo.substr(0, 100) + gain_map);
        Bench bench(folder.path(), fast);
        bench.until_frames(4);
        CHECK(std::ranges::count(bench.sink.frames, shown) ==
              static_cast<std::ptrdiff_t>(bench.sink.frames.size()));
        CHECK(bench.source.counters().frames_damaged >= 1);
    }
    SECTION("but a sequence of such pictures shows all of them") {
        folder.write("film.mjpeg", photo);
        Bench bench(folder.path("film.mjpeg"), fast);
        bench.until_frames(4);
        CHECK(bench.sink.frames[0] == shown);
        CHECK(bench.sink.frames[1] == gain_map);
        CHECK(bench.sink.frames[2] == shown);
    }
}

TEST_CASE("a file of frames is played in order and again from its beginning") {
    const TemporaryFolder folder;
    const std::vector<std::string> frames{jpeg(10, 'a'), jpeg(80'000, 'b'), jpeg(30, 'c')};
    folder.write("film.mjpeg", frames[0] + frames[1] + "--junk--" + frames[2]);
    Bench bench(folder.path("film.mjpeg"), fast);
    bench.until_frames(9);
    for (std::size_t i = 0; i < 9; ++i) {
        CHECK(bench.sink.frames[i] == frames[i % 3]);
    }
    CHECK(bench.sink.reasons.empty());
    CHECK(bench.source.counters().frames >= 9);
    CHECK(bench.source.counters().bytes_skipped >= 16);
    CHECK(bench.source.kind() == "file");
    // Rising times, so that viewers see each turn as a new frame.
    CHECK(bench.sink.infos[8].captured > bench.sink.infos[0].captured);
    CHECK(bench.sink.infos[8].captured_at > bench.sink.infos[0].captured_at);
}

TEST_CASE("missing Huffman tables are inserted into pictures of a file and of a folder") {
    using ringcast::test::make_jpeg;
    const TemporaryFolder folder;
    const ringcast::test::Bytes whole = make_jpeg({});
    const ringcast::test::Bytes bare = ringcast::test::without_huffman_tables(whole);
    const std::string lacking(as_text(bare));
    folder.write("a.jpg", lacking);
    folder.write("b.jpg", std::string(as_text(whole)));
    folder.write("film.mjpeg", lacking + lacking);
    Bench film(folder.path("film.mjpeg"), fast);
    Bench pictures(folder.path(), fast);
    film.until_frames(2);
    pictures.until_frames(2);
    CHECK(pictures.sink.frames[1] == as_text(whole));
    for (const std::string& frame :
         {film.sink.frames[0], film.sink.frames[1], pictures.sink.frames[0]}) {
        CHECK(frame.size() == lacking.size() + ringcast::jpeg::huffman_tables_bytes);
        CHECK(ringcast::test::decode_jpeg(as_bytes(frame))->rgb ==
              ringcast::test::decode_jpeg(whole)->rgb);
    }
    CHECK(film.source.counters().frames_repaired >= 2);
    CHECK(pictures.source.counters().frames_repaired >= 1);
    CHECK(pictures.source.counters().frames_damaged == 0);
}

TEST_CASE(
    "the pictures of a folder are shown in the order of their names, and other files ignored") {
    const TemporaryFolder folder;
    folder.write("b.JPG", jpeg(2, 'b'));
    folder.write("a.jpg", jpeg(1, 'a'));
    folder.write("c.jpeg", jpeg(3, 'c'));
    folder.write("d.txt", jpeg(4, 'd'));
    folder.write("bad.jpg", jpeg(100).substr(0, 50));
    Bench bench(folder.path(), fast);
    bench.until_frames(6);
    CHECK(std::vector<std::string>(bench.sink.frames.begin(), bench.sink.frames.begin() + 6) ==
          std::vector<std::string>{jpeg(1, 'a'), jpeg(2, 'b'), jpeg(3, 'c'), jpeg(1, 'a'),
                                   jpeg(2, 'b'), jpeg(3, 'c')});
    CHECK(bench.source.counters().frames_damaged >= 1);
}

TEST_CASE("a picture that is moved into a folder is shown at once") {
    const TemporaryFolder folder;
    folder.write("a.jpg", jpeg(1, 'a'));
    Bench bench(folder.path(), slow);
    bench.until_frames(1);
    folder.move_in("z.jpg", jpeg(2, 'z'));
    bench.until_frames(2);
    CHECK(bench.sink.frames[1] == jpeg(2, 'z'));
    // A picture that is written in place counts when it is complete.
    {
        std::ofstream file(folder.path("y.jpg"), std::ios::binary);
        file << jpeg(3, 'y').substr(0, 20) << std::flush;
        folder.move_in("x.jpg", jpeg(4, 'x'));
        bench.until_frames(3);
        file << jpeg(3, 'y').substr(20);
    }
    bench.until_frames(4);
    CHECK(bench.sink.frames[2] == jpeg(4, 'x'));
    CHECK(bench.sink.frames[3] == jpeg(3, 'y'));
}

TEST_CASE("a picture that is rewritten is shown at once, whole") {
    const TemporaryFolder folder;
    folder.write("now.jpg", jpeg(100, 'a'));
    Bench bench(folder.path("now.jpg"), slow);
    bench.until_frames(1);
    for (char letter = 'b'; letter <= 'f'; ++letter) {
        folder.move_in("now.jpg", jpeg(100, letter));
        bench.until([&] { return bench.sink.frames.back() == jpeg(100, letter); });
    }
    folder.write("now.jpg", jpeg(50, 'w'));
    bench.until([&] { return bench.sink.frames.back() == jpeg(50, 'w'); });
    folder.write("other.jpg", jpeg(50, 'o'));
    folder.move_in("now.jpg", jpeg(50, 'x'));
    bench.until([&] { return bench.sink.frames.back() == jpeg(50, 'x'); });
    for (const std::string& frame : bench.sink.frames) {
        CHECK(frame != jpeg(50, 'o'));
    }
}

TEST_CASE("a picture is shown as soon as a slot is free") {
    const TemporaryFolder folder;
    folder.write("now.jpg", jpeg(100, 'a'));
    Bench bench(folder.path("now.jpg"), slow);
    bench.until_frames(1);
    bench.sink.slots_withheld = true;
    for (std::size_t shown = 1; shown <= FrameThread::slots_max; ++shown) { // those it has
        folder.move_in("now.jpg", jpeg(shown, 'b'));
        bench.until_frames(1 + shown);
    }
    folder.move_in("now.jpg", jpeg(100, 'z'));
    std::this_thread::sleep_for(50ms); // so that the thread has looked, in most runs
    bench.sink.slots_withheld = false;
    bench.engine.pass(FrameThread::slot_retry_time);
    bench.source.on_deadline(bench.engine.now());
    bench.until([&] { return bench.sink.frames.back() == jpeg(100, 'z'); });
}

TEST_CASE("damage is counted while the last good picture is still shown") {
    const TemporaryFolder folder;
    folder.write("now.jpg", jpeg(100, 'a'));
    Bench bench(folder.path("now.jpg"), slow);
    bench.until_frames(1);
    folder.write("now.jpg", jpeg(100, 'b').substr(0, 50));
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (bench.source.counters().frames_damaged == 0 &&
           std::chrono::steady_clock::now() < give_up) {
        sched_yield();
    }
    CHECK(bench.source.counters().frames_damaged > 0);
}

TEST_CASE("a missing file is reported, and shown when it appears") {
    LogCapture log;
    const TemporaryFolder folder;
    Bench bench(folder.path("later.jpg"), slow);
    bench.until([&] { return !bench.sink.reasons.empty(); });
    CHECK(bench.sink.reasons == std::vector<std::string>{"the file is missing"});
    CHECK(log.count(folder.path("later.jpg")) == 1);
    folder.move_in("later.jpg", jpeg(10));
    bench.until_frames(1);
    CHECK(bench.sink.frames[0] == jpeg(10));
}

TEST_CASE("an empty folder waits for its first picture") {
    const TemporaryFolder folder;
    Bench bench(folder.path(), slow);
    bench.until([&] { return !bench.sink.reasons.empty(); });
    CHECK(bench.sink.reasons == std::vector<std::string>{"the folder contains no pictures"});
    folder.write("first.jpg", jpeg(10));
    bench.until_frames(1);
}

TEST_CASE("a folder that is created, deleted and created again is shown whenever it exists") {
    const TemporaryFolder folder;
    Bench bench(folder.path("inner"), fast);
    bench.until([&] { return !bench.sink.reasons.empty(); });
    CHECK(bench.sink.reasons.back() == "the file is missing");
    std::filesystem::create_directory(folder.path("inner"));
    folder.write("inner/a.jpg", jpeg(1, 'a'));
    bench.until_frames(1);
    std::filesystem::remove_all(folder.path("inner"));
    bench.until([&] { return bench.sink.reasons.size() >= 2; });
    std::filesystem::create_directory(folder.path("inner"));
    folder.write("inner/b.jpg", jpeg(2, 'b'));
    bench.until([&] { return bench.sink.frames.back() == jpeg(2, 'b'); });
}

TEST_CASE("a video is reported with the command that shows it, unless its frames are JPEG") {
    const TemporaryFolder folder;
    const std::string begins_like_jpeg = jpeg(1000).substr(0, 500);
    folder.write("clip.mp4", "\x20"
                             "ftypisom" +
                                 begins_like_jpeg);
    folder.write("large.MKV", jpeg(2'000'000));
    folder.write("camera.avi", "RIFF" + jpeg(10));
    for (const char* name : {"clip.mp4", "large.MKV"}) {
        LogCapture log;
        Bench bench(folder.path(name), fast);
        bench.until([&] { return !bench.sink.reasons.empty(); });
        CHECK(bench.sink.reasons.back() == "the file is a video, not JPEG frames");
        CHECK(log.count("the file is a video, not JPEG frames; to show it: ffmpeg -re -stream_loop "
                        "-1 -i " +
                        folder.path(name) + " -q:v 4 -f mjpeg - | ringcast -") == 1);
    }
    Bench bench(folder.path("camera.avi"), fast);
    bench.until_frames(2);
    CHECK(bench.sink.reasons.empty());
}

TEST_CASE("a file without a whole JPEG, and an oversized JPEG, are reported with the reason") {
    const TemporaryFolder folder;
    folder.write("bad.jpg", jpeg(1000).substr(0, 500));
    folder.write("huge.jpg", jpeg(2'000'000));
    {
        Bench bench(folder.path("bad.jpg"), fast);
        bench.until([&] { return !bench.sink.reasons.empty(); });
        CHECK(bench.sink.reasons.back() == "the file contains no whole JPEG");
        CHECK(bench.source.counters().frames_damaged >= 1);
    }
    folder.write("wide.jpg", jpeg(10, 'w', 20'000, 100));
    {
        Bench bench(folder.path("wide.jpg"), fast);
        bench.until([&] { return !bench.sink.reasons.empty(); });
        CHECK(bench.sink.reasons.back() ==
              "pictures of 20000x100 are larger than picture_max = 16384x16384: raise it in "
              "[memory]");
        CHECK(bench.source.counters().frames_damaged >= 1);
    }
    Bench bench(folder.path("huge.jpg"), fast);
    bench.until([&] { return !bench.sink.reasons.empty(); });
    CHECK(bench.sink.reasons.back() ==
          "frames of 2 MiB are larger than frame_max = 97.6 KiB: raise it in [memory]");
    CHECK(bench.source.counters().frames_oversized >= 1);
}

} // namespace ringcast::input
