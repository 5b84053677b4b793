#include "connection/adaptation.hpp"

#include <algorithm>
#include <chrono>

#include "base/assert.hpp"

namespace ringcast::connection {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// One slow send is a stall, and a second one may be its recovery.
constexpr std::uint32_t slow_min = 3;
/// A viewer that gets fewer of the frames moves down. A probe passes when the link carries all of
/// them, so that a link would have to lose a quarter of its rate before the viewer moves back.
constexpr double share_min = 0.75;
/// Time to judge in: a second of sends, or the round trips in which slow start opens a window of ten
/// packets to what 100 Mbit/s takes at 300 ms.
constexpr Duration window_min = seconds(1);
constexpr int window_round_trips = 12;
/// More than samples of a constant link vary. In slow start the rate doubles in each round trip.
constexpr double rising_min = 1.25;
/// After a loss CUBIC takes 4 to 5 s to open a window of 108 packets again (that of 100 Mbit/s at 40 ms,
/// measured) while nothing queues.
constexpr Duration doubt_max = seconds(6);
/// A viewer that begins has lost nothing yet, so that this explains no slow send.
constexpr Duration beginning = seconds(3);

/// Data that may wait on the path: three frames at 30 frames/s, so that the link never idles.
constexpr Duration queue_max = milliseconds(100);
/// What is acknowledged in this time is the least that the link carries.
constexpr Duration acked_rate_time = milliseconds(500);
/// The same by the smoothed round trip time, where the rate is out of date. Larger, because Wi-Fi
/// alone varies it by 100 ms.
constexpr Duration rtt_queue_max = milliseconds(250);
/// Less than this is no queue.
constexpr Duration rtt_noise = milliseconds(25);

/// A probe at half size delays the frames behind it by 72 ms at 2 Mbit/s. With a wait of 20 times what it
/// takes, probes use at most a twentieth of the link.
constexpr int probe_wait_factor = 20;
constexpr Duration probe_wait_min = seconds(2);
/// Two probes, from a quarter to full size, have to succeed within 60 s, also if one is spoilt.
constexpr Duration probe_wait_max = seconds(20);
/// Probes become rarer with the time since the last move: one in 3.3 s after a minute, so that two sizes
/// are passed within 10 s.
constexpr int probe_wait_share = 18;
/// A trial's rate is measured in so many round trips: half of a cycle of BBR.
constexpr int trial_sample_round_trips = 4;
constexpr Duration trial_sample_min = milliseconds(100);
/// It goes on while the rate rises by a fifth in two cycles of BBR, in which that tries a quarter more
/// twice, or in which Reno opens a window of 80 packets so far.
constexpr double trial_rise_min = 1.2;
constexpr int trial_round_trips = 20;
constexpr Duration trial_patience_min = milliseconds(500);
constexpr Duration trial_patience_max = seconds(2);
/// At so much of what the larger rendition needs a trial has passed: the window goes on to open.
constexpr double trial_share_min = 0.9;
/// Where the rate grew so much, and to more than in the trials before it, the next one comes soon.
constexpr double trial_grew_min = 1.5;
/// Otherwise, on a constant link, a trial costs two thirds of the frames while it lasts, so that it
/// uses a seventh of the time.
constexpr int trial_wait_factor = 6;
constexpr Duration probe_calm = seconds(1);

/// After a move up that did not last this long, the next one needs so many probes in a row.
constexpr Duration lasting = seconds(60);
constexpr std::uint32_t passes_after_failure = 12;
constexpr Duration passes_wait = seconds(2);
/// Two such moves, of two each with the way back, within this time are all: with the first move down,
/// at most six in ten minutes.
constexpr Duration failure_memory = seconds(600);

Duration to_duration(double value) noexcept {
    return Duration(static_cast<std::int64_t>(value * 1e9));
}

double to_seconds(Duration duration) noexcept {
    return std::chrono::duration<double>(duration).count();
}

Duration period_of(const RenditionCost& cost) noexcept {
    // Slower than a frame in 100 s is no stream.
    return to_duration(1.0 / std::max(cost.frames_per_second, 0.01));
}

double bytes_of(RenditionCosts costs, std::size_t index) noexcept {
    const RenditionCost& cost = costs[index];
    if (cost.bytes_per_frame != 0) {
        return static_cast<double>(cost.bytes_per_frame);
    }
    // Measured: half of each side has 0.14 to 0.3 of the bytes, a quarter 0.03 to 0.1.
    return static_cast<double>(costs[0].bytes_per_frame) * static_cast<double>(cost.pixels) /
           static_cast<double>(std::max<std::uint64_t>(costs[0].pixels, 1));
}

bool nothing_queues(const io::SocketProgress& progress) noexcept {
    return progress.known && progress.rtt < progress.rtt_min + rtt_noise;
}

Duration trial_patience(Duration rtt_min) noexcept {
    return std::clamp(rtt_min * trial_round_trips, trial_patience_min, trial_patience_max);
}

/// Bytes per second.
double need_of(RenditionCosts costs, std::size_t index) noexcept {
    return bytes_of(costs, index) * costs[index].frames_per_second;
}

} // namespace

