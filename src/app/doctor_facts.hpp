#pragma once
// What `ringcast doctor` looks at: plain facts about this machine, without judgement. Looking
// changes nothing that lasts: it makes an engine, registers memory, sends once over loopback and opens
// what ringcast would listen on, and gives all of it back.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace ringcast::app {

/// What a configuration asks of the machine.
struct Needs {
    std::uint32_t viewers_max = 0;
    std::size_t stream_count = 0;
    std::size_t stream_bytes = 0; ///< of memory to register, for each stream
};

struct IoUringFacts {
    std::string kernel; ///< "Linux 6.1.0-18-amd64"
    /// Why something can't be had; none when it can. What builds on another is not tried without.
    std::optional<std::string> failure;
    std::optional<std::string> zero_copy_failure;
    std::optional<std::string> registration_failure; ///< of one stream's frames
};

struct LimitFacts {
    /// RLIMIT_MEMLOCK, bytes; none for no limit. ringcast raises the soft limit to the hard one.
    std::optional<std::uint64_t> locked_soft;
    std::optional<std::uint64_t> locked_hard;
    bool may_lock_all = false;        ///< CAP_IPC_LOCK
    std::uint64_t open_files_max = 0; ///< the hard limit
};

/// One that is up and has an address that others can use.
struct InterfaceFacts {
    std::string name;
    std::string driver; ///< empty where it doesn't say
    bool loopback = false;
    bool wireless = false;
    unsigned mtu = 0;                   ///< bytes
    std::optional<unsigned> speed;      ///< Mbit/s
    std::optional<bool> scatter_gather; ///< the card fetches a packet from several places
};

/// One of /dev/video*.
struct VideoDeviceFacts {
    std::string path;
    std::string driver;    ///< "uvcvideo"; empty where it can't be asked
    std::string group;     ///< of the file
    bool permitted = true; ///< this process may open it
    bool member = false;   ///< the user is in the group, whether or not this process is yet
    bool captures = false; ///< not an encoder, a converter, metadata, or one that can't be asked
    bool makes_jpeg = false;
    bool in_use = false; ///< another program has its memory
    /// Why the memory that it captures JPEG into can't be registered; none when it can, and where
    /// it wasn't tried.
    std::optional<std::string> registration_failure;
};

/// A camera as libcamera lists it, which is what ringcast can show.
struct CameraFacts {
    std::string name;
    std::vector<std::string> devices; ///< those of /dev that it is made of, as paths
    bool makes_jpeg = false;
};

struct CameraLibraryFacts {
    std::string library; ///< "libcamera 0.3.2"; empty where there is none
    /// Why it lists nothing; none when it could be asked.
    std::optional<std::string> failure;
    std::vector<CameraFacts> cameras;
};

/// One of /dev/dma_heap/*.
struct DmaHeapFacts {
    std::string path;
    std::string group;
    bool permitted = true;
    bool member = false; ///< as of a video device
};

struct AddressFacts {
    std::string address;                ///< as configured
    std::optional<std::string> failure; ///< why ringcast could not listen there
    bool held_by_ringcast = false;      ///< because it does already
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
};

/// `config` may be without streams; then it is looked for what one would need.
[[nodiscard]] MachineFacts look_at_machine(const config::Config& config);

} // namespace ringcast::app
