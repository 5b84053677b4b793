#include "encode/transform_pool.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <dirent.h>
#include <linux/dma-buf.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "encode/jpeg_samples.hpp"
#include "encode/raw_scaler.hpp"
#include "os/clock.hpp"
#include "os/dmabuf_log.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::encode {

namespace {

using test::FakeEngine;
using test::make_picture;
using test::make_scene_jpeg;
using test::OwnedPicture;

constexpr io::OpToken token = io::source_token({2, 1}, 3, 1);

struct Bench {
    explicit Bench(int workers = 1)
        : pool(std::move(
              TransformPool::create(engine, token, &os::monotonic_now, {workers, 1'000'000})
                  .value())) {
        for (int i = 0; i < workers; ++i) {
            memory.emplace_back(1024UL * 1024UL);
        }
    }
    ~Bench() {
        pool->stop();
        while (!pool->stopped()) {
            static_cast<void>(pool->on_completion(engine.answer_for_real()));
        }
        CHECK(engine.operations.empty());
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;

    /// The next answers, at least one.
    std::vector<TransformPool::Answer> answers() {
        for (;;) {
            const auto answered = pool->on_completion(engine.answer_for_real());
            if (!answered.empty()) {
                return {answered.begin(), answered.end()};
            }
        }
    }
    TransformPool::Answer do_job(const TransformPool::Job& job) {
        REQUIRE(pool->submit(job));
        const auto answered = answers();
        REQUIRE(answered.size() == 1);
        return answered.front();
    }
    TransformPool::Job job_of(ConstByteSpan jpeg, std::size_t index = 0) {
        TransformPool::Job job;
        job.ticket = index;
        job.jpeg = jpeg;
        job.transform.target = TargetSize::half();
        job.into = memory[index];
        return job;
    }
    TransformPool::Job job_of(const OwnedPicture& made) {
        TransformPool::Job job = job_of(ConstByteSpan{});
        job.raw = made.picture;
        return job;
    }

    FakeEngine engine;
    std::unique_ptr<TransformPool> pool;
    std::vector<ringcast::test::Bytes> memory;
};

/// Threads of this process, by id.
std::set<id_t> threads() {
    std::set<id_t> found;
    DIR* const folder = opendir("/proc/self/task");
    REQUIRE(folder != nullptr);
    while (const dirent* const entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            found.insert(static_cast<id_t>(std::stoul(entry->d_name)));
        }
    }
    closedir(folder);
    return found;
}

} // namespace

TEST_CASE("a JPEG job has the same result as JpegTransformer") {
    Bench bench;
    const auto jpeg = make_scene_jpeg({160, 120});
    TransformPool::Job job = bench.job_of(jpeg);
    job.ticket = 0xFEDCBA9876543210;
    const Instant before = os::monotonic_now();
    const TransformPool::Answer answer = bench.do_job(job);
    CHECK(answer.ticket == job.ticket);
    CHECK(answer.time > Duration(0));
    CHECK(answer.time <= os::monotonic_now() - before);
    JpegTransformer transformer(1'000'000);
    ringcast::test::Bytes wanted(bench.memory[0].size());
    const TransformResult result = transformer.transform(jpeg, job.transform, wanted);
    REQUIRE(answer.result.has_value());
    REQUIRE(result.has_value());
    CHECK(answer.result->bytes == result->bytes);
    CHECK(answer.result->width == 80);
    CHECK(answer.result->height == 60);
    CHECK(std::equal(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(result->bytes),
                     bench.memory[0].begin()));
}

TEST_CASE("a raw job has the same result as RawScaler and RawEncoder") {
    Bench bench;
    const OwnedPicture made = make_picture({PixelFormat::nv12, 161, 121, 9});
    TransformPool::Job job = bench.job_of(made);
    job.transform.quality = 60;
    job.transform.rotate = Rotation::by_90;
    const TransformPool::Answer answer = bench.do_job(job);
    RawScaler scaler;
    RawEncoder encoder;
    ringcast::test::Bytes wanted(bench.memory[0].size());
    const RawPicture* const scaled = scaler.scale(made.picture, job.transform);
    REQUIRE(scaled != nullptr);
    const auto bytes = encoder.encode(*scaled, {60, 0, 0}, wanted);
    REQUIRE(bytes.has_value());
    REQUIRE(answer.result.has_value());
    CHECK(answer.result->bytes == *bytes);
    CHECK(answer.result->width == 61);
    CHECK(answer.result->height == 81);
    CHECK(answer.result->how == TransformedPicture::How::recompressed);
    CHECK(std::equal(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(*bytes),
                     bench.memory[0].begin()));
}

