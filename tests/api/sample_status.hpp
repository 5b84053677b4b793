#pragma once
// A snapshot in which every counter is different, so that tests detect swapped fields.

#include "api/status.hpp"

namespace ringcast::api {

inline StatusSnapshot sample_status() {
    using std::chrono::milliseconds;
    StatusSnapshot status;
    std::uint64_t next = 1000;
    const auto fill = [&next](auto&... values) { ((values = next++), ...); };

    ServerStatus& server = status.server;
    server.version = "1.2.3";
    server.instance = "00112233445566aa";
    server.engine = "io_uring";
    server.uptime = milliseconds(90'500);
    server.now = WallTime(milliseconds(1'700'000'000'250));
    server.viewers_max = 4096;
    server.viewers_per_address_max = 7;
    server.connections = 42;
    server.draining = true;
    server.zero_copy_supported = true;
    RelayCounters& counters = server.counters;
    fill(counters.connections_accepted, counters.connections_refused, counters.accept_errors,
         counters.accept_pauses, counters.bad_requests, counters.bad_proxy_headers,
         counters.evicted_for_memory, counters.evicted_stalled, counters.evicted_silent,
         counters.evicted_over_share, counters.disconnects, counters.late_completions,
         counters.unexpected_errors, counters.ring_enters, counters.log_lines_dropped);
    for (auto& count : counters.requests) {
        fill(count);
    }
    for (auto& count : counters.responses) {
        fill(count);
    }

    StreamStatus live;
    live.name = "printer";
    live.is_default = true;
    live.source = "pattern";
    live.state = StreamState::live;
    live.width = 1280;
    live.height = 720;
    live.fps = 29.5;
    live.frame_bytes_last = 50'001;
    live.frame_bytes_mean = 50'002;
    live.frame_age = milliseconds(12);
    live.slots_total = 32;
    live.slots_free = 27;
    live.registered = true;
    live.viewers = 3;
    source::SourceCounters& source = live.source_counters;
    fill(source.frames, source.bytes, source.frames_repaired, source.frames_dropped,
         source.frames_damaged, source.frames_oversized, source.bytes_skipped, source.bytes_moved,
         source.reads, source.restarts);
    connection::SendCounters& sends = live.sends;
    fill(sends.frames_sent_copy, sends.frames_sent_zero_copy, sends.bytes_sent, sends.notifications,
         sends.notifications_copied, sends.skipped.busy, sends.skipped.rate, sends.skipped.memory,
         sends.skipped.late, sends.moves_down, sends.moves_up);
    live.times.arrival.add(milliseconds(1));
    live.times.send.add(milliseconds(2));
    live.times.delivered_age.add(milliseconds(40));
    live.times.latency.add(milliseconds(3));
    live.times.latency.add(milliseconds(5));
    live.times.latency.add(std::chrono::seconds(20));

    source::UpstreamStatus& upstream = live.upstream.emplace();
    upstream.address = "printer.local:8080/stream";
    upstream.peer = "192.0.2.10:8080";
    upstream.state = "receiving";
    upstream.server = "ringcast/1.2.2";
    upstream.clock = "upstream";
    upstream.via = {"0123456789abcdef", "fedcba9876543210"};
    fill(upstream.connections, upstream.parts_without_signal);

    source::PictureStatus& picture = live.picture.emplace();
    picture.turn = {Rotation::by_270, true};
    picture.overlay = true;
    picture.how = "lossless";
    picture.work.add(milliseconds(7));
    fill(picture.made, picture.lossless, picture.missed, picture.without_slot, picture.damaged,
         picture.oversized, picture.failed);

    stream::RenditionStatus& rendition = live.renditions.emplace_back();
    rendition.totals.name = "half";
    rendition.running = true;
    rendition.width = 640;
    rendition.height = 360;
    rendition.fps = 28.5;
    rendition.totals.work.add(milliseconds(4));
    rendition.viewers = 2;
    fill(rendition.frame_bytes_mean, rendition.totals.made, rendition.totals.of_raw,
         rendition.totals.missed, rendition.totals.without_slot, rendition.totals.damaged,
         rendition.totals.oversized, rendition.totals.failed);

    StreamStatus lost;
    lost.name = "garage";
    lost.source = "exec";
    lost.state = StreamState::lost;
    lost.reason = "said \"no\" and\nended \xFF";
    lost.tier_reason = "memlock";
    source::CameraStatus& camera = lost.camera.emplace();
    camera.id = "camera-id";
    camera.model = "C920";
    camera.location = "external";
    camera.library = "libcamera 0.3.2";
    camera.driver = "uvcvideo";
    camera.format = "MJPEG";
    camera.focus = "continuous (default)";
    camera.running = true;
    camera.tier = "copied";
    camera.tier_reason = "old kernel";
    camera.memory = "linux,cma";
    camera.memory_reason = "no permission";
    camera.buffers = 4;
    camera.buffers_free = 3;
    camera.buffers_lent = 1;
    source::CameraTotals& captured = camera.counters;
    fill(captured.captured, captured.driver_dropped, captured.driver_failed, captured.out_of_order,
         captured.lent, captured.copied, captured.copied_under_pressure, captured.bytes_copied,
         captured.encode_skipped, captured.skipped_for_rate, captured.opened);
    captured.encoded = 4;
    for (const int time : {5, 10, 15, 20}) {
        captured.encode.add(milliseconds(time));
    }
    lost.losses = {{"the camera is unplugged", 2}, {"no picture for a while", 1}};

    status.streams = {live, lost};

    ViewerStatus viewer;
    viewer.id = 77;
    viewer.address = "192.0.2.7:51234";
    viewer.proxy = "127.0.0.1:40000";
    viewer.send_path = connection::SendPath::zero_copy;
    viewer.variant = http::Variant::advance;
    viewer.fps_limit = 5.0;
    viewer.fps = 4.75;
    viewer.delivered_age = milliseconds(80);
    viewer.adapts = true;
    viewer.moves = 3;
    viewer.link_rate = 245'000.4;
    fill(viewer.frames_sent, viewer.skipped.busy, viewer.bytes_sent);
    viewer.connected_for = milliseconds(60'500);
    ViewerStatus other;
    other.id = 78;
    other.address = "unix";
    other.stream = 1;
    status.viewers_total = 5;
    status.viewers = {viewer, other};
    status.viewers_next = 78;
    return status;
}

} // namespace ringcast::api
