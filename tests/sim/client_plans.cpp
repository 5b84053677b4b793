#include "sim/client_plans.hpp"
#include "page/files.hpp"

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace ringcast::sim {

namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, client_kind_count> kind_names{
    "healthy",  "slow",         "far",     "recovers",  "never reads", "leaves",
    "vanishes", "dribbles",     "garbage", "oversized", "pipelines",   "polls",
    "looks",    "says nothing", "changes", "follows"};

milliseconds some_ms(Decisions& decisions, std::uint64_t low, std::uint64_t high) {
    return milliseconds(decisions.between(low, high));
}

std::string request(std::string_view method, std::string_view target, std::string_view version) {
    return fmt::format("{} {} {}\r\nHost: sim\r\n\r\n", method, target, version);
}

LinkSetup some_link(Decisions& decisions) {
    LinkSetup link;
    const std::uint64_t where = decisions.below(4);
    link.round_trip = milliseconds(1 + decisions.below(40));
    if (where == 1) {
        link.transport = io::Transport::unix_socket;
        link.address = "unix";
        link.local = true;
        link.round_trip = {};
    } else if (where == 2) {
        link.address = fmt::format("127.0.0.1:{}", 40000 + decisions.below(1000));
        link.local = true;
        link.round_trip = std::chrono::microseconds(50);
    } else {
        link.address = fmt::format("192.0.2.{}:4000", 1 + decisions.below(100));
        link.copies_zero_copy = decisions.once_in(4);
    }
    link.send_buffer = 2000 + decisions.below(30000);
    link.receive_buffer = 1000 + decisions.below(30000);
    link.unsent_max = 1000 + decisions.below(16000);
    link.segment_max = 1000 + decisions.below(15000);
    link.user_timeout = milliseconds(1000 + decisions.below(4000));
    return link;
}

/// Adapts to its link, sometimes. The target has parameters already.
void add_adapt(Decisions& decisions, std::string& target, Expectation& expectation) {
    if (decisions.once_in(2)) {
        target += "&adapt=1";
        expectation.rendition_may_change = true;
    }
}

/// Asks for a rendition, sometimes. The target has parameters already.
void add_size(Decisions& decisions, std::string& target, Expectation& expectation) {
    constexpr std::array<std::string_view, 3> names{"half", "wall", "full"};
    if (decisions.once_in(3)) {
        const std::string_view name = names[decisions.below(names.size())];
        target += fmt::format("&size={}", name);
        expectation.rendition = name == "full" ? "" : name;
    }
}

using Streams = std::span<const stream::DirectoryEntry>;

ClientRequest stream_request(Decisions& decisions, Streams streams) {
    ClientRequest wanted;
    const stream::DirectoryEntry& stream = streams[decisions.below(streams.size())];
    wanted.expectation.stream = stream.id;
    std::string target = fmt::format("/{}/stream", stream.name);
    if (stream.id == streams.front().id) {
        constexpr std::array<std::string_view, 4> spellings{"/s0/stream", "/stream", "/s0.mjpg",
                                                            "/?action=stream"};
        target = spellings[decisions.below(spellings.size())];
    }
    const char joint = target.find('?') == std::string::npos ? '?' : '&';
    if (decisions.once_in(2)) {
        wanted.expectation.kind = AnswerKind::stream_advance;
        target += fmt::format("{}variant=advance", joint);
    } else {
        wanted.expectation.kind = AnswerKind::stream_standard;
        target += fmt::format("{}variant=standard", joint);
    }
    if (decisions.once_in(2)) {
        add_size(decisions, target, wanted.expectation);
    } else {
        add_adapt(decisions, target, wanted.expectation);
    }
    wanted.text = request("GET", target, decisions.once_in(8) ? "HTTP/1.0" : "HTTP/1.1");
    return wanted;
}

ClientRequest snapshot_request(Decisions& decisions, Streams streams) {
    ClientRequest wanted;
    wanted.expectation.kind = AnswerKind::snapshot;
    const stream::DirectoryEntry& stream = streams[decisions.below(streams.size())];
    wanted.expectation.stream = stream.id;
    std::string target = fmt::format("/{}/snapshot?", stream.name);
    if (decisions.once_in(3)) {
        wanted.expectation.age_max = milliseconds(500);
        target += "max_age_ms=500";
    } else if (decisions.once_in(3)) {
        wanted.expectation.placeholder_wanted = true;
        target += "placeholder=1";
    }
    if (decisions.once_in(2)) {
        const auto within_ms = decisions.below(1000);
        wanted.expectation.patience = milliseconds(within_ms);
        target += fmt::format("&within_ms={}", within_ms);
    }
    add_size(decisions, target, wanted.expectation);
    wanted.text = request("GET", target, "HTTP/1.1");
    wanted.pause = milliseconds(decisions.below(60));
    return wanted;
}

ClientRequest page_request(Decisions& decisions, std::string_view method,
                           std::string_view version) {
    static const std::string asset = "/assets/" + std::string(page::version()) + "/page.css";
    const std::array<std::string_view, 15> pages{"/api/status",
                                                 "/api/status?viewers=0",
                                                 "/api/status?viewers=3",
                                                 "/api/status?viewers=5&after=4294967297",
                                                 "/metrics",
                                                 "/healthz",
                                                 "/healthz?stream=s0",
                                                 "/",
                                                 "/s0/",
                                                 "/status",
                                                 asset,
                                                 "/state",
                                                 "/nowhere",
                                                 "/s0/stream?fps=-1",
                                                 "/api/nothing"};
    ClientRequest wanted;
    wanted.text = request(method, pages[decisions.below(pages.size())], version);
    wanted.expectation.head_only = method == "HEAD";
    return wanted;
}

ClientRequest refused_request(std::string text) {
    ClientRequest wanted;
    wanted.text = std::move(text);
    wanted.expectation.kind = AnswerKind::refusal;
    return wanted;
}

std::string garbage(Decisions& decisions) {
    constexpr std::array<std::string_view, 8> texts{
        "\x16\x03\x01\x02\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "\r\r\r\r\nGET\r\n\r\n",
    };
    return std::string(texts[decisions.below(texts.size())]);
}

std::string oversized(Decisions& decisions) {
    constexpr std::size_t long_target = 9000;
    constexpr std::size_t long_head = 17'000;
    constexpr std::size_t long_body = 100'000;
    switch (decisions.below(3)) {
    case 0:
        return request("GET", "/" + std::string(long_target, 'a'), "HTTP/1.1");
    case 1:
        return "GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(long_head, 'b') + "\r\n\r\n";
    default:
        return fmt::format("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", long_body) +
               std::string(long_body, 'c');
    }
}

/// `sound`: one that an administrator may make.
ClientRequest change_request(Decisions& decisions, Streams streams, bool sound) {
    constexpr std::array<std::string_view, 8> bodies{R"({"AfMode": "manual"})",
                                                     R"({"AfMode": "continuous"})",
                                                     R"({"AfMode": 2})",
                                                     R"({"AfMode": null})",
                                                     R"({"AfMode": "sometimes"})",
                                                     R"({"AfMode": 0, "Nothing": 1})",
                                                     R"({"AfMode": )",
                                                     "GET / HTTP/1.1\r\nHost: sim\r\n\r\n"};
    constexpr std::size_t too_long = 20'000;
    const std::string& name = streams[decisions.below(streams.size())].name;
    std::string target = fmt::format("/{}/controls", name);
    constexpr std::size_t sound_bodies = 4;
    std::string body(bodies[decisions.below(sound ? sound_bodies : bodies.size())]);
    std::string headers = "Content-Type: application/json\r\n";
    bool sized = true;
    constexpr std::uint64_t faults = 12;
    switch (sound ? faults : decisions.below(faults)) {
    case 0:
        body.resize(too_long, ' ');
        break;
    case 1:
        headers = "Content-Type: text/plain\r\n";
        break;
    case 2:
        headers += "Transfer-Encoding: chunked\r\n";
        body = fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", body.size(), body);
        sized = false;
        break;
    case 3:
        target = fmt::format("/{}/stream", name);
        break;
    case 4:
        body.clear();
        sized = decisions.once_in(2);
        break;
    default:
        break;
    }
    if (sized) {
        headers += fmt::format("Content-Length: {}\r\n", body.size());
    }
    ClientRequest wanted;
    if (decisions.once_in(3)) {
        wanted.expectation.may_continue = true;
        headers += "Expect: 100-continue\r\n";
    }
    wanted.text = fmt::format("PUT {} HTTP/1.1\r\nHost: sim\r\n{}\r\n{}", target, headers, body);
    wanted.pause = milliseconds(decisions.below(60));
    return wanted;
}

ClientRequest events_request(Decisions& decisions) {
    constexpr std::array<std::string_view, 4> headers{
        "", "", "Last-Event-ID: 00000000000000aa-1\r\n", "Last-Event-ID: a-\r\n"};
    ClientRequest wanted;
    wanted.expectation.kind = AnswerKind::events;
    const std::size_t header = decisions.below(headers.size());
    wanted.expectation.after_event = header == 2 ? 1 : 0;
    wanted.expectation.head_only = decisions.once_in(8);
    wanted.text = fmt::format("{} /api/events HTTP/1.1\r\nHost: sim\r\n{}\r\n",
                              wanted.expectation.head_only ? "HEAD" : "GET", headers[header]);
    return wanted;
}

void add_requests(ClientPlan& plan, Decisions& decisions, ClientKind kind, Streams streams) {
    switch (kind) {
    case ClientKind::garbage:
        plan.requests.push_back(refused_request(garbage(decisions)));
        return;
    case ClientKind::oversized:
        plan.requests.push_back(refused_request(oversized(decisions)));
        return;
    case ClientKind::pipelines:
        plan.pipelines = true;
        for (int i = 0; i < 4; ++i) {
            plan.requests.push_back(decisions.once_in(3)
                                        ? snapshot_request(decisions, streams)
                                        : page_request(decisions, "GET", "HTTP/1.1"));
            plan.requests.back().pause = {};
        }
        return;
    case ClientKind::polls:
        plan.repeats = true;
        plan.requests.push_back(snapshot_request(decisions, streams));
        return;
    case ClientKind::looks: {
        constexpr std::array<std::string_view, 3> methods{"GET", "HEAD", "OPTIONS"};
        plan.requests.push_back(page_request(decisions, methods[decisions.below(methods.size())],
                                             decisions.once_in(3) ? "HTTP/1.0" : "HTTP/1.1"));
        return;
    }
    case ClientKind::says_nothing: // and is answered 408 after a while
        plan.requests.push_back(refused_request(""));
        return;
    case ClientKind::dribbles:
        plan.requests.push_back(decisions.once_in(2) ? stream_request(decisions, streams)
                                                     : snapshot_request(decisions, streams));
        plan.requests.back().pause = {};
        return;
    case ClientKind::leaves:
        plan.requests.push_back(decisions.once_in(3) ? snapshot_request(decisions, streams)
                                                     : stream_request(decisions, streams));
        return;
    case ClientKind::changes:
        plan.pipelines = decisions.once_in(4);
        plan.repeats = !plan.pipelines; // until one of them ends the connection
        for (int i = 0; i < 4; ++i) {
            plan.requests.push_back(change_request(decisions, streams, i < 2));
        }
        plan.requests.push_back(page_request(decisions, "GET", "HTTP/1.1"));
        return;
    case ClientKind::follows:
        plan.pipelines = decisions.once_in(8);
        plan.requests.push_back(events_request(decisions));
        if (plan.pipelines) { // what comes behind is not answered, unless the first one is refused
            plan.requests.push_back(page_request(decisions, "GET", "HTTP/1.1"));
        }
        return;
    case ClientKind::healthy:
    case ClientKind::slow:
    case ClientKind::far:
    case ClientKind::recovers:
    case ClientKind::never_reads:
    case ClientKind::vanishes:
        plan.requests.push_back(stream_request(decisions, streams));
        return;
    }
}

} // namespace