Adaptation::Choice Adaptation::choose(RenditionCosts costs, const io::SocketProgress& progress,
                                      Instant now) noexcept {
    RINGCAST_ASSERT(!costs.empty());
    level_ = static_cast<std::uint8_t>(std::min<std::size_t>(level_, costs.size() - 1));
    if (window_.begun == never) {
        begin_window(now);
        moved_at_ = now;
    }
    note(progress, now);
    judge_probe(costs, progress, now);
    period_ = period_of(costs[level_]);
    if (must_hold(costs, progress)) {
        const std::uint8_t held = level_;
        note_hold(costs, now);
        return {.rendition = held, .hold = true};
    }
    hold_ = {};
    begun_ = now;
    if (!probe_due(now)) {
        return {.rendition = level_};
    }
    probe_.asked = true;
    if (!probe_.active) { // else the one before it, of a trial, is judged first
        probe_.begun = now;
        probe_.checked = {};
        probe_.bytes_end = progress.bytes_acked + progress.bytes_pending;
    }
    return {.rendition = static_cast<std::uint8_t>(level_ - 1U), .probe = true};
}

void Adaptation::on_frame_sent(RenditionCosts costs, std::uint8_t rendition, std::uint64_t bytes,
                               const io::SocketProgress& progress, Instant now) noexcept {
    RINGCAST_ASSERT(begun_ != never);
    note(progress, now);
    const Duration took = now - begun_;
    begun_ = never;
    window_.bytes += bytes;
    window_.sent += period_;
    if (probe_.asked) {
        probe_.asked = false;
        if (rendition < level_) {
            // A probe may be slow, so this says nothing about the viewer's own rendition.
            ++probes_;
            probe_.bytes_end += probe_.active ? 0 : bytes;
            probe_.active = true;
            judge_probe(costs, progress, now);
            return;
        }
    }
    // If all is acknowledged already, it was the server that was late.
    const bool slow = took > period_ && (!progress.known || progress.bytes_pending > 0);
    window_.last_slow = slow;
    if (slow) {
        ++window_.slow;
        window_.lost += took - period_;
        window_.longest = std::max(window_.longest, took - period_);
        slow_at_ = now;
    }
    evaluate(costs, now);
}

void Adaptation::note(const io::SocketProgress& progress, Instant now) noexcept {
    if (!progress.known || progress.delivery_rate == 0) {
        return;
    }
    if (window_.acked_from == never) {
        window_.acked_from = now;
        window_.acked_begin = progress.bytes_acked;
    } else if (now > window_.acked_from) {
        window_.acked_rate = static_cast<double>(progress.bytes_acked - window_.acked_begin) /
                             to_seconds(now - window_.acked_from);
        if (level_ > 0 && now - window_.acked_from >= acked_rate_time) {
            // Otherwise one that was measured while packets were lost would hold frames back for ever.
            rate_ = std::max(rate_, window_.acked_rate);
        }
    }
    // One acknowledgement's sample: 200 to 247 KB/s on a link of 2 Mbit/s (measured).
    const auto rate = static_cast<double>(progress.delivery_rate);
    if (!progress.app_limited) {
        rate_ = rate_ > 0.0 ? (rate_ + rate) / 2 : rate;
    } else if (progress.delivery_rate != kernel_rate_) {
        rate_ = std::max(rate_, rate); // the link carries at least so much
    }
    kernel_rate_ = progress.delivery_rate;
    app_limited_ = progress.app_limited;
    rtt_ = progress.rtt;
    rtt_min_ = progress.rtt_min;
}

