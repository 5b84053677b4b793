// Runs a fuzz target with the contents of files and folders, as a test. Fails if a folder contains
// too few files, because an empty corpus would test nothing.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int corpus_files_min = 20;

int replay(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path)) {
        int count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(path)) {
            count += replay(entry.path());
        }
        return count;
    }
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file),
                                  std::istreambuf_iterator<char>()};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return 1;
}

} // namespace

int main(int argc, char** argv) {
    int count = 0;
    bool folder = false;
    for (int i = 1; i < argc; ++i) {
        folder = folder || std::filesystem::is_directory(argv[i]);
        count += replay(argv[i]);
    }
    std::printf("%d inputs replayed\n", count);
    if (folder && count < corpus_files_min) {
        std::printf("the corpus has fewer than %d files\n", corpus_files_min);
        return 1;
    }
    return 0;
}
