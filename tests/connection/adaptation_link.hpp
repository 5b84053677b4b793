#pragma once
// A viewer behind a simulated link, for the tests of connection::Adaptation: a source of frames, the relay's
// way of sending them (whole frames, one send under way, the newest one next), a TCP sender, a link
// with one queue, and a reader. Deterministic: everything random comes from the seed.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "connection/adaptation.hpp"
#include "io/engine.hpp"

namespace ringcast::link_test {

using Seconds = double;
inline constexpr Seconds far_off = 1e9;

/// From `at` on the link has this rate.
struct Step {
    Seconds at = 0;
    double mbit = 100;
};
struct Span {
    Seconds from = 0;
    Seconds to = 0;
    [[nodiscard]] bool contains(Seconds time) const { return from <= time && time < to; }
};

/// Congestion control.
enum class Control : std::uint8_t {
    reno,
    cubic,
    bbr, ///< version 1 without its PROBE_RTT phase; losses don't matter
};

struct Scenario {
    std::vector<Step> rates{{0, 100}};
    Seconds rtt = 0.040; ///< without queues
    double queue_bytes = 256 * 1024;
    double loss = 0;                   ///< share of the packets, at random
    std::vector<Span> outages{};       ///< the link drops every packet
    std::vector<Span> reader_stalls{}; ///< the reader reads nothing
    std::vector<Span> server_stalls{}; ///< the server's loop does nothing
    double receive_buffer = 4e6;
    Control control = Control::cubic;
    bool unix_socket = false; ///< no TCP_INFO; the peer is a proxy that queues `queue_bytes`
    double fps = 30;
    std::vector<double> frame_bytes{100e3, 25e3, 7e3}; ///< of each rendition, mean
    double size_spread = 0.1;                          ///< standard deviation of a frame's size
    bool sizes_known = true;                           ///< else only those of the largest rendition
    Seconds duration = 60;
    std::uint32_t seed = 1;
};

struct Move {
    Seconds at = 0;
    int to = 0;
};

struct Run {
    std::vector<Move> moves;
    struct Frame {
        Seconds captured = 0;
        Seconds delivered = 0;
        int rendition = 0;
    };
    std::vector<Frame> frames; ///< delivered, in order
    std::uint32_t probes = 0;
    std::uint32_t holds = 0;
    std::uint32_t moves_counted = 0;
    double rate = 0; ///< bytes per second, as estimated last

    [[nodiscard]] int rendition_at(Seconds time) const {
        int rendition = 0;
        for (const Move& move : moves) {
            rendition = move.at <= time ? move.to : rendition;
        }
        return rendition;
    }
    /// When the largest rendition was in use again, and stayed so, after `time`.
    [[nodiscard]] Seconds back_at_full(Seconds time) const {
        Seconds since = rendition_at(time) == 0 ? time : far_off;
        for (const Move& move : moves) {
            if (move.at > time) {
                since = move.to == 0 ? std::min(since, move.at) : far_off;
            }
        }
        return since;
    }
    [[nodiscard]] double fps(Seconds from, Seconds to) const {
        const auto count = std::count_if(frames.begin(), frames.end(), [&](const Frame& frame) {
            return from <= frame.delivered && frame.delivered < to;
        });
        return static_cast<double>(count) / (to - from);
    }
    /// Age at delivery, in milliseconds, of frames that were delivered in this time.
    [[nodiscard]] double age_ms(double quantile, Seconds from, Seconds to) const {
        std::vector<double> ages;
        for (const Frame& frame : frames) {
            if (from <= frame.delivered && frame.delivered < to) {
                ages.push_back(1e3 * (frame.delivered - frame.captured));
            }
        }
        if (ages.empty()) {
            return far_off;
        }
        const auto at = std::min(
            ages.size() - 1, static_cast<std::size_t>(quantile * static_cast<double>(ages.size())));
        std::nth_element(ages.begin(), ages.begin() + static_cast<std::ptrdiff_t>(at), ages.end());
        return ages[at];
    }
};

/// The sender's half of a TCP connection, the link, and the receiver's kernel. Windows are bytes, and
/// packets are larger on fast links, so that the number of events does not grow with the rate.
class Tcp {
public:
    explicit Tcp(const Scenario& scenario) : scenario_(scenario), random_(scenario.seed) {}

