#pragma once
// The configuration after validation: every value is within its limits. conf/ringcast.toml shows
// the TOML form; a test keeps it in step with the key table.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/picture_turn.hpp"
#include "base/time.hpp"
#include "config/overlay_config.hpp"
#include "config/source_config.hpp"

namespace ringcast::config {

struct ListenTcp {
    std::string host; ///< numeric address or name; empty: all addresses, IPv4 and IPv6
    std::uint16_t port = 0;
    friend bool operator==(const ListenTcp&, const ListenTcp&) = default;
};
struct ListenUnix {
    std::string path;
    friend bool operator==(const ListenUnix&, const ListenUnix&) = default;
};
/// The sockets of one name that the service manager passes.
struct ListenPassed {
    std::string name;
    friend bool operator==(const ListenPassed&, const ListenPassed&) = default;
};
using ListenAddress = std::variant<ListenTcp, ListenUnix, ListenPassed>;

struct ListenConfig {
    ListenAddress address;
    std::uint32_t mode = 0660;   ///< permissions of a UNIX socket's file
    std::string group{};         ///< of a UNIX socket's file; empty: that of the process
    bool proxy_protocol = false; ///< each connection begins with a PROXY header
    bool open = false;           ///< everybody may watch, also where [access] asks for passwords
    friend bool operator==(const ListenConfig&, const ListenConfig&) = default;
};

/// Who may watch a stream of a server that asks for passwords.
struct StreamViewers {
    enum class Kind : std::uint8_t { known, named, everybody };
    Kind kind = Kind::known;        ///< `known`: all users and tokens
    std::vector<std::string> names; ///< of users and tokens, for `named`
    friend bool operator==(const StreamViewers&, const StreamViewers&) = default;
};

/// A smaller picture of a stream, in addition to half and quarter of each side.
struct RenditionConfig {
    std::string name;
    PictureSize size;          ///< the picture is fitted into it
    std::optional<double> fps; ///< the most; nothing: all frames of the stream
    int quality = 80;          ///< libjpeg's, 1 to 100
    friend bool operator==(const RenditionConfig&, const RenditionConfig&) = default;
};

/// Which viewers that name no size are moved between renditions, as their links require.
enum class Adapt : std::uint8_t { browsers, everybody, nobody };

struct StreamConfig {
    std::string name;
    bool is_default = false; ///< true for exactly one stream
    SourceConfig source;
    StreamViewers viewers{};
    std::vector<RenditionConfig> renditions{};
    Adapt adapt = Adapt::browsers;
    PictureTurn turn{}; ///< of its pictures
    std::optional<OverlayConfig> overlay{};
    friend bool operator==(const StreamConfig&, const StreamConfig&) = default;
};

enum class SendPathPolicy : std::uint8_t { automatic, zero_copy, copy };

struct HttpConfig {
    /// Loopback by default: access from a network must be enabled explicitly.
    std::vector<ListenConfig> listen{{ListenTcp{"127.0.0.1", 8080}}};
    bool listen_is_default = true; ///< sockets of the service manager replace it
    std::vector<std::string> cors_origins;
    std::vector<std::string> hosts; ///< further names of this server
    std::string base_path;          ///< where a proxy publishes it, as in "/cam"; empty: the root
    friend bool operator==(const HttpConfig&, const HttpConfig&) = default;
};
struct AccessConfig {
    std::string users_file;
    std::string tokens_file;
    /// Where the key of signed links is or will be; empty unless the server asks for passwords.
    std::string link_key_file;
    /// Addresses, networks and "unix", valid for http::AddressSet.
    std::vector<std::string> trusted_proxies;
    std::vector<std::string> admins; ///< names of users and tokens
    /// True when the server asks for passwords.
    [[nodiscard]] bool restricted() const noexcept {
        return !users_file.empty() || !tokens_file.empty();
    }
    friend bool operator==(const AccessConfig&, const AccessConfig&) = default;
};
struct ViewersConfig {
    std::uint32_t max = 4096;
    std::uint32_t max_per_address = 0; ///< 0: no limit
    Duration stall_timeout = std::chrono::seconds(10);
    SendPathPolicy send = SendPathPolicy::automatic;
    friend bool operator==(const ViewersConfig&, const ViewersConfig&) = default;
};
struct MemoryConfig {
    std::size_t frame_max = 1024UL * 1024UL; ///< the largest JPEG, bytes
    std::uint16_t slots = 32;                ///< frames in memory per stream
    PictureSize picture_max{16384, 16384};   ///< the largest picture of a JPEG
    friend bool operator==(const MemoryConfig&, const MemoryConfig&) = default;
};
struct EncoderConfig {
    /// That make pictures smaller; nothing: one fewer than processors, at least 1, at most 4.
    std::optional<std::uint32_t> threads;
    friend bool operator==(const EncoderConfig&, const EncoderConfig&) = default;
};
/// How the server talks to the kernel.
enum class EngineChoice : std::uint8_t {
    automatic, ///< io_uring, or epoll where io_uring is refused
    io_uring,
    epoll,
};
struct ServerConfig {
    EngineChoice engine = EngineChoice::automatic;
    friend bool operator==(const ServerConfig&, const ServerConfig&) = default;
};
enum class LogFormat : std::uint8_t { text, json, journal };
struct LogConfig {
    LogLevel level = LogLevel::info;
    std::optional<LogFormat> format; ///< nothing: the journal's where it is there, else text
    friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

struct Config {
    ServerConfig server;
    HttpConfig http;
    AccessConfig access;
    ViewersConfig viewers;
    MemoryConfig memory;
    EncoderConfig encoder;
    LogConfig log;
    std::vector<StreamConfig> streams; ///< in the order of the file; at least one
};

} // namespace ringcast::config
