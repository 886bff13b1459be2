// SPDX-License-Identifier: Apache-2.0
//
// A site that stops answering without going away: the centre waits for as long as its patience.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using namespace std::chrono_literals;
using Federation = test::Federation<float>;

Federation::Options with_patience(std::chrono::milliseconds patience) {
  auto options = Federation::defaults();
  options.sites = 3;
  options.central.steps = 4;
  options.central.patience = patience;
  return options;
}

/// Holds a site's thread until it is let go.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

TEST_CASE("A site that hangs in the middle of a run ends it when patience does, by name",
          "[integration]") {
  Federation federation(with_patience(2s));  // healthy sites answer in milliseconds
  Gate gate;
  std::vector<std::string> ends(3);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      try {
        federation.sites[i].serve({.after_step = [&](const Federation::Site& site) {
          if (i == 1 && site.step() == 2) gate.wait();
        }});
        ends[i] = "goodbye";
      } catch (const TransportError& error) {
        ends[i] = error.what();
      }
    });
  }
  std::string message;
  try {
    federation.central.admit();
    while (federation.central.step() < 4) (void)federation.central.round();
  } catch (const TransportTimeout& error) {
    message = error.what();
  }
  federation.central.leave();
  gate.open();
  for (std::thread& thread : threads) thread.join();

  CHECK(message == "site 'phantom-2': did not answer within 2000 ms");
  CHECK(federation.central.step() == 2);  // what was complete stays so
  // The others are not left waiting: they hear that the centre is gone.
  for (const std::string& end : ends) CHECK_THAT(end, Catch::Contains("the centre is gone"));
}

TEST_CASE("A site that never comes is waited for no longer than patience", "[integration]") {
  Federation federation(with_patience(60ms));
  CHECK_THROWS_AS(federation.central.admit(), TransportTimeout);
  CHECK_THROWS_WITH(federation.central.admit(), "site 1 did not come within 60 ms");
}

}  // namespace
}  // namespace asyndgan::federation
