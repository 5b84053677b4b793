#include "app/top.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "api/read_json.hpp"
#include "app/ask_server.hpp"
#include "app/stream_request.hpp"
#include "app/terminal_screen.hpp"
#include "app/top_text.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

using api::ListedStatus;

constexpr Duration refresh_period = std::chrono::seconds(1);
constexpr Duration status_time_max = std::chrono::seconds(5);
/// Each has 100 viewers, and holds the server's loop for up to 2 ms.
constexpr int parts_max = 10;

/// The server that is looked at.
struct Server {
    RequestOptions options; ///< with the URL of its root, which does not end in a slash
    std::string query;      ///< of each request; may have a token
    std::string shown;
};

std::string status_target(const std::string& query, std::optional<std::uint64_t> after) {
    return fmt::format("/api/status?viewers=100{}{}{}",
                       after ? fmt::format("&after={}", *after) : "", query.empty() ? "" : "&",
                       query);
}

std::string password_advice(std::string_view address) {
    return fmt::format("{} asks for a password: ringcast top http://USER:PASSWORD@HOST:PORT/, or "
                       "http://HOST:PORT/?token=TOKEN",
                       address);
}

/// Of an answer to a `status_target`; empty if it does not redirect.
std::string redirect_advice(const std::string& redirect) {
    if (redirect.empty()) {
        return {};
    }
    const auto url = parse_public_url(redirect);
    return url ? "leads to " + url->shown.substr(0, url->shown.rfind("/api/status") + 1)
               : "leads to an address that is no URL";
}

Server server_of(const PublicUrl& url) {
    Server server;
    server.options.url = url.shown.substr(0, url.shown.find_last_not_of('/') + 1);
    server.options.user = url.user;
    server.options.password = url.password;
    server.query = url.query;
    server.shown = url.shown;
    return server;
}

/// Finds the server by its own addresses.
tl::expected<Server, EarlyExit> find_server(const ServerChoice& choice) {
    const auto addresses = server_addresses(choice);
    if (!addresses) {
        return tl::unexpected(addresses.error());
    }
    const auto found = ask_server(*addresses, status_target("", std::nullopt), status_time_max);
    if (!found) {
        const std::string advice =
            found.error().asks_for_password
                ? password_advice("ringcast")
                : "is ringcast running? URL, --config FILE or --listen ADDRESS says where";
        return tl::unexpected(
            EarlyExit{ExitCode::runtime_failure, "",
                      fmt::format("{}ringcast: {}\n", found.error().failures, advice)});
    }
    return Server{found->address.request(""), "", found->address.shown};
}

/// Asks for statuses. The connection to the server stays open between them.
class StatusReader {
public:
    explicit StatusReader(Server server) : server_(std::move(server)) {}

    [[nodiscard]] const std::string& shown() const noexcept { return server_.shown; }

    /// `interrupted` is asked again and again while there is no answer; if it returns true, the
    /// result does not matter. The error is one line.
    [[nodiscard]] Result<ListedStatus> read(const std::function<bool()>& interrupted) {
        Result<ListedStatus> status = read_part(std::nullopt, interrupted);
        for (int part = 1; part < parts_max && status && status->viewers_next; ++part) {
            Result<ListedStatus> further = read_part(status->viewers_next, interrupted);
            if (!further) {
                break; // the others are shown
            }
            std::ranges::move(further->viewers, std::back_inserter(status->viewers));
            status->viewers_next = further->viewers_next;
        }
        return status;
    }

private:
    Result<ListedStatus> read_part(std::optional<std::uint64_t> after,
                                   const std::function<bool()>& interrupted) {
        RequestOptions options = server_.options;
        options.url += status_target(server_.query, after);
        StreamRequest request(options);
        requests_.add(request);
        requests_.run(os::monotonic_now() + status_time_max,
                      [&] { return request.ended() || interrupted(); });
        requests_.remove(request);
        const StreamAnswer answer = request.answer();
        if (answer.no_answer != NoAnswer::none) { // its header "server" may be a proxy's
            return fail(fmt::format("{}: {}", server_.shown, failure_of(answer)));
        }
        if (answer.status == status_unauthorized) {
            return fail(password_advice(server_.shown));
        }
        if (const std::string advice = redirect_advice(request.redirect()); !advice.empty()) {
            return fail(fmt::format("{} {}", server_.shown, advice));
        }
        if (answer.status != status_ok) {
            return fail(
                fmt::format("{} answers {}: {}", server_.shown, answer.status, answer.text));
        }
        auto status = api::read_status(request.body());
        if (!status) {
            return fail(server_.shown +
                        " is not the address of a ringcast: its answer is no status");
        }
        return *std::move(status);
    }

    Server server_;
    StreamRequests requests_;
};

EarlyExit failed(const Error& error) {
    return {ExitCode::runtime_failure, "", fmt::format("ringcast: {}\n", error.message)};
}

/// The table as text, with rates of one period.
EarlyExit print_once(StatusReader& reader, const ListedStatus& before) {
    std::this_thread::sleep_for(refresh_period);
    const auto now = reader.read([] { return false; });
    if (!now) {
        return failed(now.error());
    }
    std::string text;
    for (const TopLine& line : top_lines({reader.shown(), &before, *now, ""}, std::nullopt)) {
        text.append(line.text).append("\n");
    }
    return {ExitCode::ok, std::move(text), ""};
}

class LiveTable {
public:
    LiveTable(StatusReader& reader, ListedStatus first) : reader_(reader), now_(std::move(first)) {}

    void run() {
        draw();
        while (!ended_) {
            wait(refresh_period);
            if (!ended_) {
                refresh();
            }
        }
    }

private:
    void draw() {
        screen_.draw(top_lines({reader_.shown(), before_ ? &*before_ : nullptr, now_, problem_},
                               screen_.size()));
    }

    /// Attends to the terminal for `time`, or until the user has ended the program.
    void wait(Duration time) {
        const Instant until = os::monotonic_now() + time;
        do {
            const TerminalScreen::Event event = screen_.wait(until - os::monotonic_now());
            if (event == TerminalScreen::Event::resized) {
                draw();
            }
            ended_ = event == TerminalScreen::Event::ended;
        } while (!ended_ && os::monotonic_now() < until);
    }

    void refresh() {
        auto read = reader_.read([this] {
            wait(Duration::zero());
            return ended_;
        });
        if (read) {
            before_ = std::exchange(now_, *std::move(read));
            problem_.clear();
        } else {
            problem_ = read.error().message;
        }
        draw();
    }

    StatusReader& reader_;
    std::optional<ListedStatus> before_;
    ListedStatus now_;
    std::string problem_;
    bool ended_ = false;
    TerminalScreen screen_;
};

} // namespace

EarlyExit run_top(const TopCommand& command) {
    auto server = command.url ? tl::expected<Server, EarlyExit>(server_of(*command.url))
                              : find_server(command.server);
    if (!server) {
        return server.error();
    }
    StatusReader reader(*std::move(server));
    auto first = reader.read([] { return false; });
    if (!first) {
        return failed(first.error());
    }
    if (!TerminalScreen::available()) {
        return print_once(reader, *first);
    }
    LiveTable(reader, *std::move(first)).run();
    return {};
}

} // namespace ringcast::app
