#include "sources/file_source.hpp"

#include <utility>

namespace ringcast::sources {

FileSource::FileSource(io::Ring& ring, std::string stream_name, std::string path,
                       std::optional<double> fps)
    : player_(std::move(stream_name), std::move(path), fps), thread_(ring, counters_) {}

void FileSource::start(source::FrameSink& sink, std::uint32_t stream) noexcept {
    constexpr std::uint8_t wake_operation = 0;
    constexpr std::uint32_t only_run = 1;
    const auto play = [this](FrameThread::Worker& worker) { player_.run(worker); };
    if (!thread_.begin(sink, io::source_token(stream, wake_operation, only_run), play)) {
        sink.signal_lost("there is no thread left to read the file");
    }
}

} // namespace ringcast::sources
