// SPDX-License-Identifier: Apache-2.0
//
// A site that is let in and dropped at once, over and over: as by a firewall that passes few bytes.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/privacy/release.hpp"
#include "asyndgan/privacy/synthetic.hpp"
#include "asyndgan/protocol/codec.hpp"
#include "asyndgan/transport/tcp.hpp"
#include "consortium.hpp"
#include "support/raw_socket.hpp"

namespace asyndgan::program {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::Consortium;
using test::contents;

constexpr protocol::RunId kRun = 9;
constexpr int kBatch = 2;

/// A centre that lets site north in as often as it comes, and does little else.
class DroppingCentre {
 public:
  explicit DroppingCentre(std::uint16_t port)
      : link_(transport::Tcp::listen({.port = port, .sites = {"north"}})) {}

  /// Takes the site in, up to its first label maps.
  void let_in() {
    (void)hear();  // its greeting
    send(protocol::Welcome{
        .rank = 1, .steps = 1000, .batch = kBatch, .largest_batch = kBatch, .every_step = false});
    (void)hear();  // its label maps
  }
  /// Has it take its part in a step.
  void step(std::uint64_t step) {
    using G = networks::ResnetGenerator<float>;
    G generator({.in_channels = 1, .out_channels = 1, .base_channels = 1, .blocks = 1});
    G::Saved saved;
    auto fakes = privacy::Synthetic<float>::by(
        generator, Tensor<float>({kBatch, 1, test::kHeight, test::kWidth}), saved);
    send(protocol::Fakes{.step = step,
                         .images = privacy::Release::synthetic(std::move(fakes)),
                         .next_step = step + 1,
                         .next_batch = kBatch});
    (void)hear();  // its gradient
  }
  /// A newer connection takes the site's place, and ends itself.
  void drop() const {
    const auto other = asyndgan::test::RawSocket::connect(link_.port());
    other.write("ADGT\x01\0\x05\0\0\0\0\0north"s);
    (void)other.read(10s, 12);  // it is in
  }

 private:
  std::vector<std::byte> hear() {
    for (;;) {
      auto arrival = link_.receive_any(60s);
      if (!arrival.gone()) return std::move(arrival.message);
    }
  }
  template <class Message>
  void send(const Message& message) {
    link_.send(1, protocol::encode(message, kRun));
  }

  transport::Tcp link_;
};

/// The pauses that a site says it makes, in milliseconds.
std::vector<int> pauses(const std::string& said) {
  constexpr std::string_view kBefore = "trying again in ";
  std::vector<int> found;
  for (auto at = said.find(kBefore); at != std::string::npos; at = said.find(kBefore, at + 1)) {
    found.push_back(std::stoi(said.substr(at + kBefore.size())));
  }
  return found;
}

TEST_CASE("A site that is dropped as soon as it is in backs off until it has done a step",
          "[program]") {
  Consortium consortium("tcp", 1000, {"north"});
  const int port = test::free_port();
  consortium.set("network.port=" + std::to_string(port));
  consortium.set("network.heartbeat=1");  // pauses from 40 ms to 1 s
  DroppingCentre centre(static_cast<std::uint16_t>(port));
  const auto site = consortium.site("north", "run");
  for (int i = 0; i < 5; ++i) {
    centre.let_in();
    centre.drop();
  }
  centre.let_in();
  centre.step(0);
  centre.drop();
  centre.let_in();
  const auto made = pauses(contents(consortium.path() / "log-north" / "stderr"));
  REQUIRE(made.size() == 6);
  for (std::size_t i = 0; i < 5; ++i) {
    const int bound = 40 << i;
    CAPTURE(i, bound);
    CHECK(made[i] <= bound);
    CHECK(made[i] >= bound / 2 - 20);  // told in whole milliseconds, and some have passed
  }
  CHECK(made[5] <= 40);
}

}  // namespace
}  // namespace asyndgan::program
