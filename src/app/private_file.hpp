#pragma once
// Files with secrets: read only if other users can't read them, and replaced as a whole. For
// commands and for the start and reload of the server, not for the loop: files are read at once.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ringcast::app {

/// At most `bytes_max` bytes from the beginning of the file; nothing if it does not exist. `content`
/// is what the file contains, for messages: "the users". The error names the file and what to do,
/// and contains nothing of its content; one is that users other than the owner and the group have
/// any permission for it.
[[nodiscard]] Result<std::optional<std::string>>
read_private_file_if_exists(const std::string& path, std::string_view content,
                            std::size_t bytes_max);

/// The same for a file that has to exist.
[[nodiscard]] Result<std::string>
read_private_file(const std::string& path, std::string_view content, std::size_t bytes_max);

/// From the present text of a file, or nothing if it does not exist, to its new text. An error
/// leaves the file as it is.
using TextChange = std::function<Result<std::string>(const std::optional<std::string>&)>;

struct ChangedFile {
    bool created = false;
};

/// Changes a file of at most `bytes_max` bytes, before and after. Readers see the old text or the new one, also after
/// a power failure. Of several processes that change the file at the same time each sees the others'
/// changes; `change` is then called again. Owner, group and mode are kept. A new file has mode 0600;
/// if `model` exists, owner and group are those of `model`, and the group may read the file if it may
/// read `model`. A symbolic link is refused, because it could lead to a file
/// of somebody else.
[[nodiscard]] Result<ChangedFile>
change_private_file(const std::string& path, std::string_view content, std::size_t bytes_max,
                    const std::string& model, const TextChange& change);

} // namespace ringcast::app
