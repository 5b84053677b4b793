#include "app/encoder_benchmark.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::app;
using namespace std::chrono_literals;

TEST_CASE("the encoder's time for a picture is measured with one worker and with several") {
    for (const int workers : {1, 2}) {
        const EncoderTiming timing = time_encoder({320, 240}, 80, workers, 1ms);
        CHECK(timing.workers == workers);
        CHECK(timing.latency > 0s);
        CHECK(timing.processor_time > 0s);
        // A noisy picture takes between half a bit and twelve bits a pixel.
        CHECK(timing.jpeg_bytes > 320 * 240 / 16);
        CHECK(timing.jpeg_bytes < 320 * 240 * 3 / 2);
    }
}

TEST_CASE(
    "the report of the encoder's benchmark states cost per megapixel and share of a processor") {
    CHECK(timing_text({.size = {1000, 500},
                       .workers = 3,
                       .latency = 2500us,
                       .processor_time = 5ms,
                       .jpeg_bytes = 98'700}) ==
          "1000x500, 3 threads: 2.5 ms a picture, 10.0 ms of processor time a megapixel, 98 KB; "
          "30 frames/s take 15 % of one processor\n");
}
