#include "ringcast/server.hpp"

#include <exception>
#include <utility>

#include "app/limits.hpp"
#include "app/server.hpp"
#include "config/listen_address.hpp"
#include "config/load.hpp"

namespace ringcast {

const char* version() noexcept {
    return RINGCAST_VERSION;
}

// --- configuration ---

struct Config::Impl {
    config::Config values;
};

Config::Config(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Config::Config(Config&& other) noexcept = default;
Config& Config::operator=(Config&& other) noexcept = default;
Config::~Config() = default;

std::optional<Config> Config::from_file(const std::string& path, std::string& error) {
    auto loaded = config::load(path);
    if (!loaded) {
        error = loaded.error().text();
        return std::nullopt;
    }
    return Config(std::make_unique<Impl>(Impl{std::move(*loaded)}));
}

std::optional<Config> Config::from_text(const std::string& toml, std::string& error) {
    auto parsed = config::parse(toml, "configuration");
    if (!parsed) {
        error = parsed.error().text();
        return std::nullopt;
    }
    return Config(std::make_unique<Impl>(Impl{std::move(*parsed)}));
}

// --- server ---

struct Server::Impl {
    std::unique_ptr<app::Server> server;
    bool abandoned = false; ///< the kernel may still use its memory
};

Server::Server(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Server::~Server() {
    if (impl_->abandoned) {
        [[maybe_unused]] const app::Server* const leaked = impl_->server.release();
    }
}

std::unique_ptr<Server> Server::create(const Config& config, std::string& error) {
    // Exceptions of the libraries below do not reach the caller.
    try {
        auto server = app::Server::create(config.impl_->values,
                                          {.locked_memory_max = app::locked_memory_limit(),
                                           .open_files_max = app::open_files_limit()});
        if (server) {
            auto impl = std::make_unique<Impl>(Impl{std::move(*server)});
            return std::unique_ptr<Server>(new Server(std::move(impl)));
        }
        error = server.error().message;
    } catch (const std::exception& exception) {
        error = exception.what();
    }
    return nullptr;
}

std::vector<std::string> Server::addresses() const {
    std::vector<std::string> texts;
    for (const config::ListenConfig& listen : impl_->server->listening()) {
        texts.push_back(config::listen_address_text(listen.address));
    }
    return texts;
}

bool Server::run() noexcept {
    const bool ended = impl_->server->run();
    impl_->abandoned = !ended;
    return ended;
}

void Server::stop() noexcept {
    impl_->server->stop();
}

} // namespace ringcast
