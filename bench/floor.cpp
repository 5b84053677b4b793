// The floor: a lower bound for the cost and latency of serving the same frames with io_uring. It
// reads standard input directly into slots, keeps the newest frame, sends each viewer one prebuilt
// span with plain SEND in batches, and does nothing else: no time-outs, no admission, no parsing
// beyond the end of the request, no statistics.

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <vector>

#include <liburing.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "frame_input.hpp"

namespace {

constexpr unsigned submission_entries = 1024;
constexpr unsigned completion_entries = 16384;
constexpr unsigned submit_batch = 64; ///< sends per system call, the same as ringcast's
constexpr std::size_t request_bytes_max = 1024;
/// The table is allocated once and never moves, because receives point into it.
constexpr std::size_t viewers_max = 16384;
constexpr unsigned completions_per_pass = 256;

enum class Operation : std::uint8_t { accept, read_input, receive, send_head, send_part };

struct Connection {
    int fd = -1;
    std::size_t request_bytes = 0;
    char request[request_bytes_max];
    bench::Slot* slot = nullptr; ///< the frame that is being sent
    std::uint64_t sent_number = 0;
};

class Floor {
public:
    explicit Floor(int listener) : listener_(listener) {
        io_uring_params parameters{};
        parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                           IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
        parameters.cq_entries = completion_entries;
        const int result = io_uring_queue_init_params(submission_entries, &ring_, &parameters);
        if (result < 0) {
            std::fprintf(stderr, "io_uring: %s\n", std::strerror(-result));
            std::exit(1);
        }
        // Saves a look-up of the ring's descriptor per system call; not supported by older kernels.
        static_cast<void>(io_uring_register_ring_fd(&ring_));
    }

    void run() {
        viewers_.reserve(viewers_max);
        arm_accept();
        arm_read();
        while (!ended_) {
            const bool more = prepare_batch();
            const int result =
                more ? io_uring_submit_and_get_events(&ring_) : io_uring_submit_and_wait(&ring_, 1);
            if (result < 0 && result != -EINTR) {
                std::fprintf(stderr, "io_uring_enter: %s\n", std::strerror(-result));
                std::exit(1);
            }
            handle_completions();
        }
    }

private:
    /// Starts at most one batch of sends. True when more viewers are ready.
    bool prepare_batch() {
        unsigned prepared = 0;
        while (!ready_.empty() && prepared < submit_batch) {
            start_send(ready_.front());
            ready_.pop_front();
            ++prepared;
        }
        return !ready_.empty();
    }

    void handle_completions() {
        io_uring_cqe* completions[completions_per_pass];
        unsigned count = 0;
        while ((count = io_uring_peek_batch_cqe(&ring_, completions, completions_per_pass)) > 0) {
            for (unsigned index = 0; index < count; ++index) {
                const io_uring_cqe& completion = *completions[index];
                dispatch(static_cast<Operation>(completion.user_data >> 32U),
                         static_cast<std::uint32_t>(completion.user_data), completion);
            }
            io_uring_cq_advance(&ring_, count);
        }
    }

    void dispatch(Operation operation, std::uint32_t index, const io_uring_cqe& completion) {
        switch (operation) {
        case Operation::accept:
            on_accept(completion.res, (completion.flags & IORING_CQE_F_MORE) != 0);
            return;
        case Operation::read_input:
            on_read(completion.res);
            return;
        case Operation::receive:
            on_receive(index, completion.res);
            return;
        case Operation::send_head:
            if (completion.res == static_cast<int>(bench::response_head().size())) {
                enqueue(index);
            } else {
                close_viewer(index);
            }
            return;
        case Operation::send_part:
            on_send(index, completion.res);
            return;
        }
    }

    io_uring_sqe* next_entry() {
        io_uring_sqe* entry = io_uring_get_sqe(&ring_);
        if (entry == nullptr) {
            io_uring_submit(&ring_);
            entry = io_uring_get_sqe(&ring_);
        }
        RINGCAST_ASSERT(entry != nullptr);
        return entry;
    }

    /// Must be called after the prep function, which clears the field in older versions of
    /// liburing.
    static void label(io_uring_sqe* entry, Operation operation, std::uint32_t index) {
        io_uring_sqe_set_data64(entry, (static_cast<std::uint64_t>(operation) << 32U) | index);
    }