    // --- the socket ---

    /// Bytes that a write can place into the socket now. TCP_NOTSENT_LOWAT is 16 KiB, but the kernel fills
    /// the last buffer of 64 KiB, and wakes a writer that waits when less than 8 KiB are left (measured).
    [[nodiscard]] double room(bool waited) const {
        if (scenario_.unix_socket) {
            return std::max(0.0, scenario_.queue_bytes - (written_ - una_));
        }
        const double unsent = written_ - next_;
        return waited && unsent >= 8192 ? 0 : std::max(0.0, 65536 - unsent);
    }
    void write(Seconds now, double bytes, bool first) {
        if (first && written_ - next_ < mss && in_flight() < cwnd_ && retransmits_.empty()) {
            app_limited_until_ = std::max(1.0, delivered_ + in_flight());
        }
        written_ += bytes;
        pump(now);
    }
    [[nodiscard]] io::SocketProgress progress() const {
        if (scenario_.unix_socket) {
            return {};
        }
        const auto duration = [](Seconds time) {
            return Duration(static_cast<std::int64_t>(time * 1e9));
        };
        return {.known = true,
                .app_limited = rate_app_limited_,
                .bytes_acked = static_cast<std::uint64_t>(una_),
                .bytes_pending = static_cast<std::uint64_t>(written_ - una_),
                .delivery_rate = rate_interval_ > 0
                                     ? static_cast<std::uint64_t>(rate_delivered_ / rate_interval_)
                                     : 0,
                .rtt = duration(srtt_),
                .rtt_min = duration(rtt_min_)};
    }
    [[nodiscard]] double written() const { return written_; }
    /// Bytes that the receiver's program has read, and when.
    [[nodiscard]] double read(Seconds now) const { return reading(now) ? received_ : read_; }
    [[nodiscard]] double received() const { return received_; }
    [[nodiscard]] Seconds received_at() const { return received_at_; }

    // --- events ---

    [[nodiscard]] Seconds next_event() const {
        Seconds next = packets_.empty() ? far_off : packets_.front().acked_at;
        for (const Lost& lost : retransmits_) {
            // One that is due already waits for the window, and thus for an acknowledgement.
            next = lost.due > now_ ? std::min(next, lost.due) : next;
        }
        return std::min(next, wake_at_);
    }
    void advance(Seconds now) {
        now_ = now;
        while (!packets_.empty() && packets_.front().acked_at <= now) {
            const Packet packet = packets_.front();
            packets_.pop_front();
            in_flight_ -= packet.bytes;
            resent_ -= packet.attempts > 0 ? 1U : 0U;
            if (packet.lost) {
                on_loss(packet, now);
            } else {
                on_ack(packet, now);
            }
        }
        if (wake_at_ <= now) {
            wake_at_ = far_off;
        }
        if (reading(now)) {
            read_ = received_;
        }
        pump(now);
    }

private:
    struct Packet {
        double begin = 0;
        double bytes = 0;
        Seconds sent_at = 0;
        Seconds acked_at = 0;
        double delivered = 0;
        Seconds delivered_at = 0;
        Seconds first_sent = 0;
        int attempts = 0;
        bool lost = false;
        bool app_limited = false;
    };
    struct Lost {
        double begin = 0;
        double bytes = 0;
        Seconds due = 0;
        int attempts = 0;
    };
    static constexpr double mss = 1448;
    static constexpr double header_share = 1.036; ///< 52 bytes in each packet of 1500

