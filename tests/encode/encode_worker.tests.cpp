#include "encode/encode_worker.hpp"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <linux/dma-buf.h>
#include <sys/mman.h>

#include "encode/raw_samples.hpp"
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
        : worker(
              std::move(EncodeWorker::create(engine, token, &os::monotonic_now, workers).value())),
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
    REQUIRE(answer.bytes == encoder.encode(made.picture, {}, wanted));
    CHECK(std::equal(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(*answer.bytes),
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
        REQUIRE(answer.bytes.has_value());
        CHECK(bench.worker->idle());
    }
}

TEST_CASE("several workers encode one picture together, and the bytes moved to join it are "
          "counted") {
    Bench bench(3);
    const OwnedPicture made = make_picture({PixelFormat::nv12, 161, 121, 9});
    const EncodeWorker::Answer answer = bench.encode(bench.job_of(made));
    REQUIRE(answer.bytes.has_value());
    CHECK(answer.bytes_moved > 0);
    CHECK(answer.bytes_moved < *answer.bytes);
    const auto decoded =
        ringcast::test::decode_jpeg(ConstByteSpan(bench.memory).first(*answer.bytes));
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
    const auto fine = bench.encode(job).bytes;
    job.quality = 20;
    const auto coarse = bench.encode(job).bytes;
    job.quality = 90;
    const auto fine_again = bench.encode(job).bytes;
    REQUIRE(fine.has_value());
    REQUIRE(coarse.has_value());
    CHECK(*coarse < *fine);
    CHECK(fine_again == fine);
}

TEST_CASE("a JPEG that does not fit and an invalid picture are reported, and the next job works") {
    Bench bench;
    const OwnedPicture made = make_picture({PixelFormat::yuv420, 64, 64});
    EncodeWorker::Job job = bench.job_of(made);
    job.into = job.into.first(100);
    CHECK(bench.encode(job).bytes == std::nullopt);
    job = bench.job_of(made);
    job.picture.planes[2].bytes = {};
    CHECK(bench.encode(job).bytes == std::nullopt);
    CHECK(bench.encode(bench.job_of(made)).bytes.has_value());
}

TEST_CASE("a picture's dmabufs are read between the calls that synchronise the processor's cache") {
    Bench bench;
    const UniqueFd memory(memfd_create("picture", MFD_CLOEXEC));
    REQUIRE(memory.valid());
    const OwnedPicture made = make_picture({PixelFormat::nv12, 64, 48});
    EncodeWorker::Job job = bench.job_of(made);
    job.dmabufs = {memory.get(), -1, -1};
    test::DmabufLog log;
    CHECK(bench.encode(job).bytes.has_value());
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
    CHECK(bench.encode(job).bytes.has_value());
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
