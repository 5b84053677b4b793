// A conventional server done well: one epoll loop and one `send` per viewer and frame; a viewer
// that is ready gets the newest frame. Uses the same input, spans and socket options as the floor.

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame_input.hpp"

namespace {

constexpr int events_per_pass = 256;
constexpr std::size_t request_bytes_max = 1024;

struct Connection {
    std::size_t request_bytes = 0;
    char request[request_bytes_max];
    bool streaming = false;
    bench::Slot* slot = nullptr; ///< the frame that is being sent
    std::size_t sent_bytes = 0;
    std::uint64_t sent_number = 0;
};

class BareSend {
public:
    explicit BareSend(int listener) : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
        watch(listener_, EPOLLIN);
        watch(STDIN_FILENO, EPOLLIN);
    }

    void run() {
        epoll_event events[events_per_pass];
        while (!ended_) {
            const int count = epoll_wait(epoll_, events, events_per_pass, -1);
            for (int index = 0; index < count; ++index) {
                const int fd = events[index].data.fd;
                if (fd == listener_) {
                    accept_all();
                } else if (fd == STDIN_FILENO) {
                    read_input();
                } else {
                    on_viewer(fd, events[index].events);
                }
            }
        }
    }

private:
    void watch(int fd, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    void accept_all() {
        for (;;) {
            const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            viewers_.emplace(fd, std::make_unique<Connection>());
            watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
        }
    }

    void read_input() {
        const ringcast::ByteSpan room = input_.room();
        const ssize_t result = read(STDIN_FILENO, room.data(), room.size());
        if (result < 0) {
            return;
        }
        ended_ = result == 0;
        if (input_.add(static_cast<std::size_t>(result))) {
            gone_.clear();
            for (const auto& [fd, viewer] : viewers_) {
                if (viewer->streaming && viewer->slot == nullptr && !send_newest(fd, *viewer)) {
                    gone_.push_back(fd);
                }
            }
            for (const int fd : gone_) {
                close_viewer(fd);
            }
        }
    }

    void on_viewer(int fd, std::uint32_t events) {
        const auto found = viewers_.find(fd);
        if (found == viewers_.end()) {
            return;
        }
        Connection& viewer = *found->second;
        bool alive = (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) == 0;
        if (alive && (events & EPOLLIN) != 0 && !viewer.streaming) {
            alive = read_request(fd, viewer);
        }
        if (alive && viewer.streaming) {
            alive = viewer.slot == nullptr ? send_newest(fd, viewer) : continue_send(fd, viewer);
        }
        if (!alive) {
            close_viewer(fd);
        }
    }

    static bool read_request(int fd, Connection& viewer) {
        const ssize_t result = recv(fd, viewer.request + viewer.request_bytes,
                                    request_bytes_max - viewer.request_bytes, 0);
        if (result <= 0) {
            return result < 0 && errno == EAGAIN;
        }
        viewer.request_bytes += static_cast<std::size_t>(result);
        if (memmem(viewer.request, viewer.request_bytes, "\r\n\r\n", 4) == nullptr) {
            return viewer.request_bytes < request_bytes_max;
        }
        viewer.streaming = true;
        const std::string_view head = bench::response_head();
        return send(fd, head.data(), head.size(), MSG_NOSIGNAL | MSG_MORE) ==
               static_cast<ssize_t>(head.size());
    }

    /// False when the connection has ended; the same holds for the two functions below.
    bool send_newest(int fd, Connection& viewer) {
        while (viewer.slot == nullptr && viewer.sent_number < input_.newest().number) {
            viewer.slot = &input_.newest();
            viewer.sent_number = viewer.slot->number;
            viewer.sent_bytes = 0;
            input_.acquire(*viewer.slot);
            if (!send_rest(fd, viewer)) {
                return false;
            }
        }
        return true;
    }

    bool continue_send(int fd, Connection& viewer) {
        return send_rest(fd, viewer) && (viewer.slot != nullptr || send_newest(fd, viewer));
    }

    bool send_rest(int fd, Connection& viewer) {
        const ringcast::ConstByteSpan part = viewer.slot->part;
        while (viewer.sent_bytes < part.size()) {
            const ssize_t result = send(fd, part.data() + viewer.sent_bytes,
                                        part.size() - viewer.sent_bytes, MSG_NOSIGNAL);
            if (result < 0) {
                return errno == EAGAIN;
            }
            viewer.sent_bytes += static_cast<std::size_t>(result);
        }
        input_.release(*viewer.slot);
        viewer.slot = nullptr;
        return true;
    }

    void close_viewer(int fd) {
        const auto found = viewers_.find(fd);
        if (found->second->slot != nullptr) {
            input_.release(*found->second->slot);
        }
        viewers_.erase(found);
        close(fd);
    }

    int listener_;
    int epoll_;
    bench::FrameInput input_;
    std::unordered_map<int, std::unique_ptr<Connection>> viewers_;
    std::vector<int> gone_;
    bool ended_ = false;
};

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    BareSend(bench::listen_from_arguments(argc, argv)).run();
    return 0;
}
