#pragma once
// Puts another configuration into force while the server runs. Reading and checking it happens in a
// thread (reload_preparation.hpp); then each new stream is made in a turn of the loop of its own, and
// at last everything changes between two turns. Until then nothing does, so that an error leaves the
// server as it was.

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "app/control_socket.hpp"
#include "app/reload_preparation.hpp"
#include "app/server_parts.hpp"
#include "base/result.hpp"
#include "config/reload_plan.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::app {

class Reloader {
public:
    /// `parts` are complete once the first reload is requested.
    Reloader(ServerParts& parts, LoadConfig load) : parts_(parts), load_(std::move(load)) {}
    Reloader(const Reloader&) = delete;
    Reloader& operator=(const Reloader&) = delete;
    Reloader(Reloader&&) = delete;
    Reloader& operator=(Reloader&&) = delete;
    /// Waits for the thread, if one is reading a configuration.
    ~Reloader();

    /// Must succeed before anything else. False when no descriptor is available; errno says why.
    [[nodiscard]] bool open() noexcept;
    /// `report` is called on the loop after each reload.
    void set_report(std::function<void(const ReloadReport&)> report) {
        report_ = std::move(report);
    }

    /// Begins a reload, or another one after the one that is under way. Returns its number.
    [[nodiscard]] std::uint64_t request() noexcept;
    /// The completion of ControlOperation::reload_operation.
    void on_prepared() noexcept;
    /// The completion of ControlOperation::memory_operation: the memory can be unmapped.
    void on_released(std::uint32_t registration) noexcept;
    /// Once per turn: takes the next step of a reload, and returns to the system what is not used any
    /// more.
    void step() noexcept;
    /// True if `step` has something to do at once.
    [[nodiscard]] bool busy() const noexcept;
    /// The server stops: nothing is changed any more.
    void stop() noexcept { stopping_ = true; }

private:
    void prepare() noexcept;
    void read_event() noexcept;
    void reserve_lists();
    [[nodiscard]] Result<void> make_next_stream();
    [[nodiscard]] Result<void> open_checker();
    void apply() noexcept;
    void apply_settings();
    void apply_access();
    void carry_out(const config::Action& action);
    void close_listener(const std::string& address);
    void change_listener(const std::string& address);
    void open_listener(const std::string& address);
    void change_renditions(const std::string& name);
    void take_stream(const std::string& name);
    void remove_stream(const std::string& name);
    void end(ReloadReport report) noexcept;
    void fail(std::string_view problems) noexcept;
    void return_unused() noexcept;
    [[nodiscard]] bool is_unused(const StreamParts& retired) const noexcept {
        return !parts_.relay->has_stream(retired.id);
    }
    [[nodiscard]] const config::StreamConfig& wanted_stream(const std::string& name) const;
    [[nodiscard]] StreamParts* find_stream(const std::string& name) noexcept;
    [[nodiscard]] StreamParts& running_stream(const std::string& name) noexcept;
    [[nodiscard]] std::vector<io::StreamId> exclusive_streams() const;

    ServerParts& parts_;
    LoadConfig load_;
    std::function<void(const ReloadReport&)> report_;
    threads::WakeEvent event_;
    std::thread thread_;
    std::uint64_t number_ = 0; ///< of the reload that is under way, or was the last one
    bool reading_ = false;     ///< `event_`
    bool preparing_ = false;
    bool again_ = false; ///< requested while one was under way
    bool stopping_ = false;
    // Written by the thread before it sets `thread_done_`, and read by the loop after that.
    std::optional<Result<PreparedReload>> outcome_;
    std::atomic<bool> thread_done_{false};

    std::optional<PreparedReload> prepared_;
    std::vector<StreamParts> made_; ///< of `prepared_`, in the order of its actions
    std::vector<io::StreamId>
        exclusive_; ///< see exclusive_streams, while the actions are carried out
};

} // namespace ringcast::app
