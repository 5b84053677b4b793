#pragma once
// The workers that make smaller and turned pictures, as their users see them.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "encode/transform_pool.hpp"
#include "source/picture_workers.hpp"

namespace ringcast::encode {

class PicturePool final : public source::PictureWorkers {
public:
    /// Its operations use `token`. Fails when no descriptor is available.
    [[nodiscard]] static Result<std::unique_ptr<PicturePool>>
    create(io::Engine& engine, io::OpToken token, TransformPool::ReadClock read_clock,
           TransformPool::Limits limits);
    /// Public only for `create`.
    explicit PicturePool(std::unique_ptr<TransformPool> pool) : pool_(std::move(pool)) {}

    [[nodiscard]] std::uint32_t idle() const noexcept override {
        return static_cast<std::uint32_t>(pool_->free_workers());
    }
    [[nodiscard]] bool begin(const source::PictureTask& task) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override {
        answers_ = pool_->on_completion(completion);
    }
    [[nodiscard]] std::optional<source::PictureAnswer> next_answer() noexcept override;
    void stop() noexcept override { pool_->stop(); }
    [[nodiscard]] bool stopped() const noexcept override { return pool_->stopped(); }

private:
    std::unique_ptr<TransformPool> pool_;
    std::span<const TransformPool::Answer> answers_; ///< that were not taken yet
};

} // namespace ringcast::encode