    [[nodiscard]] double rate(Seconds now) const {
        double mbit = scenario_.rates.front().mbit;
        for (const Step& step : scenario_.rates) {
            mbit = step.at <= now ? step.mbit : mbit;
        }
        return mbit * 125e3;
    }
    [[nodiscard]] bool reading(Seconds now) const {
        return std::none_of(scenario_.reader_stalls.begin(), scenario_.reader_stalls.end(),
                            [&](const Span& stall) { return stall.contains(now); });
    }
    [[nodiscard]] double in_flight() const { return in_flight_; }
    [[nodiscard]] bool dropped(Seconds now) {
        for (const Span& outage : scenario_.outages) {
            if (outage.contains(now)) {
                return true;
            }
        }
        if (scenario_.loss > 0 &&
            std::uniform_real_distribution<>(0, 1)(random_) < scenario_.loss) {
            return true;
        }
        return !scenario_.unix_socket && (free_at_ - now) * rate(now) > scenario_.queue_bytes;
    }
    void transmit(Seconds now, double begin, double bytes, int attempts) {
        Packet packet{.begin = begin, .bytes = bytes, .sent_at = now, .attempts = attempts};
        if (in_flight_ == 0) {
            first_sent_ = now;
            delivered_at_ = now;
        }
        packet.first_sent = first_sent_;
        packet.delivered_at = delivered_at_;
        packet.delivered = delivered_;
        packet.app_limited = app_limited_until_ > 0;
        packet.lost = dropped(now);
        if (!packet.lost) {
            free_at_ = std::max(free_at_, now) + bytes * header_share / rate(now);
        }
        packet.acked_at = std::max(free_at_, now) + scenario_.rtt;
        in_flight_ += bytes;
        resent_ += attempts > 0 ? 1U : 0U;
        packets_.push_back(packet);
    }
    void pump(Seconds now) {
        cwnd_limited_ = false;
        const double packet_max =
            scenario_.loss > 0 ? mss : std::clamp(rate(now) * 0.0007, mss, 8 * mss);
        for (std::size_t i = 0; i < retransmits_.size();) {
            const Lost lost = retransmits_[i];
            if (lost.due <= now && in_flight_ < cwnd_) {
                retransmits_.erase(retransmits_.begin() + static_cast<std::ptrdiff_t>(i));
                transmit(now, lost.begin, lost.bytes, lost.attempts + 1);
            } else {
                ++i;
            }
        }
        while (next_ < written_) {
            if (in_flight_ >= cwnd_) {
                cwnd_limited_ = true;
                break;
            }
            if (scenario_.control == Control::bbr && now < paced_until_) {
                wake_at_ = std::min(wake_at_, paced_until_);
                break;
            }
            const double bytes = std::min(packet_max, written_ - next_);
            if (next_ + bytes - read_ > scenario_.receive_buffer) {
                // The window opens when the reader goes on.
                for (const Span& stall : scenario_.reader_stalls) {
                    if (stall.contains(now)) {
                        wake_at_ = stall.to + scenario_.rtt / 2;
                    }
                }
                break;
            }
            transmit(now, next_, bytes, 0);
            next_ += bytes;
            if (bandwidth() > 0) {
                paced_until_ = std::max(now, paced_until_) + bytes / (bbr_gain() * bandwidth());
            }
        }
        in_flight_max_ = std::max(in_flight_max_, in_flight_);
        validate_window(now);
    }
    void on_loss(const Packet& packet, Seconds now) {
        // Noticed by the packets after it; the last ones by a probe (RFC 8985), a lost
        // retransmission by its time-out.
        Lost lost{packet.begin, packet.bytes, now, packet.attempts};
        if (packet.attempts > 0) {
            lost.due = now + 0.2 * std::pow(2.0, std::min(packet.attempts - 1, 6));
        } else if (packets_.empty()) {
            lost.due = now + 2 * srtt_;
        }
        retransmits_.push_back(lost);
        if (scenario_.control == Control::bbr) {
            return;
        }
        if (packet.begin >= recover_) {
            recover_ = next_;
            cubic_max_ = cwnd_;
            cwnd_ = std::max(2 * mss, cwnd_ * 0.7);
            ssthresh_ = cwnd_;
            epoch_ = now;
        }
        if (packet.attempts > 0) {
            cwnd_ = 2 * mss; // a time-out: slow start up to ssthresh
        }
    }
    void on_ack(const Packet& packet, Seconds now) {
        place(packet, now - scenario_.rtt / 2);
        delivered_ += packet.bytes;
        delivered_at_ = now;
        measure(packet, now);
        if (packet.attempts == 0) {
            const double rtt = now - packet.sent_at;
            rtt_min_ = rtt_min_ == 0 ? rtt : std::min(rtt_min_, rtt);
            srtt_ = srtt_ == 0 ? rtt : srtt_ + (rtt - srtt_) / 8;
            // HyStart: the queue begins to grow.
            if (cwnd_ < ssthresh_ && cwnd_ >= 16 * mss &&
                rtt >
                    rtt_min_ + std::clamp(rtt_min_ / 8, 0.004, 0.016) + packet.bytes / rate(now)) {
                ssthresh_ = cwnd_;
            }
        }
        grow(packet, now);
    }
    void grow(const Packet& packet, Seconds now) {
        if (scenario_.control == Control::bbr) {
            follow_bbr(packet, now);
            return;
        }
        if (cwnd_ < ssthresh_) {
            if (cwnd_ < 2 * in_flight_max_) {
                cwnd_ += packet.bytes;
            }
        } else if (cwnd_limited_ && scenario_.control == Control::reno) {
            cwnd_ += mss * packet.bytes / cwnd_;
        } else if (cwnd_limited_) {
            // CUBIC (RFC 9438), in packets, with the growth of Reno as the least.
            const double k = std::cbrt(std::max(0.0, (cubic_max_ - cwnd_at_epoch()) / mss) / 0.4);
            const double t = now - epoch_ + srtt_;
            const double target = cubic_max_ + 0.4 * std::pow(t - k, 3) * mss;
            const double step = std::max((target - cwnd_) / cwnd_, 0.5 * mss / cwnd_);
            cwnd_ += std::min(step, 0.5) * packet.bytes;
        }
        if (now - round_at_ > srtt_) {
            round_at_ = now;
            in_flight_max_ = in_flight_;
        }
    }
    [[nodiscard]] double cwnd_at_epoch() const { return 0.7 * cubic_max_; }
    /// RFC 2861: a window that is not used for a retransmission time-out becomes smaller.
    void validate_window(Seconds now) {
        const bool limited = cwnd_limited_ || (cwnd_ < ssthresh_ && cwnd_ < 2 * in_flight_max_);
        if (limited || scenario_.control == Control::bbr) {
            used_since_ = now;
            used_ = 0;
            return;
        }
        used_ = std::max(used_, in_flight_);
        if (now - used_since_ >= 0.2 + srtt_) {
            if (used_ < cwnd_) {
                ssthresh_ = std::max(ssthresh_, cwnd_ * 3 / 4);
                cwnd_ = (cwnd_ + std::max(used_, 10 * mss)) / 2;
            }
            used_since_ = now;
            used_ = 0;
        }
    }
    /// tcp_bbr.c: a rate of sending, that of the last ten round trips, is raised by a quarter in one of
    /// eight phases and lowered in the next. In the beginning it doubles in each round trip.
    void follow_bbr(const Packet& packet, Seconds now) {
        if (packet.delivered >= bbr_round_end_) {
            bbr_round_end_ = delivered_;
            recent_rates_at_ = (recent_rates_at_ + 1) % recent_rates_.size();
            recent_rates_[recent_rates_at_] = 0;
            if (bbr_starts_ && !packet.app_limited) {
                bbr_flat_ = bandwidth() < 1.25 * bbr_full_ ? bbr_flat_ + 1 : 0;
                bbr_full_ = bbr_flat_ == 0 ? bandwidth() : bbr_full_;
                bbr_starts_ = bbr_flat_ < 3;
            }
        }
        const double sample = rate_interval_ > 0 ? rate_delivered_ / rate_interval_ : 0;
        if (!rate_app_limited_ || sample > bandwidth()) {
            recent_rates_[recent_rates_at_] = std::max(recent_rates_[recent_rates_at_], sample);
        }
        const double path = bandwidth() * rtt_min_;
        if (!bbr_starts_) {
            const bool lasts = now - bbr_phase_at_ > rtt_min_;
            const bool over = bbr_phase_ == 0   ? lasts && in_flight_ >= 1.25 * path
                              : bbr_phase_ == 1 ? lasts || in_flight_ <= path
                                                : lasts;
            if (over || now - bbr_phase_at_ > 2 * std::max(srtt_, rtt_min_)) {
                bbr_phase_ = (bbr_phase_ + 1) % 8;
                bbr_phase_at_ = now;
            }
        }
        cwnd_ = bandwidth() > 0 ? std::max((bbr_starts_ ? 2.89 : 2) * path + 3 * mss, 4 * mss)
                                : cwnd_ + packet.bytes;
    }
    [[nodiscard]] double bbr_gain() const {
        return bbr_starts_ ? 2.89 : bbr_phase_ == 0 ? 1.25 : bbr_phase_ == 1 ? 0.75 : 1;
    }
    [[nodiscard]] double bandwidth() const {
        return *std::max_element(recent_rates_.begin(), recent_rates_.end());
    }
    /// tcp_rate.c: the rate over the time in which the packets before this one, and it, were sent or
    /// acknowledged, whichever took longer.
    void measure(const Packet& packet, Seconds now) {
        if (app_limited_until_ > 0 && delivered_ > app_limited_until_) {
            app_limited_until_ = 0;
        }
        const Seconds sending = packet.sent_at - packet.first_sent;
        first_sent_ = packet.sent_at;
        const Seconds interval = std::max(sending, now - packet.delivered_at);
        const double delivered = delivered_ - packet.delivered;
        if (packet.attempts > 0 || interval < rtt_min_ || interval <= 0) {
            return;
        }
        if (!packet.app_limited || delivered * rate_interval_ >= rate_delivered_ * interval) {
            rate_delivered_ = delivered;
            rate_interval_ = interval;
            rate_app_limited_ = packet.app_limited;
        }
    }
    /// The receiver's kernel has the packet.
    void place(const Packet& packet, Seconds at) {
        // Everything before the highest byte has arrived or is a hole.
        highest_ = std::max(highest_, packet.begin + packet.bytes);
        double contiguous = highest_;
        for (const Lost& lost : retransmits_) {
            contiguous = std::min(contiguous, lost.begin);
        }
        for (const Packet& other : packets_) {
            if (resent_ == 0) {
                break;
            }
            if (other.attempts > 0) {
                contiguous = std::min(contiguous, other.begin);
            }
        }
        if (contiguous > received_) {
            received_ = contiguous;
            received_at_ = at;
            una_ = contiguous;
        }
    }

