#include "config/load_picture.hpp"

#include "config/assign.hpp"
#include "config/keys.hpp"

namespace ringcast::config {

PictureTurn read_turn(Reader& reader, const Section& stream) {
    PictureTurn turn;
    if (const auto name =
            reader.choice(stream, find_key(streams_section, "rotate"), rotation_names())) {
        turn.rotate = *parse_rotation(*name);
    }
    assign(turn.mirror, reader.boolean(stream, find_key(streams_section, "mirror")));
    return turn;
}

} // namespace ringcast::config
