// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/federation.hpp"

namespace asyndgan::test {

/// A site's end of a link in the hands of a test, which decides what it says.
class HandMadeSite {
 public:
  HandMadeSite(transport::InProcess link, const federation::CentralOptions& run,
               const protocol::EncodeOptions& writing = {}, const privacy::SitePolicy& policy = {})
      : run_(run),
        link_(std::move(link)),
        outbox_(ledger_, "central", writing),
        release_(policy, 1) {}

  /// Of a site that would fit.
  void greet(const std::string& name) {
    const auto number = [](int value) { return static_cast<std::uint32_t>(value); };
    send(protocol::Hello{name, release_.facts({.samples = 6,
                                               .channels = {"c0"},
                                               .available = 1,
                                               .classes = number(run_.input.classes),
                                               .height = number(run_.height),
                                               .width = number(run_.width)})});
  }
  [[nodiscard]] privacy::Shareable<LabelMap> maps() const {
    return release_.label_maps(privacy::Private(LabelMap(run_.batch, run_.height, run_.width)), 0);
  }
  [[nodiscard]] privacy::Shareable<privacy::HostTensor> gradient(Tensor<float> d_fake) const {
    return release_.gradient(
        privacy::SiteGradient<float>{std::move(d_fake), privacy::Reveals::discriminator_only},
        privacy::PassThrough{}, 0);
  }
  /// That no screening has anything against.
  [[nodiscard]] privacy::Shareable<privacy::HostTensor> gradient() const {
    Tensor<float> d_fake({run_.batch, 1, run_.height, run_.width});
    float value = 0.5F;
    for (float& each : d_fake.values()) each = value += 0.25F;
    return gradient(std::move(d_fake));
  }

  template <class Message>
  [[nodiscard]] std::vector<std::byte> frame(const Message& message) {
    return outbox_.encode(message, federation::run_id(run_));
  }
  template <class Message>
  void send(const Message& message) {
    send_frame(frame(message));
  }
  void send_frame(std::span<const std::byte> frame) { link_.send(transport::kCentral, frame); }
  [[nodiscard]] std::vector<std::byte> receive_frame() {
    return link_.receive(transport::kCentral, std::chrono::seconds(60));
  }
  [[nodiscard]] protocol::Received receive() { return protocol::decode(receive_frame(), {}); }

 private:
  federation::CentralOptions run_;
  transport::InProcess link_;
  privacy::EgressLedger ledger_;
  protocol::SiteOutbox outbox_;
  privacy::Release release_;
};

}  // namespace asyndgan::test
