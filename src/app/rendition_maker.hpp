#pragma once
// Makes the memory and the source of a rendition while the server runs.

#include <cstddef>
#include <vector>

#include "app/server_parts.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "relay/renditions.hpp"
#include "source/picture_workers.hpp"
#include "stream/settings.hpp"

namespace ringcast::app {

/// Those that every stream has, and those of the configuration.
[[nodiscard]] std::vector<stream::RenditionSpec>
rendition_specs(const std::vector<config::RenditionConfig>& configured);

[[nodiscard]] stream::Adapting adapting_of(config::Adapt adapt) noexcept;

/// How large the slots of a rendition are: for pictures of a part of the stream's area.
[[nodiscard]] config::MemoryConfig rendition_memory(const config::MemoryConfig& of_stream,
                                                    const source::PictureTarget& target) noexcept;

class ServerRenditions final : public relay::RenditionMaker {
public:
    explicit ServerRenditions(ServerParts& parts) : parts_(parts) {}

    [[nodiscard]] Result<Made> make(stream::Stream& original,
                                    const stream::RenditionSpec& spec) override;
    void added(io::StreamId id) noexcept override { parts_.renditions.back().id = id; }
    void discard() noexcept override;

private:
    ServerParts& parts_;
};

} // namespace ringcast::app
