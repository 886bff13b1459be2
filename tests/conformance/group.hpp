// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/group.hpp"

/// What every transport::Group keeps. In plain C++, for processes without a test framework.
namespace asyndgan::test {

/// Everything that a Group promises, to be called by all ranks at once; the last one leaves at the
/// end. Returns what did not hold.
[[nodiscard]] inline std::vector<std::string> broken_promises(transport::Group& group) {
  std::vector<std::string> broken;
  const auto expect = [&](bool holds, const std::string& what) {
    if (!holds) broken.push_back("rank " + std::to_string(group.rank()) + ": " + what);
  };
  const auto count = static_cast<std::size_t>(group.size());
  const auto rank = static_cast<std::size_t>(group.rank());

  const auto bytes_of = [](std::size_t r) { return std::vector<std::byte>(r, std::byte(r)); };
  const auto all = group.gather(bytes_of(rank));  // rank 0 gives nothing
  expect(all.size() == count, "gather() gives something for every rank");
  for (std::size_t r = 0; r < all.size(); ++r) {
    expect(all[r] == bytes_of(r), "gather() gives what each gave, by rank");
  }

  // Lengths that the ranks do not divide, and values whose sum depends on the order.
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{100'003}}) {
    const auto value = [&](std::size_t r, std::size_t i) {
      return (r % 2 == 0 ? 1 : -1) * (1e16 / static_cast<double>(r + 1)) +
             static_cast<double>(i % 97);
    };
    std::vector<double> own(length);
    std::vector<double> expected(length);
    for (std::size_t i = 0; i < length; ++i) {
      own[i] = value(rank, i);
      expected[i] = value(0, i);
      for (std::size_t r = 1; r < count; ++r) expected[i] += value(r, i);
    }
    group.sum(own);
    expect(own == expected, "sum() adds up " + std::to_string(length) + " numbers by rank");
  }

  if (count == 1) return broken;
  if (rank + 1 == count) {
    group.leave("it has had enough");
    return broken;
  }
  const std::string reason = transport::has_left(group.size() - 1, "it has had enough");
  for (int i = 0; i < 2; ++i) {
    try {
      std::vector<double> values(3);
      if (i == 0) group.sum(values);
      if (i == 1) (void)group.gather({});
      expect(false, "a call fails once one has left");
    } catch (const TransportError& error) {
      expect(error.what() == reason, "the others learn why: " + std::string(error.what()));
    }
  }
  group.leave("nobody is told");
  return broken;
}

}  // namespace asyndgan::test
