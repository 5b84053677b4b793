#pragma once
// An UpstreamSource between an engine, a resolver and a sink, with a server that the test plays.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "support/source_fixture.hpp"
#include "upstream/answer_bench.hpp"
#include "upstream/fake_addresses.hpp"
#include "upstream/upstream_source.hpp"

namespace ringcast::test {

/// Looks nothing up: the test says what is found.
class FakeResolver final : public io::Resolver {
public:
    explicit FakeResolver(FakeEngine& engine) : engine_(&engine) {}

    void resolve(io::OpToken token, const std::string& host, std::uint16_t port) override {
        if (out_of_memory) {
            throw std::bad_alloc();
        }
        RINGCAST_ASSERT(!busy_);
        busy_ = true;
        token_ = token;
        found_.clear();
        lookups.push_back(host + ":" + std::to_string(port));
        engine_->read(token, -1, {});
    }
    [[nodiscard]] std::span<const io::SocketAddress>
    unix_address(const std::string& path) override {
        if (out_of_memory) {
            throw std::bad_alloc();
        }
        found_.clear();
        if (path.size() < 100) {
            found_.push_back(fake_address(AF_UNIX, 1));
        }
        return found_;
    }
    void cancel() noexcept override {
        if (busy_) {
            engine_->cancel(io::OpToken{}, token_);
        }
    }
    [[nodiscard]] bool on_completion(const io::Completion& completion) noexcept override {
        RINGCAST_ASSERT(busy_);
        if (completion.result == -EINTR) {
            engine_->read(token_, -1, {});
            return false;
        }
        busy_ = false;
        return true;
    }
    [[nodiscard]] std::span<const io::SocketAddress> addresses() const noexcept override {
        return found_;
    }
    [[nodiscard]] const std::string& error() const noexcept override { return error_; }
    [[nodiscard]] std::string text_of(const io::SocketAddress& address) const override {
        return "192.0.2." + std::to_string(number_of(address)) + ":80";
    }

    /// Call before the look-up completes.
    void find(std::vector<io::SocketAddress> addresses) { found_ = std::move(addresses); }
    void fail(std::string error) { error_ = std::move(error); }

    bool out_of_memory = false;
    std::vector<std::string> lookups; ///< "host:port"

private:
    FakeEngine* engine_;
    bool busy_ = false;
    io::OpToken token_{};
    std::vector<io::SocketAddress> found_;
    std::string error_;
};

[[nodiscard]] inline upstream::UpstreamSettings settings_for(const std::string& url) {
    upstream::UpstreamSettings settings;
    settings.url = http::parse_url(url).value();
    settings.instance = "self-1";
    settings.version = "9.9";
    return settings;
}

class UpstreamBench : private Immovable {
public:
    explicit UpstreamBench(
        upstream::UpstreamSettings settings = settings_for("http://camera.example/stream"))
        : UpstreamBench(std::move(settings), nullptr) {
        source.start(sink, stream);
    }
    ~UpstreamBench() {
        source.stop();
        finish_cancelled();
        CHECK(source.stopped());
        CHECK(source.deadline() == never);
        CHECK(engine.operations.empty());
        CHECK(sink.slots_with_source() == 0);
        std::ranges::sort(engine.closed);
        std::vector<int> opened;
        for (std::size_t i = 0; i < engine.sockets_opened.size(); ++i) {
            opened.push_back(FakeEngine::first_socket + static_cast<int>(i));
        }
        CHECK(engine.closed == opened); // each one once
    }

    // --- the server's side ---

