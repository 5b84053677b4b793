#pragma once
// Verifies passwords in a thread of its own, with a lower priority than the loop's.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.hpp"
#include "relay/password_checker.hpp"
#include "threads/mailbox.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::app {

class PasswordWorker final : public relay::PasswordChecker {
public:
    /// Fails when no descriptor or thread is available.
    [[nodiscard]] static Result<std::unique_ptr<PasswordWorker>> create(io::Engine& engine);
    /// Public only for `create`.
    PasswordWorker(io::Engine& engine, threads::WakeEvent wake);
    PasswordWorker(const PasswordWorker&) = delete;
    PasswordWorker& operator=(const PasswordWorker&) = delete;
    PasswordWorker(PasswordWorker&&) = delete;
    PasswordWorker& operator=(PasswordWorker&&) = delete;
    /// Stopped, or never used: a server that can't start destroys it before its loop has run.
    ~PasswordWorker() override;

    void check(std::string_view password, std::string_view hash) override;
    [[nodiscard]] std::optional<bool>
    on_completion(const io::Completion& completion) noexcept override;
    /// A verification under way ends first, which may take seconds.
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return !thread_.joinable(); }

private:
    struct Question {
        std::string password;
        std::string hash;
    };

    void run() noexcept;
    void read_wakes() noexcept;

    io::Engine* engine_;
    threads::WakeEvent wake_;
    threads::Mailbox<Question> questions_;
    threads::Mailbox<bool> answers_;
    std::atomic<bool> finished_{false};
    std::thread thread_;
};

} // namespace ringcast::app
