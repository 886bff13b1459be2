// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace asyndgan::transport {

/// Processes that work as one, of the ranks 0 to size() - 1: what each gives to a call, all get.
///
/// Requires  all make the same calls in the same order.
/// Ensures   all get the same bits. Sums are added up in the order of the ranks.
/// Errors    TransportError with the reason once one has left or is gone, at this call and every
///           later one. ContractViolation where sums differ in length.
/// Threads   one.
///
/// Models    Alone, a rank of an InProcessGroup, mpi_group().
class Group {
 public:
  virtual ~Group() = default;

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// What every one gave, by rank.
  [[nodiscard]] virtual std::vector<std::vector<std::byte>> gather(
      std::span<const std::byte> own) = 0;

  /// Puts the sum over all ranks in the place of what each gave.
  virtual void sum(std::span<double> values) = 0;

  /// This one makes no more calls, and the others learn why at their next. Returns once they know,
  /// at once where somebody has left already. Who is destroyed has left.
  virtual void leave(const std::string& reason) noexcept = 0;
};

/// The group of one.
class Alone final : public Group {
 public:
  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] int size() const override { return 1; }
  [[nodiscard]] std::vector<std::vector<std::byte>> gather(
      std::span<const std::byte> own) override {
    return {std::vector<std::byte>(own.begin(), own.end())};
  }
  void sum(std::span<double> /*values*/) override {}
  void leave(const std::string& /*reason*/) noexcept override {}
};

/// For the error that the others get.
[[nodiscard]] inline std::string has_left(int rank, const std::string& reason) {
  return "the process of rank " + std::to_string(rank) + " has left: " + reason;
}

}  // namespace asyndgan::transport
