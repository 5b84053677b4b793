// A library to preload into a program: makes chosen calls of it fail, as on a machine without
// memory, threads or descriptors. Counts from the beginning of main, so that the initialisation of
// the program's libraries is left alone.
//
//   RINGCAST_FAIL_CALL    the function: "allocation" for every function of malloc's family, or one
//                         of those at the end of this file
//   RINGCAST_FAIL_FIRST   the number of the call that fails, from 1
//   RINGCAST_FAIL_REPORT  a file to which the failed call appends a line: the libraries and offsets
//                         of its stack, innermost first; then the number of all calls when the
//                         program ends

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

std::atomic<bool> counting{false};
std::atomic<long> calls{0};
thread_local bool reporting = false;

const char* wanted_call = "";
long first = 0;
int report_fd = -1;

void report_stack() {
    std::array<void*, 40> frames{};
    const int depth = backtrace(frames.data(), static_cast<int>(frames.size()));
    std::array<char, 4000> line{};
    std::size_t length = 0;
    for (int i = 2; i < depth; ++i) {
        Dl_info info{};
        const char* name = "?";
        if (dladdr(frames[static_cast<std::size_t>(i)], &info) != 0 && info.dli_fname != nullptr) {
            const char* slash = std::strrchr(info.dli_fname, '/');
            name = slash == nullptr ? info.dli_fname : slash + 1;
        }
        const int printed = std::snprintf(
            line.data() + length, line.size() - length - 1, "%s+%lx ", name,
            static_cast<unsigned long>(static_cast<char*>(frames[static_cast<std::size_t>(i)]) -
                                       static_cast<char*>(info.dli_fbase)));
        if (printed < 0 || length + static_cast<std::size_t>(printed) >= line.size() - 1) {
            break;
        }
        length += static_cast<std::size_t>(printed);
    }
    line[length++] = '\n';
    [[maybe_unused]] const ssize_t written = write(report_fd, line.data(), length);
}

bool fails(const char* call) {
    if (!counting.load(std::memory_order_relaxed) || reporting ||
        std::strcmp(call, wanted_call) != 0) {
        return false;
    }
    const long number = calls.fetch_add(1) + 1;
    if (number != first) {
        return false;
    }
    reporting = true;
    report_stack();
    reporting = false;
    return true;
}

long number_of(const char* variable) {
    const char* text = std::getenv(variable);
    return text == nullptr ? 0 : std::atol(text);
}

void report_calls() {
    std::array<char, 40> line{};
    const int length = std::snprintf(line.data(), line.size(), "calls %ld\n", calls.load());
    [[maybe_unused]] const ssize_t written =
        write(report_fd, line.data(), static_cast<std::size_t>(length));
}

int (*real_main)(int, char**, char**) = nullptr;

int counted_main(int argument_count, char** arguments, char** environment) {
    wanted_call = std::getenv("RINGCAST_FAIL_CALL");
    first = number_of("RINGCAST_FAIL_FIRST");
    // A high number: the program may count on the lowest ones.
    const int opened =
        open(std::getenv("RINGCAST_FAIL_REPORT"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    report_fd = fcntl(opened, F_DUPFD_CLOEXEC, 500);
    close(opened);
    std::array<void*, 4> frames{};
    backtrace(frames.data(), 4); // the first call loads libgcc_s, which allocates
    std::atexit(&report_calls);
    counting = true;
    return real_main(argument_count, arguments, environment);
}

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

template <typename Result>
Result failure(int error, Result result) {
    errno = error;
    return result;
}

} // namespace

extern "C" {

using Main = int (*)(int, char**, char**);
int __libc_start_main(Main main, int argument_count, char** arguments, void (*init)(),
                      void (*fini)(), void (*rtld_fini)(), void* stack_end);
int __libc_start_main(Main main, int argument_count, char** arguments, void (*init)(),
                      void (*fini)(), void (*rtld_fini)(), void* stack_end) {
    real_main = main;
    const auto start = next<decltype(&__libc_start_main)>("__libc_start_main");
    return start(&counted_main, argument_count, arguments, init, fini, rtld_fini, stack_end);
}

// glibc's allocator under its internal names: dlsym itself allocates.
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t number, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) {
    return fails("allocation") ? failure<void*>(ENOMEM, nullptr) : __libc_malloc(bytes);
}
void* calloc(std::size_t number, std::size_t bytes) {
    return fails("allocation") ? failure<void*>(ENOMEM, nullptr) : __libc_calloc(number, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
    return fails("allocation") ? failure<void*>(ENOMEM, nullptr) : __libc_realloc(memory, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
    return fails("allocation") ? failure<void*>(ENOMEM, nullptr)
                               : __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    return memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
    void* const made = memalign(alignment, bytes);
    if (made == nullptr) {
        return ENOMEM;
    }
    *memory = made;
    return 0;
}

// --- calls by name ---

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                   void* argument) {
    return fails("pthread_create") ? EAGAIN
                                   : next<decltype(&pthread_create)>("pthread_create")(
                                         thread, attributes, body, argument);
}
int eventfd(unsigned value, int flags) {
    return fails("eventfd") ? failure(EMFILE, -1)
                            : next<decltype(&eventfd)>("eventfd")(value, flags);
}
int signalfd(int fd, const sigset_t* mask, int flags) {
    return fails("signalfd") ? failure(EMFILE, -1)
                             : next<decltype(&signalfd)>("signalfd")(fd, mask, flags);
}
ssize_t getrandom(void* buffer, std::size_t bytes, unsigned flags) {
    return fails("getrandom") ? failure<ssize_t>(ENOSYS, -1)
                              : next<decltype(&getrandom)>("getrandom")(buffer, bytes, flags);
}
void* mmap(void* address, std::size_t bytes, int protection, int flags, int fd, off_t offset) {
    return fails("mmap")
               ? failure(ENOMEM, MAP_FAILED)
               : next<decltype(&mmap)>("mmap")(address, bytes, protection, flags, fd, offset);
}
int socket(int domain, int type, int protocol) noexcept {
    return fails("socket") ? failure(EMFILE, -1)
                           : next<decltype(&socket)>("socket")(domain, type, protocol);
}
int listen(int fd, int backlog) noexcept {
    return fails("listen") ? failure(EADDRINUSE, -1)
                           : next<decltype(&listen)>("listen")(fd, backlog);
}
int getsockname(int fd, sockaddr* address, socklen_t* bytes) noexcept {
    return fails("getsockname") ? failure(ENOBUFS, -1)
                                : next<decltype(&getsockname)>("getsockname")(fd, address, bytes);
}
}
