#pragma once
// Reads what is done to the pictures of a stream before viewers see them.

#include "base/picture_turn.hpp"
#include "config/reader.hpp"

namespace ringcast::config {

[[nodiscard]] PictureTurn read_turn(Reader& reader, const Section& stream);

} // namespace ringcast::config
