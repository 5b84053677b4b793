#include "app/port_owner.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/printable.hpp"
#include "base/unique_fd.hpp"
#include "os/unix_address.hpp"

namespace ringcast::app {

namespace {

namespace fs = std::filesystem;

/// The "socket:[INODE]" names of the sockets that listen on `port`. A line of /proc/net/tcp
/// contains: number, local address:port, remote address:port, state, five more, inode; addresses in
/// hex.
std::vector<std::string> listening_sockets(std::uint16_t port) {
    constexpr std::string_view listening = "0A";
    std::vector<std::string> names;
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream file(table);
        std::string line;
        std::getline(file, line); // The heading.
        while (std::getline(file, line)) {
            std::istringstream fields(line);
            std::string number;
            std::string local;
            std::string remote;
            std::string state;
            std::string inode;
            fields >> number >> local >> remote >> state;
            for (int skipped = 0; skipped < 6; ++skipped) {
                fields >> inode;
            }
            const bool same_port = local.ends_with(fmt::format(":{:04X}", port));
            if (fields && same_port && state == listening) {
                names.push_back(fmt::format("socket:[{}]", inode));
            }
        }
    }
    return names;
}

bool has_one_of(const fs::path& process, const std::vector<std::string>& sockets) {
    // Processes end, and those of other users can't be read: neither counts as owner.
    std::error_code error;
    for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code unreadable;
        const fs::path target = fs::read_symlink(entry->path(), unreadable);
        if (std::ranges::find(sockets, target.string()) != sockets.end()) {
            return true;
        }
    }
    return false;
}

std::string program_of(const fs::path& process) {
    std::ifstream comm(process / "comm");
    std::string program;
    std::getline(comm, program);
    return printable_text(program); // a process names itself as it likes
}

} // namespace

std::optional<PortOwner> find_port_owner(std::uint16_t port) {
    const std::vector<std::string> sockets = listening_sockets(port);
    if (sockets.empty()) {
        return std::nullopt;
    }
    std::error_code error;
    for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size() ||
            !has_one_of(entry->path(), sockets)) {
            continue;
        }
        return PortOwner{program_of(entry->path()), pid};
    }
    return std::nullopt;
}

std::optional<PortOwner> find_socket_owner(const std::string& path) {
    const sockaddr_un address = os::unix_address(path);
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ucred peer{}; // the process that listens
    socklen_t length = sizeof peer;
    if (!probe.valid() || ::connect(probe.get(), os::generic(address), sizeof address) != 0 ||
        ::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid == 0) {
        return std::nullopt;
    }
    return PortOwner{program_of(fs::path("/proc") / std::to_string(peer.pid)), peer.pid};
}

} // namespace ringcast::app
