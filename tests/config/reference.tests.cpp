// Compares the annotated reference and the documentation with the key table, in both directions.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <tuple>

#include <catch2/catch_test_macros.hpp>

#include "config/keys.hpp"
#include "config/load.hpp"

using namespace ringcast;
using namespace ringcast::config;

namespace {

const std::filesystem::path root = RINGCAST_SOURCE_DIR;

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path);
    REQUIRE(file.good());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// conf/ringcast.toml with all commented-out settings enabled.
std::string reference_in_full() {
    std::istringstream lines(read(root / "conf/ringcast.toml"));
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
        text += (setting ? line.substr(1) : line) + "\n";
    }
    return text;
}

using KeyName = std::tuple<std::string, std::string, std::string>; // section, key, source

KeyName name_of(const Key& key) {
    return KeyName(key.section, key.name, key.source);
}

bool is_of_every_source(const std::string& key) {
    return key == "source" || key == "default" || key == "viewers" || key == "rotate" ||
           key == "mirror" || key == "overlay" || key == "renditions" || key == "adapt";
}

/// A parser of its own, so that it does not share bugs with the real one.
std::map<KeyName, std::string> keys_in_reference() {
    std::map<KeyName, std::string> found;
    std::istringstream lines(reference_in_full());
    std::string section;
    std::string source;
    const std::regex header(R"(\[(\w+)(\.\w+)?\])");
    const std::regex assignment(R"((\w+)\s*=\s*(.*))");
    std::smatch match;
    for (std::string line; std::getline(lines, line);) {
        if (std::regex_match(line, match, header)) {
            section = match[1];
            source.clear();
        } else if (std::regex_match(line, match, assignment)) {
            const std::string key = match[1];
            const std::string value = match[2];
            if (section == streams_section && key == "source") {
                source = value.substr(1, value.size() - 2);
            }
            found[{section, key, is_of_every_source(key) ? "" : source}] = value;
            // { NAME = { KEY = VALUE, ... } }, or { KEY = VALUE, ... }
            if (key == "renditions" || key == "overlay") {
                const std::string inner =
                    key == "overlay" ? value : value.substr(value.find('{', 1));
                const std::regex pair("(\\w+) = (\"[^\"]*\"|\\w+)");
                for (std::sregex_iterator it(inner.begin(), inner.end(), pair), end; it != end;
                     ++it) {
                    found[{key, (*it)[1], ""}] = (*it)[2];
                }
            }
        }
    }
    return found;
}

} // namespace

TEST_CASE("the reference as shipped is equal to the defaults") {
    const LoadResult shipped = load((root / "conf/ringcast.toml").string());
    INFO((shipped ? std::string() : shipped.error().text()));
    REQUIRE(shipped.has_value());
    const Config defaults = parse("[streams.pattern]\nsource = \"pattern\"\n", "defaults").value();
    CHECK(shipped->http.listen == defaults.http.listen);
    CHECK(shipped->http.cors_origins == defaults.http.cors_origins);
    CHECK(shipped->http.base_path == defaults.http.base_path);
    CHECK_FALSE(shipped->access.restricted());
    CHECK(shipped->access.trusted_proxies.empty());
    CHECK(shipped->viewers.max == defaults.viewers.max);
    CHECK(shipped->viewers.max_per_address == defaults.viewers.max_per_address);
    CHECK(shipped->viewers.stall_timeout == defaults.viewers.stall_timeout);
    CHECK(shipped->viewers.send == defaults.viewers.send);
    CHECK(shipped->memory.frame_max == defaults.memory.frame_max);
    CHECK(shipped->memory.slots == defaults.memory.slots);
    CHECK(shipped->memory.picture_max == defaults.memory.picture_max);
    CHECK(shipped->log == defaults.log);
    REQUIRE(shipped->streams.size() == 1);
    const auto& pattern = std::get<PatternConfig>(shipped->streams[0].source);
    const auto& pattern_default = std::get<PatternConfig>(defaults.streams[0].source);
    CHECK(pattern.size == pattern_default.size);
    CHECK(pattern.fps == pattern_default.fps);
    CHECK(pattern.quality == pattern_default.quality);
}

TEST_CASE("the reference with all settings enabled is valid and contains every source") {
    const LoadResult full = parse(reference_in_full(), "reference");
    INFO((full ? std::string() : full.error().text()));
    REQUIRE(full.has_value());
    std::set<std::size_t> kinds;
    for (const StreamConfig& stream : full->streams) {
        kinds.insert(stream.source.index());
    }
    CHECK(kinds.size() == std::variant_size_v<SourceConfig>);
}

TEST_CASE("the reference contains exactly the known keys, with their defaults") {
    const auto found = keys_in_reference();
    std::set<KeyName> known;
    for (const Key& key : all_keys()) {
        const KeyName name = name_of(key);
        CAPTURE(key.section, key.name, key.source);
        known.insert(name);
        REQUIRE(found.contains(name));
        if (!key.default_value.empty()) {
            CHECK(found.at(name) == key.default_value);
        }
    }
    for (const auto& [name, value] : found) {
        CAPTURE(std::get<0>(name), std::get<1>(name), std::get<2>(name));
        CHECK(known.contains(name));
    }
}

TEST_CASE("the documentation has a table row for every key with default and limits, and no other") {
    // Rows look like: | `viewers.max` | whole number | `4096` | 1 to 100000 | ... |
    std::istringstream lines(read(root / "docs/configuration.md"));
    const std::regex row(R"(\| `([a-zA-Z_]+)\.([a-zA-Z_.]+)` \|(.*))");
    std::set<KeyName> documented;
    std::smatch match;
    std::string source;
    for (std::string line; std::getline(lines, line);) {
        const std::regex heading(R"(###? Source `(\w+)`.*)");
        if (std::regex_match(line, match, heading)) {
            source = match[1];
        }
        if (!std::regex_match(line, match, row)) {
            continue;
        }
        const bool of_stream = match[1].str() == streams_section;
        std::string name = match[2];
        std::string section = match[1];
        if (of_stream) {
            REQUIRE(name.starts_with("NAME."));
            name = name.substr(5);
        }
        const bool of_rendition = name.starts_with("renditions.NAME.");
        if (of_rendition) {
            section = "renditions";
            name = name.substr(16);
        }
        const bool of_overlay = name.starts_with("overlay.");
        if (of_overlay) {
            section = "overlay";
            name = name.substr(8);
        }
        const bool of_source =
            of_stream && !of_rendition && !of_overlay && !is_of_every_source(name);
        const KeyName key{section, name, of_source ? source : ""};
        CAPTURE(line);
        const auto known = std::ranges::find_if(
            all_keys(), [&](const Key& candidate) { return key == name_of(candidate); });
        REQUIRE(known != all_keys().end());
        const std::string default_value =
            known->default_value.empty() ? "" : "`" + std::string(known->default_value) + "`";
        CHECK(line.find(default_value) != std::string::npos);
        CHECK(line.find(limits_text(*known)) != std::string::npos);
        documented.insert(key);
    }
    for (const Key& key : all_keys()) {
        CAPTURE(key.section, key.name, key.source);
        CHECK(documented.contains(name_of(key)));
    }
}

TEST_CASE("every example configuration is valid") {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(root / "conf")) {
        if (entry.path().extension() == ".toml") {
            const LoadResult result = load(entry.path().string());
            INFO((result ? std::string() : result.error().text()));
            CHECK(result.has_value());
            ++count;
        }
    }
    CHECK(count >= 2);
}