    const Scenario& scenario_;
    std::mt19937 random_;
    std::deque<Packet> packets_; ///< in flight, in the order of their acknowledgements
    std::vector<Lost> retransmits_;
    std::size_t resent_ = 0; ///< retransmissions in flight
    double written_ = 0, next_ = 0, una_ = 0, received_ = 0, read_ = 0, highest_ = 0;
    double in_flight_ = 0, in_flight_max_ = 0, recover_ = 0;
    double cwnd_ = 10 * mss, ssthresh_ = 1e12, cubic_max_ = 0;
    Seconds now_ = 0, epoch_ = 0, round_at_ = 0, free_at_ = 0, wake_at_ = far_off, received_at_ = 0;
    double delivered_ = 0, app_limited_until_ = 0;
    Seconds delivered_at_ = 0, first_sent_ = 0, srtt_ = 0, rtt_min_ = 0;
    double rate_delivered_ = 0, rate_interval_ = 0;
    bool rate_app_limited_ = false, cwnd_limited_ = false;
    Seconds used_since_ = 0;
    double used_ = 0;                       ///< the most that was in flight since then
    std::array<double, 10> recent_rates_{}; ///< of round trips
    std::size_t recent_rates_at_ = 0;
    Seconds paced_until_ = 0, bbr_phase_at_ = 0;
    double bbr_round_end_ = 0, bbr_full_ = 0;
    int bbr_phase_ = 2, bbr_flat_ = 0;
    bool bbr_starts_ = true;
};

/// The relay's part: publishes frames, asks the policy, sends.
class Viewer {
public:
    explicit Viewer(const Scenario& scenario)
        : scenario_(scenario), tcp_(scenario), random_(scenario.seed + 1000) {
        double pixels = 1280 * 720;
        for (const double bytes : scenario.frame_bytes) {
            const bool known = scenario.sizes_known || costs_.empty();
            costs_.push_back({.pixels = static_cast<std::uint64_t>(pixels),
                              .bytes_per_frame = known ? static_cast<std::uint64_t>(bytes) : 0,
                              .frames_per_second = scenario.fps});
            pixels /= 4;
        }
    }

