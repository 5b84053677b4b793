#include "app/password_worker.hpp"

#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "access/password_hash.hpp"
#include "base/log.hpp"

namespace ringcast::app {

namespace {

/// Where there is one processor, frames come first.
constexpr int thread_niceness = 10;

void cleanse(std::string& text) noexcept {
    ::explicit_bzero(text.data(), text.size());
}

bool matches(const std::string& password, const std::string& hash) noexcept {
    try {
        return access::verify_password(password, hash);
    } catch (const std::bad_alloc&) {
        log(LogLevel::warning, "a password was not verified: out of memory");
        return false;
    }
}

} // namespace

Result<std::unique_ptr<PasswordWorker>> PasswordWorker::create(io::Engine& engine) {
    threads::WakeEvent wake;
    if (!wake.open()) {
        return fail(std::string("can't create an event descriptor for passwords: ") +
                    std::strerror(errno));
    }
    try {
        return std::make_unique<PasswordWorker>(engine, std::move(wake));
    } catch (const std::system_error& error) {
        return fail(std::string("can't start a thread for passwords: ") + error.what());
    }
}

PasswordWorker::PasswordWorker(io::Engine& engine, threads::WakeEvent wake)
    : engine_(&engine), wake_(std::move(wake)), thread_([this] { run(); }) {
    read_wakes();
}

PasswordWorker::~PasswordWorker() {
    if (!stopped()) {
        stop();
        thread_.join();
    }
}

// --- the loop's side ---

void PasswordWorker::check(std::string_view password, std::string_view hash) {
    questions_.put({std::string(password), std::string(hash)});
}

void PasswordWorker::read_wakes() noexcept {
    wake_.read(*engine_, {io::OpKind::password, 0, 1});
}

std::optional<bool> PasswordWorker::on_completion(const io::Completion& /*completion*/) noexcept {
    if (stopped()) {
        return std::nullopt;
    }
    const bool finished = finished_.load(std::memory_order_acquire);
    const std::optional<bool> answer = answers_.take();
    if (finished) {
        thread_.join(); // it has nothing left to do
    } else {
        read_wakes();
    }
    return answer;
}

void PasswordWorker::stop() noexcept {
    questions_.close();
}

// --- the thread's side ---

void PasswordWorker::run() noexcept {
    // Of this thread alone, on Linux.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), thread_niceness));
    while (std::optional<Question> question = questions_.wait_and_take()) {
        const bool answer = matches(question->password, question->hash);
        cleanse(question->password);
        answers_.put(answer);
        wake_.wake();
    }
    finished_.store(true, std::memory_order_release);
    wake_.wake();
}

} // namespace ringcast::app