ClientPlan plan_client(Decisions& decisions, ClientKind kind, Streams streams) {
    ClientPlan plan;
    plan.name = kind_names[static_cast<std::size_t>(kind)];
    plan.link = some_link(decisions);
    add_requests(plan, decisions, kind, streams);
    constexpr std::uint64_t ample = 1 << 18;
    if (kind == ClientKind::healthy) {
        plan.healthy = true;
        plan.requests[0].expectation.rendition_may_change = false; // its link is good enough
        plan.link.faultless = true;
        plan.link.round_trip = std::min<Duration>(plan.link.round_trip, milliseconds(3));
        plan.link.send_buffer = plan.link.receive_buffer = ample;
    } else if (kind == ClientKind::slow) {
        plan.read_bytes = decisions.between(200, 4000);
        plan.read_pause = some_ms(decisions, 5, 80);
    } else if (kind == ClientKind::far && plan.link.transport == io::Transport::tcp) {
        plan.link.round_trip = some_ms(decisions, 50, 200);
        plan.link.send_buffer = plan.link.receive_buffer = ample;
    } else if (kind == ClientKind::recovers && plan.link.transport == io::Transport::tcp) {
        plan.link.round_trip = some_ms(decisions, 1, 40);
        plan.link.bytes_per_second = decisions.between(10'000, 40'000);
        plan.link_recovers_after = some_ms(decisions, 1500, 3000);
    } else if (kind == ClientKind::never_reads) {
        plan.read_total_max = decisions.below(4000);
    } else if (kind == ClientKind::leaves) {
        constexpr std::array<Departure, 3> ways{Departure::close, Departure::reset,
                                                Departure::half_close};
        plan.departure = ways[decisions.below(ways.size())];
        plan.departs_after = milliseconds(decisions.once_in(3) ? 0 : decisions.below(800));
        if (decisions.once_in(2)) {
            plan.read_total_max = decisions.below(20000);
        }
    } else if (kind == ClientKind::vanishes) {
        plan.departure = Departure::vanish;
        plan.departs_after = milliseconds(decisions.below(500));
    } else if (kind == ClientKind::changes) {
        if (decisions.once_in(2)) {
            plan.dribble_bytes = decisions.between(5, 60);
            plan.dribble_pause = some_ms(decisions, 1, 30);
        }
        if (decisions.once_in(4)) {
            plan.departure = decisions.once_in(2) ? Departure::close : Departure::half_close;
            plan.departs_after = milliseconds(decisions.below(300));
        }
    } else if (kind == ClientKind::follows) {
        if (decisions.once_in(3)) {
            plan.read_bytes = decisions.between(1, 200);
            plan.read_pause = some_ms(decisions, 1, 80);
        } else if (decisions.once_in(3)) {
            plan.read_total_max = decisions.below(2000);
        }
        if (decisions.once_in(2)) {
            plan.departure = static_cast<Departure>(decisions.between(1, 4));
            plan.departs_after = some_ms(decisions, 0, 1000);
        }
    } else if (kind == ClientKind::dribbles) {
        plan.dribble_bytes = decisions.between(1, 9);
        plan.dribble_pause = some_ms(decisions, 1, 150);
    }
    return plan;
}

} // namespace ringcast::sim
