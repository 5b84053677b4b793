#include "encode/encode_worker.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <catch2/catch_test_macros.hpp>
#include <linux/dma-buf.h>
#include <sys/mman.h>

#include "encode/jpeg_samples.hpp"
#include "encode/text_overlay.hpp"
#include "jpeg/samples.hpp"
#include "os/clock.hpp"
#include "os/dmabuf_log.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::encode {

namespace {

using test::FakeEngine;
using test::make_picture;
using test::OwnedPicture;

constexpr io::OpToken token = io::source_token({2, 1}, 3, 1);

struct Bench {
    explicit Bench(int workers = 1)
        : worker(std::move(
              EncodeWorker::create(engine, token, &os::monotonic_now, {workers, 1'000'000})
                  .value())),
          memory(1024UL * 1024UL) {}
    ~Bench() {
        worker->stop();
        while (!worker->stopped()) {
            static_cast<void>(worker->on_completion(engine.answer_for_real()));
        }
        CHECK(engine.operations.empty());
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;

    EncodeWorker::Answer answer() {
        for (;;) {
            if (const auto answered = worker->on_completion(engine.answer_for_real())) {
                return *answered;
            }
        }
    }
    EncodeWorker::Answer encode(const EncodeWorker::Job& job) {
        worker->encode(job);
        return answer();
    }
    TransformFailure failure(const EncodeWorker::Job& job) {
        const auto result = encode(job).result;
        REQUIRE_FALSE(result.has_value());
        return result.error().failure;
    }
    /// The JPEG that was made.
    [[nodiscard]] ConstByteSpan jpeg_of(const EncodeWorker::Answer& answer) const {
        return ConstByteSpan(memory).first(answer.result->bytes);
    }
    EncodeWorker::Job job_of(const OwnedPicture& made) {
        EncodeWorker::Job job;
        job.picture = made.picture;
        job.into = memory;
        return job;
    }

    FakeEngine engine;
    std::unique_ptr<EncodeWorker> worker;
    ringcast::test::Bytes memory;
};

} // namespace

TEST_CASE("a picture is encoded into the job's memory, with the same bytes as by RawEncoder") {
    Bench bench;
    const OwnedPicture made = make_picture({PixelFormat::nv12, 161, 121, 9});
    const Instant before = os::monotonic_now();
    const EncodeWorker::Answer answer = bench.encode(bench.job_of(made));
    CHECK(answer.encode_time > Duration(0));
    CHECK(answer.encode_time <= os::monotonic_now() - before);
    RawEncoder encoder;
    ringcast::test::Bytes wanted(bench.memory.size());
    REQUIRE(answer.result.has_value());
    REQUIRE(answer.result->bytes == encoder.encode(made.picture, {}, wanted));
    CHECK(answer.result->width == 161);
    CHECK(answer.result->height == 121);
    CHECK(std::equal(wanted.begin(),
                     wanted.begin() + static_cast<std::ptrdiff_t>(answer.result->bytes),
                     bench.memory.begin()));
}

TEST_CASE("a worker is idle until a job is submitted, and again when the job has been answered") {
    Bench bench;
    const OwnedPicture made = make_picture({PixelFormat::grey, 64, 64});
    CHECK(bench.worker->idle());
    for (int round = 0; round < 200; ++round) {
        bench.worker->encode(bench.job_of(made));
        CHECK(!bench.worker->idle());
        const EncodeWorker::Answer answer = bench.answer();
        REQUIRE(answer.result.has_value());
        CHECK(bench.worker->idle());
    }
}

TEST_CASE("several workers encode one picture together, and the bytes moved to join it are "
          "counted") {
    Bench bench(3);
    const OwnedPicture made = make_picture({PixelFormat::nv12, 161, 121, 9});
    const EncodeWorker::Answer answer = bench.encode(bench.job_of(made));
    REQUIRE(answer.result.has_value());
    CHECK(answer.bytes_moved > 0);
    CHECK(answer.bytes_moved < answer.result->bytes);
    const auto decoded =
        ringcast::test::decode_jpeg(ConstByteSpan(bench.memory).first(answer.result->bytes));
    RawEncoder encoder;
    ringcast::test::Bytes alone(bench.memory.size());
    const auto bytes = encoder.encode(made.picture, {}, alone);
    REQUIRE(bytes.has_value());
    const auto wanted = ringcast::test::decode_jpeg(ConstByteSpan(alone).first(*bytes));
    REQUIRE(decoded.has_value());
    REQUIRE(wanted.has_value());
    CHECK(decoded->rgb == wanted->rgb);
}

TEST_CASE("each job has its own quality") {
    Bench bench;
    const OwnedPicture made = make_picture({PixelFormat::yuyv, 160, 120});
    EncodeWorker::Job job = bench.job_of(made);
    job.quality = 90;
    const auto fine = bench.encode(job).result;
    job.quality = 20;
    const auto coarse = bench.encode(job).result;
    job.quality = 90;
    const auto fine_again = bench.encode(job).result;
    REQUIRE(fine.has_value());
    REQUIRE(coarse.has_value());
    CHECK(coarse->bytes < fine->bytes);
    REQUIRE(fine_again.has_value());
    CHECK(fine_again->bytes == fine->bytes);
}

TEST_CASE("a raw picture is turned before it is encoded, whatever its format") {
    for (const PixelFormat format : {PixelFormat::yuyv, PixelFormat::nv12, PixelFormat::bgrx}) {
        Bench bench(2);
        const OwnedPicture made = make_picture({format, 161, 121});
        EncodeWorker::Job job = bench.job_of(made);
        job.turn = {Rotation::by_90, true};
        job.quality = 95;
        const EncodeWorker::Answer answer = bench.encode(job);
        REQUIRE(answer.result.has_value());
        CHECK(answer.result->width == 121);
        CHECK(answer.result->height == 161);
        const auto decoded = ringcast::test::decode_jpeg(bench.jpeg_of(answer));
        REQUIRE(decoded.has_value());
        // Rotated and mirrored is transposed. The scene is smooth, so that colour at half of the
        // resolution makes little difference.
        const auto pixel = [&](int x, int y) { return decoded->rgb.data() + 3 * (y * 121 + x); };
        for (const auto& [x, y] : {std::pair{5, 7}, {100, 20}, {60, 150}, {118, 158}}) {
            const ringcast::test::Pixel wanted = ringcast::test::scene(y, x);
            CHECK(std::abs(pixel(x, y)[0] - wanted.red) < 16);
            CHECK(std::abs(pixel(x, y)[1] - wanted.green) < 16);
            CHECK(std::abs(pixel(x, y)[2] - wanted.blue) < 16);
        }
    }
}

TEST_CASE("a JPEG is turned without loss where that is possible, as by JpegTransformer") {
    using How = TransformedPicture::How;
    Bench bench;
    for (const auto& [width, how] : {std::pair{96, How::lossless}, {100, How::recompressed}}) {
        const auto jpeg = ringcast::test::make_scene_jpeg({width, 64});
        EncodeWorker::Job job;
        job.jpeg = jpeg;
        job.turn = {Rotation::by_270, false};
        job.into = bench.memory;
        const EncodeWorker::Answer answer = bench.encode(job);
        REQUIRE(answer.result.has_value());
        CHECK(answer.result->how == how);
        CHECK(answer.result->width == 64);
        CHECK(answer.result->height == width);
        JpegTransformer transformer(1'000'000);
        ringcast::test::Bytes wanted(bench.memory.size());
        PictureTransform transform;
        transform.rotate = Rotation::by_270;
        const TransformResult result = transformer.transform(jpeg, transform, wanted);
        REQUIRE(result.has_value());
        REQUIRE(answer.result->bytes == result->bytes);
        const ConstByteSpan made = bench.jpeg_of(answer);
        CHECK(std::equal(made.begin(), made.end(), wanted.begin()));
    }
}

TEST_CASE("a text is drawn into a raw picture in its own memory, or into the turned one") {
    const config::OverlayConfig overlay{"text", config::Corner::top_left};
    const OwnedPicture made = make_picture({PixelFormat::nv12, 160, 120});
    for (const PictureTurn turn : {PictureTurn{}, PictureTurn{Rotation::by_180, false}}) {
        Bench bench;
        OwnedPicture own = make_picture({PixelFormat::nv12, 160, 120});
        EncodeWorker::Job job = bench.job_of(own);
        job.turn = turn;
        job.overlay = &overlay;
        REQUIRE(bench.encode(job).result.has_value());
        const ConstByteSpan before = made.picture.planes[0].bytes;
        const ConstByteSpan after = own.picture.planes[0].bytes;
        CHECK(std::equal(before.begin(), before.end(), after.begin()) == (turn != PictureTurn{}));
        // As if it had been drawn first.
        RawScaler scaler;
        PictureTransform transform;
        transform.rotate = turn.rotate;
        const OwnedPicture again = make_picture({PixelFormat::nv12, 160, 120});
        const RawPicture* const turned = scaler.scale(again.picture, transform);
        REQUIRE(turned != nullptr);
        draw_overlay(*turned, overlay, job.captured);
        RawEncoder encoder;
        ringcast::test::Bytes wanted(bench.memory.size());
        const auto bytes = encoder.encode(*turned, {}, wanted);
        REQUIRE(bytes.has_value());
        CHECK(std::equal(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(*bytes),
                         bench.memory.begin()));
    }
}

TEST_CASE("a damaged JPEG and one with too many pixels are reported") {
    Bench bench;
    auto jpeg = ringcast::test::make_scene_jpeg({64, 64});
    EncodeWorker::Job job;
    job.jpeg = ConstByteSpan(jpeg).first(jpeg.size() / 2);
    job.turn.rotate = Rotation::by_180;
    job.into = bench.memory;
    CHECK(bench.failure(job) == TransformFailure::damaged);
    jpeg = ringcast::test::make_scene_jpeg({1008, 1008});
    job.jpeg = jpeg;
    CHECK(bench.failure(job) == TransformFailure::unsupported);
}

TEST_CASE("a JPEG that does not fit and an invalid picture are reported, and the next job works") {
    Bench bench;
    const OwnedPicture made = make_picture({PixelFormat::yuv420, 64, 64});
    EncodeWorker::Job job = bench.job_of(made);
    job.into = job.into.first(100);
    CHECK(bench.failure(job) == TransformFailure::does_not_fit);
    job = bench.job_of(made);
    job.picture.planes[2].bytes = {};
    CHECK(bench.failure(job) == TransformFailure::unsupported);
    CHECK(bench.encode(bench.job_of(made)).result.has_value());
}

TEST_CASE("a picture's dmabufs are read between the calls that synchronise the processor's cache") {
    Bench bench;
    const UniqueFd memory(memfd_create("picture", MFD_CLOEXEC));
    REQUIRE(memory.valid());
    const OwnedPicture made = make_picture({PixelFormat::nv12, 64, 48});
    EncodeWorker::Job job = bench.job_of(made);
    job.dmabufs = {memory.get(), -1, -1};
    test::DmabufLog log;
    CHECK(bench.encode(job).result.has_value());
    CHECK(log.calls_for(test::inode_of(memory.get())) ==
          std::vector<std::uint64_t>{DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ,
                                     DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ});
}

TEST_CASE("memory that is no dmabuf is read as well") {
    Bench bench;
    const UniqueFd memory(memfd_create("picture", MFD_CLOEXEC));
    REQUIRE(memory.valid());
    const OwnedPicture made = make_picture({PixelFormat::bgrx, 33, 21});
    EncodeWorker::Job job = bench.job_of(made);
    job.dmabufs = {memory.get(), -1, -1};
    CHECK(bench.encode(job).result.has_value());
}

TEST_CASE("a worker that is stopped during a job ends, and answers the job if it had begun") {
    for (int round = 0; round < 50; ++round) {
        Bench bench(1 + round % 3);
        const OwnedPicture made = make_picture({PixelFormat::nv21, 320, 240});
        bench.worker->encode(bench.job_of(made));
        bench.worker->stop();
        std::size_t answers = 0;
        while (!bench.worker->stopped()) {
            const auto answer = bench.worker->on_completion(bench.engine.answer_for_real());
            answers += answer.has_value() ? 1U : 0U;
        }
        CHECK(answers <= 1);
        CHECK(bench.worker->idle() == (answers == 1));
    }
}

TEST_CASE("the completion of another operation is ignored") {
    Bench bench;
    io::Completion completion;
    completion.token = io::source_token({2, 1}, 4, 1);
    const std::size_t operations = bench.engine.operations.size();
    CHECK(!bench.worker->on_completion(completion).has_value());
    CHECK(bench.engine.operations.size() == operations);
}

} // namespace ringcast::encode
