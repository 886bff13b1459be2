// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/group.hpp"

namespace asyndgan::transport {

/// A Group of threads of one process.
///
///   auto ranks = InProcessGroup::make(2);  // one for each thread
class InProcessGroup final : public Group {
 public:
  /// Throws ContractViolation unless size >= 1.
  [[nodiscard]] static std::vector<std::shared_ptr<Group>> make(int size) {
    if (size < 1) throw ContractViolation("InProcessGroup: a group has at least one rank");
    const auto room = std::make_shared<Room>();
    room->given.resize(static_cast<std::size_t>(size));
    std::vector<std::shared_ptr<Group>> ranks;
    ranks.reserve(room->given.size());
    for (int rank = 0; rank < size; ++rank) {
      ranks.push_back(std::shared_ptr<Group>(new InProcessGroup(room, rank)));
    }
    return ranks;
  }
  InProcessGroup(const InProcessGroup&) = delete;
  InProcessGroup& operator=(const InProcessGroup&) = delete;
  ~InProcessGroup() override { leave("it has ended"); }

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return static_cast<int>(room_->given.size()); }

  [[nodiscard]] std::vector<std::vector<std::byte>> gather(
      std::span<const std::byte> own) override {
    room_->given[static_cast<std::size_t>(rank_)].assign(own.begin(), own.end());
    meet();
    auto all = room_->given;
    meet();  // nobody writes before all have read
    return all;
  }

  void sum(std::span<double> values) override {
    const auto all = gather(std::as_bytes(values));
    for (const auto& part : all) {
      if (part.size() != values.size_bytes()) {
        throw ContractViolation("InProcessGroup: sums of different lengths");
      }
    }
    if (values.empty()) return;  // which memcpy() may not be given
    std::vector<double> part(values.size());
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      std::memcpy(part.data(), all[rank].data(), values.size_bytes());
      for (std::size_t i = 0; i < part.size(); ++i) {
        values[i] = rank == 0 ? part[i] : values[i] + part[i];
      }
    }
  }

  void leave(const std::string& reason) noexcept override {
    const std::lock_guard lock(room_->mutex);
    if (!room_->over.empty()) return;
    room_->over = has_left(rank_, reason);
    room_->changed.notify_all();
  }

 private:
  struct Room {
    std::mutex mutex;  // of what is below `given`
    std::condition_variable changed;
    std::vector<std::vector<std::byte>> given;  // by rank; between two meetings each writes its own
    int arrived = 0;                            // at the next meeting
    std::uint64_t meetings = 0;
    std::string over = {};  // why no meeting follows
  };

  InProcessGroup(std::shared_ptr<Room> room, int rank) : room_(std::move(room)), rank_(rank) {}

  /// Returns once all ranks are here.
  void meet() {
    std::unique_lock lock(room_->mutex);
    if (room_->over.empty() && ++room_->arrived == size()) {
      room_->arrived = 0;
      ++room_->meetings;
      room_->changed.notify_all();
      return;
    }
    const std::uint64_t before = room_->meetings;
    room_->changed.wait(lock, [&] { return room_->meetings != before || !room_->over.empty(); });
    if (room_->meetings == before) throw TransportError(room_->over);
  }

  std::shared_ptr<Room> room_;
  int rank_;
};

}  // namespace asyndgan::transport
