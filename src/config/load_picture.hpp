#pragma once
// Reads what is done to the pictures of a stream before viewers see them.

#include <optional>

#include "base/picture_turn.hpp"
#include "config/overlay_config.hpp"
#include "config/reader.hpp"

namespace ringcast::config {

[[nodiscard]] PictureTurn read_turn(Reader& reader, const Section& stream);
[[nodiscard]] std::optional<OverlayConfig> read_overlay(Reader& reader, const Section& stream);

} // namespace ringcast::config
