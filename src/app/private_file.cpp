#include "app/private_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace ringcast::app {

namespace {

constexpr mode_t permission_bits = 07777;

/// Reads up to `bytes_max` bytes, or to the end of the file. Sets errno if it fails.
std::optional<std::string> read_up_to(int fd, std::size_t bytes_max) {
    std::string text(bytes_max, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t count = ::read(fd, text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return std::nullopt;
        }
        if (count == 0) {
            break;
        }
        size += static_cast<std::size_t>(count);
    }
    text.resize(size);
    return text;
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    return true;
}

tl::unexpected<Error> read_failure(const std::string& path, std::string_view content, int error) {
    std::string message =
        fmt::format("{} in {} can't be read: {}", content, path, std::strerror(error));
    if (error == EACCES) {
        message +=
            fmt::format(": use sudo, or give the file to the group of the user that reads it: "
                        "chgrp GROUP {}, chmod 640 {}",
                        path, path);
    }
    return fail(std::move(message));
}

tl::unexpected<Error> write_failure(const std::string& path, std::string_view content, int error) {
    const std::string_view remedy = error == EACCES || error == EPERM ? ": use sudo"
                                    : error == ENOENT                 ? ": create the folder first"
                                                                      : "";
    return fail(fmt::format("{} in {} can't be written: {}{}", content, path, std::strerror(error),
                            remedy));
}

tl::unexpected<Error> too_large(const std::string& path, std::size_t bytes_max) {
    return fail(fmt::format("{}: expected a file of at most {} KiB", path, bytes_max / 1024));
}

/// `flags`: further flags of open(2). The descriptor is empty if the file does not exist.
Result<UniqueFd> open_private_file(const std::string& path, std::string_view content, int flags) {
    // A pipe without a writer would be waited for.
    UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags));
    if (!file.valid() && errno == ENOENT) {
        return file;
    }
    if (!file.valid() && errno == ELOOP && (flags & O_NOFOLLOW) != 0) {
        return fail(
            fmt::format("{} is a symbolic link, which is not followed: name the file that it "
                        "leads to",
                        path));
    }
    struct stat status{};
    if (!file.valid() || ::fstat(file.get(), &status) != 0) {
        return read_failure(path, content, errno);
    }
    if (S_ISDIR(status.st_mode)) {
        return read_failure(path, content, EISDIR);
    }
    if (!S_ISREG(status.st_mode)) {
        return fail(fmt::format("{} can't be read: {} is not a regular file", content, path));
    }
    if ((status.st_mode & S_IRWXO) != 0) {
        return fail(fmt::format("everybody on this machine can read {} in {}: chmod 600 {}",
                                content, path, path));
    }
    return file;
}

struct FileOwner {
    uid_t user;
    gid_t group;
};

/// A file in the folder of `path`, which is removed unless it gets another name.
class TemporaryCopy {
public:
    explicit TemporaryCopy(const std::string& path)
        : name_(path.substr(0, path.rfind('/') + 1) + ".ringcast-XXXXXX"),
          file_(::mkostemp(name_.data(), O_CLOEXEC)) {}
    TemporaryCopy(const TemporaryCopy&) = delete;
    TemporaryCopy& operator=(const TemporaryCopy&) = delete;
    TemporaryCopy(TemporaryCopy&&) = delete;
    TemporaryCopy& operator=(TemporaryCopy&&) = delete;
    ~TemporaryCopy() {
        if (file_.valid()) {
            ::unlink(name_.c_str());
        }
    }

    /// The functions set errno and return false if they fail.

    /// Without `owner`, the file belongs to whom the kernel gave it.
    [[nodiscard]] bool fill(std::string_view text, std::optional<FileOwner> owner,
                            mode_t mode) const {
        // A change of the owner clears mode bits, so the mode is set last.
        return file_.valid() && write_all(file_.get(), text) &&
               (!owner || ::fchown(file_.get(), owner->user, owner->group) == 0) &&
               ::fchmod(file_.get(), mode) == 0 && ::fsync(file_.get()) == 0;
    }
    [[nodiscard]] bool replace(const std::string& path) const {
        return ::rename(name_.c_str(), path.c_str()) == 0;
    }
    /// errno is EEXIST if the file exists.
    [[nodiscard]] bool create(const std::string& path) const {
        return ::link(name_.c_str(), path.c_str()) == 0;
    }

private:
    std::string name_;
    UniqueFd file_;
};