TEST_CASE("a job that fails says why, and the next one works") {
    Bench bench;
    const auto jpeg = make_scene_jpeg({160, 120});
    const auto failure = [&bench](const TransformPool::Job& job) {
        const TransformPool::Answer answer = bench.do_job(job);
        REQUIRE(!answer.result.has_value());
        CHECK(!answer.result.error().reason.empty());
        return answer.result.error().failure;
    };
    CHECK(failure(bench.job_of(ConstByteSpan(jpeg).first(500))) == TransformFailure::damaged);
    TransformPool::Job job = bench.job_of(jpeg);
    job.into = job.into.first(100);
    CHECK(failure(job) == TransformFailure::does_not_fit);
    const auto large = make_scene_jpeg({1001, 1000, 0, 0});
    CHECK(failure(bench.job_of(large)) == TransformFailure::unsupported);
    const OwnedPicture made = make_picture({PixelFormat::nv12, 64, 48});
    job = bench.job_of(made);
    job.into = job.into.first(100);
    CHECK(failure(job) == TransformFailure::does_not_fit);
    job = bench.job_of(made);
    job.raw->planes[1].bytes = {};
    CHECK(failure(job) == TransformFailure::unsupported);
    CHECK(bench.do_job(bench.job_of(jpeg)).result.has_value());
    CHECK(bench.do_job(bench.job_of(made)).result.has_value());
}

TEST_CASE("each worker has one job at a time, and every job is answered once") {
    constexpr int workers = 3;
    Bench bench(workers);
    const auto jpeg = make_scene_jpeg({64, 48});
    const auto other = make_scene_jpeg({32, 32, 1, 1, true});
    std::set<std::size_t> busy;
    int answered = 0;
    for (int submitted = 0; answered < 300;) {
        for (std::size_t i = 0; i < workers && submitted < 300; ++i) {
            if (!busy.contains(i)) {
                CHECK(bench.pool->free_workers() == workers - static_cast<int>(busy.size()));
                REQUIRE(bench.pool->submit(bench.job_of(submitted % 2 == 0 ? jpeg : other, i)));
                busy.insert(i);
                ++submitted;
            }
        }
        for (const TransformPool::Answer& answer : bench.answers()) {
            CHECK(answer.result.has_value());
            CHECK(busy.erase(answer.ticket) == 1);
            ++answered;
        }
    }
    CHECK(bench.pool->free_workers() == workers);
}

TEST_CASE("threads start with the first jobs, not more than there are jobs at once, with a lower "
          "priority") {
    const std::set<id_t> before = threads();
    Bench bench(3);
    // Those of earlier tests may be listed for a moment after they have been joined.
    const std::set<id_t> created = threads();
    CHECK(std::includes(before.begin(), before.end(), created.begin(), created.end()));
    const auto jpeg = make_scene_jpeg({64, 48});
    for (int i = 0; i < 5; ++i) {
        CHECK(bench.do_job(bench.job_of(jpeg)).result.has_value());
    }
    const int own = getpriority(PRIO_PROCESS, 0);
    int others = 0;
    for (const id_t thread : threads()) {
        if (!before.contains(thread)) {
            CHECK(getpriority(PRIO_PROCESS, thread) == std::min(own + 10, 19));
            ++others;
        }
    }
    CHECK(others == 1);
    CHECK(getpriority(PRIO_PROCESS, 0) == own);
}

TEST_CASE("a raw picture's dmabufs are read between the calls that synchronise the processor's "
          "cache") {
    Bench bench;
    const UniqueFd memory(memfd_create("picture", MFD_CLOEXEC));
    REQUIRE(memory.valid());
    const OwnedPicture made = make_picture({PixelFormat::nv12, 64, 48});
    TransformPool::Job job = bench.job_of(made);
    job.dmabufs = {memory.get(), -1, -1};
    test::DmabufLog log;
    CHECK(bench.do_job(job).result.has_value());
    CHECK(log.calls_for(test::inode_of(memory.get())) ==
          std::vector<std::uint64_t>{DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ,
                                     DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ});
}

TEST_CASE("a pool that is stopped during its jobs ends, and answers those that had begun") {
    const auto jpeg = make_scene_jpeg({320, 240});
    for (int round = 0; round < 40; ++round) {
        const int workers = round % 4; // none: stopped without a thread
        Bench bench(std::max(workers, 1));
        for (int i = 0; i < workers; ++i) {
            REQUIRE(bench.pool->submit(bench.job_of(jpeg, static_cast<std::size_t>(i))));
        }
        bench.pool->stop();
        std::size_t answers = 0;
        while (!bench.pool->stopped()) {
            answers += bench.pool->on_completion(bench.engine.answer_for_real()).size();
        }
        CHECK(answers <= static_cast<std::size_t>(workers));
    }
}

TEST_CASE("the completion of another operation is ignored by a pool") {
    Bench bench;
    io::Completion completion;
    completion.token = io::source_token({2, 1}, 4, 1);
    const std::size_t operations = bench.engine.operations.size();
    CHECK(bench.pool->on_completion(completion).empty());
    CHECK(bench.engine.operations.size() == operations);
}

} // namespace ringcast::encode
