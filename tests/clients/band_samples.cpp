// band_samples FOLDER: writes each sample picture to FOLDER twice, encoded by one worker
// (NAME.one.jpg) and by several (NAME.bands.jpg), so that tests can compare the decoded pixels.

#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "encode/band_encoder.hpp"
#include "encode/raw_samples.hpp"

namespace {

using namespace ringcast;
using namespace ringcast::encode;

void write_file(const std::string& path, ConstByteSpan bytes) {
    std::ofstream file(path, std::ios::binary);
    file.exceptions(std::ios::failbit | std::ios::badbit);
    file << as_text(bytes);
    file.close();
}

void encode_to(const std::string& path, int workers, const RawPicture& picture) {
    constexpr int quality = 92;
    std::vector<std::byte> memory(8UL * 1024UL * 1024UL);
    BandEncoder encoder(workers);
    const BandEncoder::Encoded encoded = encoder.encode(picture, quality, memory);
    write_file(path, ConstByteSpan(memory).first(encoded.bytes.value()));
    if ((encoded.bytes_moved > 0) != (workers > 1)) {
        throw std::runtime_error(path + ": not encoded by the requested number of workers");
    }
}

} // namespace

int main(int argument_count, char** arguments) {
    if (argument_count != 2) {
        std::cerr << "band_samples FOLDER\n";
        return 2;
    }
    struct Sample {
        std::string name;
        test::PictureKind kind;
        int workers;
    };
    const std::vector<Sample> samples = {
        {"yuv420", {PixelFormat::yuv420, 1280, 720}, 4},
        {"nv12-odd", {PixelFormat::nv12, 641, 363, 7}, 3},
        {"yuyv", {PixelFormat::yuyv, 640, 480}, 2},
        {"yuyv-many", {PixelFormat::yuyv, 320, 240}, 11}, // more bands than restart markers
        {"rgbx", {PixelFormat::rgbx, 322, 242}, 4},
        {"grey", {PixelFormat::grey, 333, 222}, 5},
    };
    for (const Sample& sample : samples) {
        const test::OwnedPicture made = test::make_picture(sample.kind);
        const std::string path = std::string(arguments[1]) + "/" + sample.name;
        encode_to(path + ".one.jpg", 1, made.picture);
        encode_to(path + ".bands.jpg", sample.workers, made.picture);
    }
    return 0;
}