    void arm_accept() {
        io_uring_sqe* entry = next_entry();
        io_uring_prep_multishot_accept(entry, listener_, nullptr, nullptr, SOCK_CLOEXEC);
        label(entry, Operation::accept, 0);
    }

    void arm_read() {
        const ringcast::ByteSpan room = input_.room();
        io_uring_sqe* entry = next_entry();
        io_uring_prep_read(entry, STDIN_FILENO, room.data(), static_cast<unsigned>(room.size()),
                           static_cast<__u64>(-1));
        label(entry, Operation::read_input, 0);
    }

    void arm_receive(std::uint32_t index) {
        Connection& viewer = viewers_[index];
        io_uring_sqe* entry = next_entry();
        io_uring_prep_recv(entry, viewer.fd, viewer.request + viewer.request_bytes,
                           request_bytes_max - viewer.request_bytes, 0);
        label(entry, Operation::receive, index);
    }

    void start_send(std::uint32_t index) {
        Connection& viewer = viewers_[index];
        bench::Slot& slot = input_.newest();
        input_.acquire(slot);
        viewer.slot = &slot;
        viewer.sent_number = slot.number;
        io_uring_sqe* entry = next_entry();
        io_uring_prep_send(entry, viewer.fd, slot.part.data(), slot.part.size(),
                           MSG_WAITALL | MSG_NOSIGNAL);
        label(entry, Operation::send_part, index);
    }

    void on_accept(int result, bool more) {
        if (result >= 0) {
            std::uint32_t index = 0;
            if (free_viewers_.empty()) {
                if (viewers_.size() == viewers_max) {
                    std::fprintf(stderr, "more than %zu viewers\n", viewers_max);
                    std::exit(1);
                }
                index = static_cast<std::uint32_t>(viewers_.size());
                viewers_.emplace_back();
            } else {
                index = free_viewers_.back();
                free_viewers_.pop_back();
            }
            viewers_[index].fd = result;
            arm_receive(index);
        }
        if (!more) {
            arm_accept();
        }
    }

    void on_read(int result) {
        if (result <= 0) {
            ended_ = true;
            return;
        }
        if (input_.add(static_cast<std::size_t>(result))) {
            ready_.insert(ready_.end(), waiting_.begin(), waiting_.end());
            waiting_.clear();
        }
        arm_read();
    }

    void on_receive(std::uint32_t index, int result) {
        Connection& viewer = viewers_[index];
        if (result <= 0) {
            close_viewer(index);
            return;
        }
        viewer.request_bytes += static_cast<std::size_t>(result);
        if (memmem(viewer.request, viewer.request_bytes, "\r\n\r\n", 4) == nullptr) {
            if (viewer.request_bytes == request_bytes_max) {
                close_viewer(index);
            } else {
                arm_receive(index);
            }
            return;
        }
        io_uring_sqe* entry = next_entry();
        io_uring_prep_send(entry, viewer.fd, bench::response_head().data(),
                           bench::response_head().size(), MSG_WAITALL | MSG_NOSIGNAL | MSG_MORE);
        label(entry, Operation::send_head, index);
    }

    void on_send(std::uint32_t index, int result) {
        Connection& viewer = viewers_[index];
        const std::size_t expected = viewer.slot->part.size();
        input_.release(*viewer.slot);
        viewer.slot = nullptr;
        if (result != static_cast<int>(expected)) {
            close_viewer(index);
            return;
        }
        enqueue(index);
    }

    /// Precondition: the viewer has no operation in flight. It is sent a newer frame at once if
    /// there is one; otherwise it waits.
    void enqueue(std::uint32_t index) {
        if (viewers_[index].sent_number < input_.newest().number) {
            ready_.push_back(index);
        } else {
            waiting_.push_back(index);
        }
    }

    void close_viewer(std::uint32_t index) {
        close(viewers_[index].fd);
        viewers_[index] = Connection();
        free_viewers_.push_back(index);
    }

    int listener_;
    io_uring ring_{};
    bench::FrameInput input_;
    std::vector<Connection> viewers_;
    std::vector<std::uint32_t> free_viewers_;
    std::vector<std::uint32_t> waiting_; ///< viewers that have the newest frame
    std::deque<std::uint32_t> ready_;    ///< viewers to which a newer frame can be sent
    bool ended_ = false;
};

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    Floor(bench::listen_from_arguments(argc, argv)).run();
    return 0;
}
