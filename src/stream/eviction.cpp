#include "stream/eviction.hpp"

#include <algorithm>
#include <chrono>

namespace ringcast::stream {

namespace {

/// A quarter of the slots free: the low-water mark. At least two above the reserve, which the
/// source's next slot and the frame that is being sent must not touch.
constexpr std::uint16_t low_water_divisor = 4;
constexpr std::uint16_t low_water_above_reserve = 2;
/// A holder without progress for so long may be stuck.
constexpr Duration no_progress_min = std::chrono::milliseconds(250);
/// The kernel is asked about a viewer no more often than this, however many frames it holds.
constexpr Duration sample_interval = std::chrono::milliseconds(50);

/// Higher is evicted earlier.
int rank(const SlotHolders& slot) noexcept {
    if (slot.stuck + slot.aborting == slot.count) {
        return 2;
    }
    return slot.progressing == 0 ? 1 : 0;
}

} // namespace

std::optional<std::size_t> slot_to_free(std::span<const SlotHolders> slots,
                                        std::uint64_t newest) noexcept {
    std::optional<std::size_t> chosen;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const SlotHolders& slot = slots[i];
        if (slot.count == slot.aborting || slot.sequence == newest) {
            continue;
        }
        const bool earlier =
            !chosen || rank(slot) > rank(slots[*chosen]) ||
            (rank(slot) == rank(slots[*chosen]) && slot.sequence < slots[*chosen].sequence);
        if (earlier) {
            chosen = i;
        }
    }
    return chosen;
}

Eviction::Eviction(const frame::FrameArena& arena, std::uint16_t slots_reserve)
    : arena_(arena), slots_reserve_(slots_reserve), holders_(arena.geometry().slot_count) {}

bool Eviction::slots_short() const noexcept {
    const std::uint16_t low_water = std::max<std::uint16_t>(
        arena_.geometry().slot_count / low_water_divisor,
        static_cast<std::uint16_t>(slots_reserve_ + low_water_above_reserve));
    return arena_.free_count() <= low_water;
}

bool Eviction::slots_halved() const noexcept {
    return arena_.free_count() <= arena_.geometry().slot_count / 2;
}

void Eviction::count_holders(connection::ConnectionContext& context,
                             connection::ConnectionSlab& connections,
                             connection::InFlightList& in_flight, Duration period) noexcept {
    const Instant now = context.engine.now();
    std::fill(holders_.begin(), holders_.end(), SlotHolders{});
    for (connection::FrameSend* send = in_flight.first(); send != nullptr;
         send = in_flight.next(*send)) {
        if (!arena_.owns(send->lease.slot())) {
            continue; // a camera's buffer: evicting its holder would free no slot
        }
        connection::Connection& holder = connections.get(send->connection);
        SlotHolders& slot = holders_[send->lease.slot().value];
        slot.sequence = send->lease.sequence();
        ++slot.count;
        if (holder.aborting()) {
            ++slot.aborting;
            continue;
        }
        const connection::Delivery& delivery = holder.frames().delivery();
        if (now - delivery.last_progress() > no_progress_min &&
            now - delivery.sampled_at() > sample_interval) {
            holder.frames().sample_delivery(context, holder.endpoint());
        }
        slot.stuck += delivery.stuck(now - std::max(no_progress_min, 2 * period)) ? 1U : 0U;
        slot.progressing += delivery.progressing() ? 1U : 0U;
    }
}

void Eviction::choose(connection::ConnectionContext& context,
                      connection::ConnectionSlab& connections, connection::InFlightList& in_flight,
                      std::uint64_t newest, Duration period,
                      std::vector<connection::ConnectionId>& evictions) noexcept {
    std::size_t available = arena_.free_count();
    if (available > slots_reserve_) {
        return;
    }
    count_holders(context, connections, in_flight, period);
    for (const SlotHolders& slot : holders_) {
        available += slot.count > 0 && slot.count == slot.aborting ? 1U : 0U;
    }
    while (available <= slots_reserve_) {
        const std::optional<std::size_t> slot = slot_to_free(holders_, newest);
        if (!slot) {
            return; // the other slots are with the source, or hold the newest frame
        }
        for (connection::FrameSend* send = in_flight.first(); send != nullptr;
             send = in_flight.next(*send)) {
            if (send->lease.slot().value == *slot &&
                !connections.get(send->connection).aborting() &&
                evictions.size() < evictions.capacity()) {
                evictions.push_back(send->connection);
            }
        }
        holders_[*slot].aborting = holders_[*slot].count;
        ++available;
    }
}

} // namespace ringcast::stream
