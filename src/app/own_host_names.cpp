#include "app/own_host_names.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <fstream>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "http/authority.hpp"

namespace ringcast::app {

namespace {

constexpr std::size_t file_bytes_max = 65536;
constexpr std::size_t names_max = 64;

/// Removes the first word of `line` and returns it; empty at the end.
std::string_view take_word(std::string_view& line) {
    constexpr std::string_view blanks = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

/// Removes the first line and returns it without its comment.
std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line.substr(0, line.find_first_of("#;"));
}

void add(std::vector<std::string>& names, std::string name) {
    if (names.size() < names_max && http::is_authority(name) &&
        std::ranges::find(names, name) == names.end()) {
        names.push_back(std::move(name));
    }
}

/// The names of the lines of /etc/hosts that list the host name.
void add_from_hosts_file(std::vector<std::string>& names, std::string_view host_name,
                         std::string_view text) {
    while (!text.empty()) {
        std::string_view line = take_line(text);
        static_cast<void>(take_word(line)); // the address
        std::vector<std::string> beside;
        for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
            beside.emplace_back(word);
        }
        const bool own = std::ranges::any_of(beside, [host_name](const std::string& name) {
            return http::equal_hosts(name, host_name);
        });
        for (std::string& name : beside) {
            if (own) {
                add(names, std::move(name));
            }
        }
    }
}

/// The last `search` or `domain` line of resolv.conf counts (resolv.conf(5)).
void add_from_resolver_file(std::vector<std::string>& names, std::string_view host_name,
                            std::string_view text) {
    std::vector<std::string> domains;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        const std::string_view key = take_word(line);
        if (key == "search" || key == "domain") {
            domains.clear();
            for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
                domains.emplace_back(word);
            }
        }
    }
    for (const std::string& domain : domains) {
        add(names, fmt::format("{}.{}", host_name, domain));
    }
}

std::string read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(file_bytes_max, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

} // namespace

std::vector<std::string> host_names(std::string_view host_name, std::string_view hosts_file,
                                    std::string_view resolver_file) {
    std::vector<std::string> names;
    if (host_name.empty()) {
        return names;
    }
    add(names, std::string(host_name));
    add_from_hosts_file(names, host_name, hosts_file);
    if (host_name.find('.') == std::string_view::npos) {
        add_from_resolver_file(names, host_name, resolver_file);
    }
    return names;
}

std::vector<std::string> own_host_names() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return {};
    }
    return host_names(name.data(), read_file("/etc/hosts"), read_file("/etc/resolv.conf"));
}

} // namespace ringcast::app
