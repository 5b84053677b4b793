#include "page/files.hpp"

#include <algorithm>

namespace ringcast::page {

const File* find_file(std::string_view name) noexcept {
    const std::span<const File> all = files();
    const auto found = std::ranges::find(all, name, &File::name);
    return found == all.end() ? nullptr : &*found;
}

} // namespace ringcast::page
