#include "input/name_resolver.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <sys/resource.h>

#include "support/source_fixture.hpp"

namespace ringcast::input {
namespace {

using test::Asked;

constexpr io::OpToken token{io::OpKind::source, 5, 6};

class ResolverBench {
public:
    /// Looks `host` up, and waits for the result.
    void look_up(const std::string& host, std::uint16_t port = 8080) {
        resolver->resolve(token, host, port);
        while (!resolver->on_completion(engine.answer_for_real())) {
        }
        CHECK(engine.operations.empty());
    }
    [[nodiscard]] std::vector<std::string> found() const {
        std::vector<std::string> texts;
        for (const io::SocketAddress& address : resolver->addresses()) {
            CHECK(address.transport == io::Transport::tcp);
            texts.push_back(resolver->text_of(address));
        }
        return texts;
    }

    test::FakeEngine engine;
    std::unique_ptr<NameResolver> resolver = std::make_unique<NameResolver>(engine);
};

/// Lets no further descriptor be opened.
class NoDescriptors {
public:
    NoDescriptors() {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        // None at all: the thread of a look-up that was given up may free one at any time.
        rlimit limit = before_;
        limit.rlim_cur = 0;
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    NoDescriptors(NoDescriptors&&) = delete;
    NoDescriptors& operator=(NoDescriptors&&) = delete;
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

} // namespace

TEST_CASE("addresses are found at once, without a thread") {
    ResolverBench bench;
    bench.resolver->resolve(token, "192.0.2.7", 81);
    // Finished before it is asked: reading the event returns at once.
    CHECK(bench.resolver->on_completion(bench.engine.answer(Asked::read, token, 8)));
    CHECK(bench.found() == std::vector<std::string>{"192.0.2.7:81"});
    bench.look_up("[2001:db8::1]", 80);
    CHECK(bench.found() == std::vector<std::string>{"[2001:db8::1]:80"});
    CHECK(bench.resolver->error().empty());
}

TEST_CASE("a name is looked up in a thread") {
    ResolverBench bench;
    bench.look_up("localhost");
    const std::vector<std::string> found = bench.found();
    CHECK((std::ranges::find(found, "127.0.0.1:8080") != found.end() ||
           std::ranges::find(found, "[::1]:8080") != found.end()));
    CHECK(bench.resolver->error().empty());
}

TEST_CASE("a name that does not exist has no address, but an error") {
    ResolverBench bench;
    // Longer than a label may be, so that no server is asked.
    bench.look_up(std::string(70, 'x') + ".invalid");
    CHECK(bench.resolver->addresses().empty());
    CHECK(!bench.resolver->error().empty());
    // The next look-up does not inherit it.
    bench.look_up("127.0.0.1");
    CHECK(bench.found() == std::vector<std::string>{"127.0.0.1:8080"});
    CHECK(bench.resolver->error().empty());
}

TEST_CASE("a look-up is not finished by an interrupted read") {
    ResolverBench bench;
    bench.resolver->resolve(token, "localhost", 80);
    for (const int error : {EINTR, EAGAIN}) {
        // The thread may have finished meanwhile.
        if (bench.resolver->on_completion(bench.engine.answer(Asked::read, token, -error))) {
            CHECK(!bench.found().empty());
            return;
        }
        CHECK(bench.engine.find(Asked::read, token) != nullptr);
    }
    while (!bench.resolver->on_completion(bench.engine.answer_for_real())) {
    }
    CHECK(!bench.found().empty());
}

TEST_CASE("a look-up can be given up, and another one begun, while its thread goes on") {
    ResolverBench bench;
    for (int i = 0; i < 10; ++i) {
        bench.resolver->resolve(token, "localhost", 80);
        bench.resolver->cancel();
        bench.resolver->cancel();
        const test::Operation* const cancel = bench.engine.find(Asked::cancel, io::OpToken{});
        REQUIRE(cancel != nullptr);
        CHECK(cancel->target == token);
        const io::Completion ended = bench.engine.answer_for_real();
        CHECK(ended.result == -ECANCELED);
        CHECK(bench.resolver->on_completion(ended));
        CHECK(bench.resolver->addresses().empty());
        CHECK(bench.resolver->error().empty());
        CHECK(bench.engine.operations.empty());
    }
    SECTION("the resolver may be gone by then") {
        bench.resolver.reset();
    }
    SECTION("or look up another name") {
        bench.look_up("192.0.2.7");
        CHECK(bench.found().size() == 1);
    }
}

TEST_CASE("cancelling is allowed when nothing is looked up") {
    ResolverBench bench;
    bench.resolver->cancel();
    bench.look_up("127.0.0.1");
    bench.resolver->cancel();
    CHECK(bench.engine.operations.empty());
}

TEST_CASE("without descriptors a look-up fails, and says why") {
    ResolverBench bench;
    {
        const NoDescriptors none;
        bench.resolver->resolve(token, "localhost", 80);
    }
    CHECK(bench.resolver->on_completion(bench.engine.answer(Asked::read, token, -EBADF)));
    CHECK(bench.resolver->addresses().empty());
    CHECK(bench.resolver->error() == "Too many open files");
    bench.look_up("127.0.0.1");
    CHECK(bench.found().size() == 1);
}

TEST_CASE("the address of a UNIX socket needs no look-up") {
    ResolverBench bench;
    const auto found = bench.resolver->unix_address("/run/other.sock");
    REQUIRE(found.size() == 1);
    CHECK(found[0].transport == io::Transport::unix_socket);
    CHECK(bench.resolver->text_of(found[0]) == "unix");
    CHECK(bench.engine.operations.empty());
    // The longest path of sun_path, and a longer one.
    CHECK(bench.resolver->unix_address("/" + std::string(106, 'x')).size() == 1);
    CHECK(bench.resolver->unix_address("/" + std::string(107, 'x')).empty());
}

} // namespace ringcast::input
