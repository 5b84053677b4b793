#pragma once
// Reads values of known keys from a document and collects all errors, so that one run reports every
// mistake. Knows kinds of values and the key table, not the meaning of the values.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/document.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"

namespace ringcast::config {

/// The text for "found ..." in a message: a scalar's value, shortened if long, or the kind of any
/// other value.
[[nodiscard]] std::string found_text(const Node& node);

/// A table whose keys are being read.
struct Section {
    const Table& table;
    std::string_view name; ///< as in Key::section
    std::string path;      ///< its name in messages: "viewers", "streams.printer"
};

/// An element of a list of texts, with its position for messages.
struct ListedText {
    const Node& node;
    std::string path; ///< "http.listen[0]"
    std::string_view text;
};

class Reader {
public:
    void report(Position where, std::string key, std::string message);
    /// Reports that `found` is not a valid value of `key`.
    void refuse(const Node& found, const Section& section, const Key& key,
                std::string_view hint = {});

    void check_section_names(const Table& root);
    /// Reports unknown keys. `source` is the stream's source kind; empty in sections that are not
    /// streams, and in streams whose source is missing or unknown, where the keys of all sources
    /// are accepted.
    void check_key_names(const Section& section, std::string_view source);

    /// Empty when the section is missing, which is no error, or not a table, which is reported.
    [[nodiscard]] std::optional<Section> section(const Table& root, std::string_view name);

    // Each of these returns nothing when the key is missing, which is no error, or when its value
    // is not valid, which is reported.
    [[nodiscard]] std::optional<std::string> text(const Section& section, const Key& key);
    [[nodiscard]] std::optional<std::string> choice(const Section& section, const Key& key,
                                                    std::span<const std::string_view> names);
    /// In the unit of the key's limits: seconds, bytes, or a plain number.
    [[nodiscard]] std::optional<double> number(const Section& section, const Key& key);
    [[nodiscard]] std::optional<bool> boolean(const Section& section, const Key& key);
    [[nodiscard]] std::optional<PictureSize> picture_size(const Section& section, const Key& key);
    /// A whole number is returned as its digits.
    [[nodiscard]] std::optional<std::string> text_or_index(const Section& section, const Key& key);
    [[nodiscard]] std::optional<std::vector<ControlSetting>>
    controls(const Section& section, const Key& key, std::size_t count_max);
    [[nodiscard]] std::optional<std::vector<ListedText>>
    texts(const Section& section, const Key& key, std::size_t count_max);

    /// Reports a required key that is missing, at the position `header`.
    void require(Position header, const Section& section, const Key& key);

    [[nodiscard]] std::vector<Problem> take_problems();

private:
    std::vector<Problem> problems_;
};

} // namespace ringcast::config
