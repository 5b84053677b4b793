// A program that runs ringcast inside its own process, by the public header alone: starts a server,
// asks it for its health and for one frame, stops it, and ends with exit code 0.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ringcast/server.hpp>

namespace {

constexpr const char* configuration = R"(
[http]
listen = ["127.0.0.1:0"]

[streams.pattern]
source = "pattern"
size = "320x240"
)";

/// Connects to "127.0.0.1:PORT". Negative on failure.
int connect_to(const std::string& address) {
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    const int port = std::atoi(address.substr(address.rfind(':') + 1).c_str());
    peer.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &peer.sin_addr);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Longer than anything here takes.
    const timeval patience{20, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/// The whole response to GET `path`; empty on failure.
std::string fetch(const std::string& address, const std::string& path) {
    const int fd = connect_to(address);
    if (fd < 0) {
        return {};
    }
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n";
    std::string response;
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(request.size())) {
        char bytes[4096];
        ssize_t count = 0;
        while ((count = recv(fd, bytes, sizeof bytes, 0)) > 0) {
            response.append(bytes, static_cast<std::size_t>(count));
        }
    }
    close(fd);
    return response;
}

bool check(bool condition, const char* what) {
    if (!condition) {
        std::fprintf(stderr, "FAILED: %s\n", what);
    }
    return condition;
}

bool is_ok(const std::string& response) {
    return response.starts_with("HTTP/1.1 200 ");
}

bool holds_jpeg(const std::string& response) {
    const std::size_t body = response.find("\r\n\r\n");
    return body != std::string::npos &&
           std::string_view(response).substr(body + 4).starts_with("\xFF\xD8\xFF") &&
           response.ends_with("\xFF\xD9");
}

struct SignalState {
    bool blocked = false;
    void (*handler)(int) = nullptr;
    friend bool operator==(const SignalState&, const SignalState&) = default;
};

/// An embedder keeps its signals: each stays blocked or not, and keeps its handler.
std::vector<SignalState> signal_states() {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    std::vector<SignalState> states;
    for (int signal = 1; signal < NSIG; ++signal) {
        struct sigaction current{};
        sigaction(signal, nullptr, &current);
        states.push_back({sigismember(&blocked, signal) == 1, current.sa_handler});
    }
    return states;
}

/// Runs a server with `[server] engine = ENGINE`, and reads from it.
bool serves(const std::string& engine) {
    std::string error;
    const std::string text =
        std::string("[server]\nengine = \"").append(engine).append("\"\n").append(configuration);
    const std::optional<ringcast::Config> config = ringcast::Config::from_text(text, error);
    if (!config.has_value()) {
        std::fprintf(stderr, "%s\n", error.c_str());
        return false;
    }
    const std::vector<SignalState> signals_before = signal_states();
    const auto server = ringcast::Server::create(*config, error);
    if (server == nullptr) {
        std::fprintf(stderr, "%s\n", error.c_str());
        return false;
    }
    bool good = check(server->addresses().size() == 1, "the server listens on one address");

    const std::string address = server->addresses().front();
    std::string health;
    std::string snapshot;
    std::string status;
    std::thread client([&] {
        health = fetch(address, "/healthz");
        snapshot = fetch(address, "/snapshot");
        status = fetch(address, "/api/status");
        server->stop();
    });
    good &= check(server->run(), "everything ended in order");
    good &= check(signal_states() == signals_before, "signals are untouched");
    client.join();
    good &= check(is_ok(health), "/healthz answers 200");
    good &= check(is_ok(snapshot) && holds_jpeg(snapshot), "/snapshot is a JPEG");
    good &= check(engine == "auto" || status.find(std::string("\"engine\": \"").append(engine)) !=
                                          std::string::npos,
                  "the server follows its configuration");
    return good;
}

} // namespace

int main() {
    std::string error;
    bool good = check(std::strlen(ringcast::version()) > 0, "the version is known");
    good &= check(!ringcast::Config::from_text("[http]\nlisten = 1\n", error).has_value() &&
                      error.find("http.listen") != std::string::npos,
                  "a mistake in the configuration names its key");
    good &= check(!ringcast::Config::from_file("/nonexistent/ringcast.toml", error).has_value() &&
                      error.find("/nonexistent/ringcast.toml") != std::string::npos,
                  "a missing configuration file is named");

    for (const char* engine : {"auto", "epoll"}) {
        good &= serves(engine);
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
