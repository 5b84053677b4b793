#pragma once
// Collects facts about this machine for `ringcast doctor`, without judgement. Creates an engine,
// registers memory, sends once over loopback and opens the addresses to listen on, and releases all
// of it again. Raised limits of the process stay raised.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/limits.hpp"
#include "app/picture_costs.hpp"
#include "capture/cameras.hpp"
#include "config/config.hpp"

namespace ringcast::app {

/// Requirements of a configuration.
struct Needs {
    OpenFileNeeds open_files;
    std::size_t stream_count = 0;
    std::size_t stream_bytes = 0; ///< of memory to register, for each stream
    config::EngineChoice engine = config::EngineChoice::automatic;
    bool proxy = false; ///< one connects by a UNIX socket, is trusted, or tells addresses
};

struct IoUringFacts {
    std::string kernel; ///< "Linux 6.1.0-18-amd64"
    // Reasons why a feature is not available; none when it is. Features that depend on another are
    // not tested without it.
    std::optional<std::string> failure;
    std::optional<std::string> zero_copy_failure;
    std::optional<std::string> registration_failure; ///< for one stream's frames
};

struct LimitFacts {
    /// RLIMIT_MEMLOCK, bytes; none for no limit. ringcast raises the soft limit to the hard one.
    std::optional<std::uint64_t> locked_soft;
    std::optional<std::uint64_t> locked_hard;
    bool may_lock_all = false;        ///< CAP_IPC_LOCK
    std::uint64_t open_files_max = 0; ///< the hard limit
};

/// An interface that is up and has an address that other hosts can use.
struct InterfaceFacts {
    std::string name;
    std::string driver; ///< empty when not reported
    bool loopback = false;
    bool wireless = false;
    unsigned mtu = 0;                   ///< bytes
    std::optional<unsigned> speed;      ///< Mbit/s
    std::optional<bool> scatter_gather; ///< the card fetches a packet from several places
};

/// One of /dev/video*.
struct VideoDeviceFacts {
    std::string path;
    std::string driver;    ///< "uvcvideo"; empty when it can't be queried
    std::string group;     ///< of the file
    bool permitted = true; ///< this process may open it
    bool member = false;   ///< the user is in the group, whether or not this process is yet
    bool captures = false; ///< not an encoder, converter or metadata; false when unknown
    bool makes_jpeg = false;
    bool in_use = false; ///< another program uses its memory
    /// Why the memory that it captures JPEG into can't be registered; none when it can, or when
    /// that was not tested.
    std::optional<std::string> registration_failure;
};

/// A camera as libcamera lists it. ringcast can show these only.
struct CameraFacts {
    std::string name;
    std::vector<std::string> devices; ///< paths of its device files
    bool makes_jpeg = false;
    /// What it captures into in its default format and size; none when not known.
    std::optional<capture::ListedBuffers> buffers{};
};

struct CameraLibraryFacts {
    std::string library; ///< "libcamera 0.3.2"; empty without libcamera
    /// Why it could not list cameras; none when it could.
    std::optional<std::string> failure;
    std::vector<CameraFacts> cameras;
};

/// One of /dev/dma_heap/*.
struct DmaHeapFacts {
    std::string path;
    std::string group;
    bool permitted = true;
    bool member = false; ///< as for a video device
};

struct AddressFacts {
    std::string address;                ///< as configured
    std::optional<std::string> failure; ///< why ringcast could not listen there
    bool held_by_ringcast = false;      ///< because it does already
    bool loopback = false;              ///< TCP, for programs on this machine alone
};

struct MachineFacts {
    Needs needs;
    IoUringFacts io_uring;
    LimitFacts limits;
    std::vector<InterfaceFacts> interfaces;
    std::vector<VideoDeviceFacts> video_devices;
    CameraLibraryFacts camera_library;
    std::vector<DmaHeapFacts> dma_heaps;
    std::vector<AddressFacts> addresses;
    std::optional<PictureCosts> pictures; ///< none if they were not measured
    /// net.ipv4.tcp_notsent_lowat, bytes; none if it can't be read.
    std::optional<std::uint64_t> unsent_bytes_max;
};

/// Takes about a second. `config` may have no streams; then the requirements are those of one stream.
[[nodiscard]] MachineFacts look_at_machine(const config::Config& config);

} // namespace ringcast::app