/// After this, a power failure does not bring the old file back.
void sync_folder(const std::string& path) noexcept {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.valid()) {
        static_cast<void>(::fsync(fd.get())); // not every file system can
    }
}

enum class ChangeAttempt { done, overtaken };

/// `overtaken`: another process has created the file meanwhile.
Result<ChangeAttempt> create_file(const std::string& path, std::string_view content,
                                  const std::string& model, const TextChange& change) {
    const auto text = change(std::nullopt);
    if (!text) {
        return tl::unexpected<Error>(text.error());
    }
    std::optional<FileOwner> owner;
    mode_t mode = S_IRUSR | S_IWUSR;
    struct stat status{};
    if (!model.empty() && ::stat(model.c_str(), &status) == 0) {
        owner = {status.st_uid, status.st_gid};
        mode |= status.st_mode & S_IRGRP;
    }
    const TemporaryCopy copy(path);
    if (copy.fill(*text, owner, mode) && copy.create(path)) {
        return ChangeAttempt::done;
    }
    if (errno == EEXIST) {
        return ChangeAttempt::overtaken;
    }
    return write_failure(path, content, errno);
}

/// `overtaken`: another process has replaced `file` by a new one meanwhile.
Result<ChangeAttempt> replace_file(const std::string& path, std::string_view content,
                                   std::size_t bytes_max, const UniqueFd& file,
                                   const TextChange& change) {
    // Each file is changed once, under its own lock: it is another one afterwards. Only those who
    // may read a secret can hold its lock.
    struct stat locked{};
    struct stat named{};
    if (::flock(file.get(), LOCK_EX) != 0 || ::fstat(file.get(), &locked) != 0) {
        return write_failure(path, content, errno);
    }
    if (::stat(path.c_str(), &named) != 0 || named.st_dev != locked.st_dev ||
        named.st_ino != locked.st_ino) {
        return ChangeAttempt::overtaken;
    }
    const auto old = read_up_to(file.get(), bytes_max + 1);
    if (!old) {
        return read_failure(path, content, errno);
    }
    if (old->size() > bytes_max) {
        return too_large(path, bytes_max);
    }
    const auto text = change(old);
    if (!text) {
        return tl::unexpected<Error>(text.error());
    }
    if (text->size() > bytes_max) {
        return too_large(path, bytes_max);
    }
    const TemporaryCopy copy(path);
    const FileOwner owner{locked.st_uid, locked.st_gid};
    if (!copy.fill(*text, owner, locked.st_mode & permission_bits) || !copy.replace(path)) {
        return write_failure(path, content, errno);
    }
    return ChangeAttempt::done;
}

} // namespace

Result<std::optional<std::string>> read_private_file_if_exists(const std::string& path,
                                                               std::string_view content,
                                                               std::size_t bytes_max) {
    const auto file = open_private_file(path, content, 0);
    if (!file) {
        return tl::unexpected<Error>(file.error());
    }
    if (!file->valid()) {
        return std::optional<std::string>();
    }
    auto text = read_up_to(file->get(), bytes_max);
    if (!text) {
        return read_failure(path, content, errno);
    }
    return text;
}

Result<std::string> read_private_file(const std::string& path, std::string_view content,
                                      std::size_t bytes_max) {
    auto text = read_private_file_if_exists(path, content, bytes_max);
    if (!text) {
        return tl::unexpected<Error>(std::move(text.error()));
    }
    if (!*text) {
        return read_failure(path, content, ENOENT);
    }
    return **std::move(text);
}

Result<ChangedFile> change_private_file(const std::string& path, std::string_view content,
                                        std::size_t bytes_max, const std::string& model,
                                        const TextChange& change) {
    // Each attempt that fails means that another process succeeded.
    constexpr int attempts_max = 100;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        const auto file = open_private_file(path, content, O_NOFOLLOW);
        if (!file) {
            return tl::unexpected<Error>(file.error());
        }
        const bool exists = file->valid();
        const auto result = exists ? replace_file(path, content, bytes_max, *file, change)
                                   : create_file(path, content, model, change);
        if (!result) {
            return tl::unexpected<Error>(result.error());
        }
        if (*result == ChangeAttempt::done) {
            sync_folder(path);
            return ChangedFile{!exists};
        }
    }
    return fail(fmt::format("{} in {} can't be written: other programs keep changing the file",
                            content, path));
}

} // namespace ringcast::app