/// While a connection is app-limited, only a higher rate replaces the last one. So after its link has
/// become slower the kernel's rate is that of before, and the queue alone shows it.
bool Adaptation::out_of_date() const noexcept {
    return app_limited_ && rtt_ > rtt_min_ + rtt_queue_max;
}

// --- holding frames back ---

bool Adaptation::must_hold(RenditionCosts costs,
                           const io::SocketProgress& progress) const noexcept {
    if (!progress.known || (level_ == 0 && window_.slow < slow_min)) {
        return false;
    }
    const auto pending = static_cast<double>(progress.bytes_pending);
    const bool by_rate = rate_ > 0.0 && pending > rate_ * to_seconds(progress.rtt_min + queue_max);
    const bool by_time =
        progress.rtt > progress.rtt_min + rtt_queue_max && pending > bytes_of(costs, level_);
    return by_rate || by_time;
}

void Adaptation::note_hold(RenditionCosts costs, Instant now) noexcept {
    window_.slow += hold_ == Duration::zero() ? 1U : 0U;
    hold_ += period_;
    window_.lost += period_;
    window_.longest = std::max(window_.longest, hold_);
    window_.held = true;
    slow_at_ = now;
    evaluate(costs, now);
}

// --- up ---

bool Adaptation::probe_due(Instant now) const noexcept {
    const bool refused = failed_at_[1] != never && now - failed_at_[1] < failure_memory;
    return level_ > 0 && !refused &&
           (trial_.active ||
            (!probe_.active && now >= probe_.next && now - slow_at_ >= probe_calm));
}

void Adaptation::judge_probe(RenditionCosts costs, const io::SocketProgress& progress,
                             Instant now) noexcept {
    if (!probe_.active || level_ == 0) {
        probe_.active = false;
        return;
    }
    const Duration period = period_of(costs[level_ - 1U]);
    if (!progress.known) {
        if (now - probe_.begun <= period) {
            pass_probe(costs, false, now);
        } else {
            fail_probe(costs, progress, now);
        }
        return;
    }
    // It is looked at once in a period, so it was acknowledged between two looks: in the middle.
    const Duration elapsed = std::max(now - probe_.begun - progress.rtt_min, Duration::zero());
    const bool overdue = elapsed > period * 3 / 2;
    const bool acked = progress.bytes_acked >= probe_.bytes_end;
    if (!overdue && !acked) {
        probe_.checked = elapsed;
    } else if (!overdue && (probe_.checked + elapsed) / 2 <= period) {
        pass_probe(costs, true, now);
    } else {
        fail_probe(costs, progress, now);
    }
}

void Adaptation::pass_probe(RenditionCosts costs, bool progress_known, Instant now) noexcept {
    probe_.active = false;
    ++probe_.passes;
    const bool failed_lately = failed_at_[0] != never && now - failed_at_[0] < failure_memory;
    // Without TCP_INFO a frame that the socket took may still be in a queue, which several
    // probes in a row fill.
    if ((failed_lately || !progress_known) && probe_.passes < passes_after_failure) {
        probe_.next = now + (progress_known ? passes_wait : 2 * period_);
        trial_.active = false;
        return;
    }
    --level_;
    ++moves_;
    rate_ = std::max(rate_, need_of(costs, level_));
    moved_at_ = now;
    up_at_ = now;
    slow_at_ = now;
    doubted_at_ = never;
    probe_ = {.next = now};
    trial_ = {};
    begin_window(now);
}

void Adaptation::fail_probe(RenditionCosts costs, const io::SocketProgress& progress,
                            Instant now) noexcept {
    probe_.active = false;
    if (!nothing_queues(progress)) {
        trial_.active = false;
    } else if (!trial_.active) {
        begin_trial(progress, now);
        return;
    } else if (sample_trial(progress, now) > trial_share_min * need_of(costs, level_ - 1U)) {
        pass_probe(costs, true, now);
        return;
    } else if (now - trial_.risen_at < trial_patience(progress.rtt_min)) {
        return;
    }
    probe_.passes = 0;
    const bool grew = trial_.last_rate > trial_grew_min * trial_.first_rate &&
                      trial_.last_rate > trial_rise_min * trial_.best_before;
    const Duration flat_for = trial_.active && !grew ? now - trial_.risen_at : Duration::zero();
    trial_.active = false;
    const Duration takes =
        rate_ > 0.0 ? to_duration(bytes_of(costs, level_ - 1U) / rate_) : Duration::zero();
    const Duration wait = std::max({(now - moved_at_) / probe_wait_share, takes * probe_wait_factor,
                                    flat_for * trial_wait_factor});
    probe_.next = now + std::clamp(wait, probe_wait_min, probe_wait_max);
}