    Run run() {
        Seconds frame_at = 0;
        while (now_ < scenario_.duration) {
            Seconds next = std::min({frame_at, tcp_.next_event(), stall_end_});
            now_ = std::max(now_, next);
            tcp_.advance(now_);
            if (now_ >= frame_at) {
                ++newest_;
                captured_at_ = frame_at;
                frame_size_ = 1 + scenario_.size_spread * std::normal_distribution<>()(random_);
                frame_size_ = std::clamp(frame_size_, 0.3, 3.0);
                frame_at += 1 / scenario_.fps;
            }
            turn();
            deliver();
        }
        result_.moves_counted = adaptation_.moves();
        result_.probes = adaptation_.probes();
        result_.rate = adaptation_.rate();
        return result_;
    }

private:
    struct Sent {
        double end = 0;
        Seconds captured = 0;
        int rendition = 0;
    };

    [[nodiscard]] Instant instant() const {
        return Instant(Duration(static_cast<std::int64_t>((1000 + now_) * 1e9)));
    }
    /// A turn of the server's loop.
    void turn() {
        stall_end_ = far_off;
        for (const Span& stall : scenario_.server_stalls) {
            if (stall.contains(now_)) {
                stall_end_ = stall.to;
                return;
            }
        }
        if (sending_) {
            go_on(true);
        }
        if (!sending_ && newest_ != considered_) {
            start();
        }
    }
    void go_on(bool waited) {
        const double bytes = std::min(left_, tcp_.room(waited));
        if (bytes > 0) {
            tcp_.write(now_, bytes, !waited);
            left_ -= bytes;
        }
        if (left_ <= 0) {
            sending_ = false;
            const io::SocketProgress progress =
                adaptation_.wants_progress(instant()) ? tcp_.progress() : io::SocketProgress{};
            adaptation_.on_frame_sent(costs_, static_cast<std::uint8_t>(sent_.back().rendition),
                                      static_cast<std::uint64_t>(bytes_), progress, instant());
            note_moves();
        }
    }
    void start() {
        considered_ = newest_;
        const io::SocketProgress progress =
            adaptation_.wants_progress(instant()) ? tcp_.progress() : io::SocketProgress{};
        const auto choice = adaptation_.choose(costs_, progress, instant());
        note_moves();
        if (choice.hold) {
            ++result_.holds;
            return;
        }
        bytes_ = std::round(scenario_.frame_bytes[choice.rendition] * frame_size_);
        left_ = bytes_;
        sending_ = true;
        sent_.push_back({tcp_.written() + bytes_, captured_at_, choice.rendition});
        go_on(false);
    }
    void note_moves() {
        if (adaptation_.rendition() != rendition_) {
            rendition_ = adaptation_.rendition();
            result_.moves.push_back({now_, rendition_});
        }
    }
    void deliver() {
        const double read = tcp_.read(now_);
        while (!sent_.empty() && sent_.front().end <= read) {
            if (sending_ && sent_.size() == 1) {
                break; // its last bytes are not written yet
            }
            const bool stalled = tcp_.received() > last_read_ && now_ - tcp_.received_at() > 0.5;
            result_.frames.push_back({sent_.front().captured,
                                      stalled ? now_ : std::min(now_, tcp_.received_at()),
                                      sent_.front().rendition});
            sent_.pop_front();
        }
        last_read_ = read;
    }

    const Scenario& scenario_;
    Tcp tcp_;
    std::mt19937 random_;
    connection::Adaptation adaptation_;
    std::vector<connection::RenditionCost> costs_;
    std::deque<Sent> sent_;
    Run result_;
    Seconds now_ = 0, captured_at_ = 0, stall_end_ = far_off;
    std::uint64_t newest_ = 0, considered_ = 0;
    double frame_size_ = 1, bytes_ = 0, left_ = 0, last_read_ = 0;
    bool sending_ = false;
    int rendition_ = 0;
};

inline Run run(const Scenario& scenario) {
    return Viewer(scenario).run();
}

} // namespace ringcast::link_test