    /// The only operation of this kind that is under way.
    [[nodiscard]] const Operation* find(Asked asked) const {
        const auto found = std::ranges::find(engine.operations, asked, &Operation::asked);
        return found != engine.operations.end() ? &*found : nullptr;
    }
    void complete(Asked asked, std::int32_t result) {
        const Operation* const operation = find(asked);
        REQUIRE(operation != nullptr);
        source.on_completion(engine.answer(asked, operation->token, result));
        finish_cancelled();
    }
    void look_up() {
        resolver->find({fake_address(AF_INET, 1)});
        complete(Asked::read, 8);
    }
    /// Looks up the name, where the source does that, and accepts the connection.
    void connect() {
        if (find(Asked::read) != nullptr) {
            look_up();
        }
        complete(Asked::connect, 0);
    }
    /// Receives the request.
    std::string request() {
        const Operation* const send = find(Asked::send);
        REQUIRE(send != nullptr);
        std::string text = send->sent;
        complete(Asked::send, static_cast<std::int32_t>(text.size()));
        return text;
    }
    /// Sends `bytes`; false when the source has not received all of them, because it has given the
    /// connection up. A receive of a whole length waits for the bytes of later calls.
    bool answer(std::string_view bytes) {
        unread_.append(bytes);
        while (!unread_.empty()) {
            const bool all = find(Asked::receive_all) != nullptr;
            const Operation* const receive = find(all ? Asked::receive_all : Asked::receive);
            if (receive == nullptr) {
                unread_.clear();
                return false;
            }
            if (all && unread_.size() < receive->into.size()) {
                return true;
            }
            deliver(*receive);
        }
        return true;
    }
    /// Ends the connection, or breaks it with an error.
    void close(std::int32_t result = 0) {
        if (!unread_.empty()) {
            deliver(*find(Asked::receive_all));
        }
        complete(find(Asked::receive) != nullptr ? Asked::receive : Asked::receive_all, result);
    }
    /// Connects, and answers the request.
    std::string serve(std::string_view bytes) {
        connect();
        std::string text = request();
        CHECK(answer(bytes));
        return text;
    }
    void finish_cancelled() {
        for (const Operation* cancel = find(Asked::cancel); cancel != nullptr;
             cancel = find(Asked::cancel)) {
            const io::OpToken target = cancel->target;
            static_cast<void>(engine.answer(Asked::cancel, io::OpToken{}, 0));
            const auto found = std::ranges::find(engine.operations, target, &Operation::token);
            if (found != engine.operations.end()) {
                source.on_completion(engine.answer(found->asked, target, -ECANCELED));
            }
        }
    }

    // --- time ---

    /// The loop's turns during this time.
    void pass(Duration time) {
        const Instant end = engine.now() + time;
        int turns = 0;
        while (source.deadline() <= end) {
            REQUIRE(++turns < 1000); // otherwise it would spin
            engine.pass(std::max(Duration::zero(), source.deadline() - engine.now()));
            source.on_deadline(engine.now());
            finish_cancelled();
        }
        engine.pass(end - engine.now());
    }
    /// Passes the time up to the next attempt to connect; returns how long it was.
    Duration pass_delay() {
        const Duration wait = source.deadline() - engine.now();
        pass(wait);
        return wait;
    }

    [[nodiscard]] std::string state() const { return source.upstream()->state; }
    [[nodiscard]] std::string reason() const {
        return sink.reasons.empty() ? std::string() : sink.reasons.back();
    }
    /// The reason without the time of the next attempt.
    [[nodiscard]] std::string failure() const {
        const std::string text = reason();
        const std::size_t end = text.find("; trying again");
        CHECK(end != std::string::npos);
        return text.substr(0, end);
    }

    static constexpr io::StreamId stream{3, 1};
    LogCapture log;
    FakeEngine engine;
    FakeSink sink{8192};
    FakeResolver* resolver;
    upstream::UpstreamSource source;

private:
    UpstreamBench(upstream::UpstreamSettings settings, std::unique_ptr<FakeResolver> made)
        : resolver((made = std::make_unique<FakeResolver>(engine)).get()),
          source(engine, std::move(made), "door", std::move(settings)) {}

    /// Completes a receive with the bytes that have been sent, as far as they fit.
    void deliver(const Operation& receive) {
        const std::size_t count = std::min(unread_.size(), receive.into.size());
        std::memcpy(receive.into.data(), unread_.data(), count);
        unread_.erase(0, count);
        complete(receive.asked, static_cast<std::int32_t>(count));
    }

    std::string unread_; ///< sent, and not received yet
};

} // namespace ringcast::test