void Adaptation::begin_trial(const io::SocketProgress& progress, Instant now) noexcept {
    trial_ = {
        .active = true, .sampled_at = now, .sampled_bytes = progress.bytes_acked, .risen_at = now};
}

/// Bytes per second; 0: not long enough to say.
double Adaptation::sample_trial(const io::SocketProgress& progress, Instant now) noexcept {
    const Duration sampled = now - trial_.sampled_at;
    if (sampled < std::max(trial_sample_min, progress.rtt_min * trial_sample_round_trips)) {
        return 0.0;
    }
    const double rate =
        static_cast<double>(progress.bytes_acked - trial_.sampled_bytes) / to_seconds(sampled);
    if (rate >= trial_rise_min * trial_.rate) {
        trial_.rate = rate;
        trial_.risen_at = now;
    }
    trial_.first_rate = trial_.first_rate > 0.0 ? trial_.first_rate : rate;
    trial_.last_rate = rate;
    trial_.sampled_at = now;
    trial_.sampled_bytes = progress.bytes_acked;
    return rate;
}

// --- down ---

void Adaptation::evaluate(RenditionCosts costs, Instant now) noexcept {
    const Duration elapsed = now - window_.begun;
    const Duration span = std::max(window_min, rtt_min_ * window_round_trips);
    if (window_.rate == 0 && elapsed >= span / 2) {
        window_.rate = kernel_rate_;
    }
    const double got = to_seconds(window_.sent);
    const double missed = to_seconds(window_.lost - window_.longest);
    if (elapsed >= span && window_.slow >= slow_min && level_ + 1U < costs.size() &&
        got < share_min * (got + missed)) {
        if (doubtful(costs, now)) {
            begin_window(now);
        } else {
            move_down(costs, now);
        }
        return;
    }
    // A window ends between slow sends only when there were enough of them to judge.
    if (elapsed >= 2 * span && (!window_.last_slow || window_.slow >= slow_min)) {
        doubted_at_ = never;
        begin_window(now);
    }
}

bool Adaptation::doubtful(RenditionCosts costs, Instant now) noexcept {
    if (rtt_min_ == Duration::zero()) {
        return false;
    }
    const double rate = out_of_date() ? window_.acked_rate : static_cast<double>(kernel_rate_);
    const bool fast_enough = rate > share_min * need_of(costs, level_);
    const bool began = moves_ == 0 && doubted_at_ == never && now - moved_at_ < beginning;
    const bool window_opens = !began && rtt_ < rtt_min_ + rtt_noise;
    const bool rising = window_.rate > 0 && static_cast<double>(kernel_rate_) >
                                                rising_min * static_cast<double>(window_.rate);
    if (!fast_enough && !window_opens && !rising) {
        return false;
    }
    doubted_at_ = doubted_at_ == never ? now : doubted_at_;
    return now - doubted_at_ < doubt_max;
}

void Adaptation::move_down(RenditionCosts costs, Instant now) noexcept {
    // While frames are held the socket takes less than the link carries.
    const double took = static_cast<double>(window_.bytes) / to_seconds(now - window_.begun);
    if (out_of_date()) {
        rate_ = window_.acked_rate;
    } else if (rate_ <= 0.0) {
        rate_ = took;
    } else if (!window_.held) {
        rate_ = std::min(rate_, took);
    }
    std::size_t level = level_ + 1U;
    while (level + 1 < costs.size() && need_of(costs, level) > rate_) {
        ++level;
    }
    level_ = static_cast<std::uint8_t>(level);
    ++moves_;
    if (up_at_ != never && now - up_at_ < lasting) {
        failed_at_ = {now, failed_at_[0]};
    }
    up_at_ = never;
    moved_at_ = now;
    doubted_at_ = never;
    probe_ = {.next = now + probe_wait_min};
    trial_ = {};
    begin_window(now);
}

} // namespace ringcast::connection
