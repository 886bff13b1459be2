// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/privacy/release.hpp"
#include "asyndgan/privacy/sanitizers/pass_through.hpp"
#include "asyndgan/protocol/codec.hpp"
#include "asyndgan/protocol/site_outbox.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::test {

/// A generator that draws what it is given: the way for tests to have synthetic images.
template <class T>
struct Echo {
  using Scalar = T;
  using Place = Cpu;
  struct Saved {};
  struct Options {};
  explicit Echo(const Options& = {}) {}
  [[nodiscard]] Options options() const { return {}; }
  [[nodiscard]] std::string describe() const { return "echo"; }
  Shape output_shape(const Shape& input) const { return input; }
  Tensor<T> forward(Tensor<T> x, Saved&, const layers::Pass& = {}) { return x; }
  Tensor<T> backward(const Tensor<T>& d_output, const Saved&,
                     layers::Wanted = layers::Wanted::all) {
    return d_output;
  }
  void collect(const std::string&, State<T>&) {}
};

/// One message of every kind, with odd extents and all that can ride along.
struct Samples {
  template <class T>
  static privacy::Shareable<privacy::HostTensor> synthetic(Tensor<T> images) {
    Echo<T> generator;
    typename Echo<T>::Saved saved;
    return privacy::Release::synthetic(
        privacy::Synthetic<T>::by(generator, std::move(images), saved));
  }

  static LabelMap label_map(int n = 3, int h = 5, int w = 7, int classes = 4) {
    LabelMap map(n, h, w);
    for (std::size_t i = 0; i < map.labels.size(); ++i) {
      map.labels[i] = static_cast<std::uint8_t>((i / 5) % static_cast<std::size_t>(classes));
    }
    return map;
  }

  static privacy::Release release() { return {privacy::SitePolicy{}, /*secret=*/17}; }

  static protocol::Hello hello() {
    return {"St. Mary's, Zürich",
            release().facts({.samples = 1234,
                             .channels = {"t1", "t2", "flair"},
                             .available = 0b101,
                             .classes = 9,
                             .height = 64,
                             .width = 48}),
            {{40, 50}, {60, 60}}};
  }
  static protocol::Welcome welcome() {
    return {.rank = 2,
            .first_step = 100,
            .steps = 5000,
            .batch = 3,
            .largest_batch = 4,
            .discriminator_steps = 3,
            .fresh_fakes = true,
            .gradient_encoding = protocol::encodings::TopK::kCode,
            .gradient_share = 0.25};
  }
  static protocol::Masks masks() {
    return {5, release().label_maps(privacy::Private(label_map()), 5)};
  }
  static protocol::Fakes fakes() {
    return {.step = 6,
            .ask = protocol::Ask::both,
            .images = synthetic(uniform<float>({2, 3, 5, 7}, 1)),
            .next_step = 9,
            .next_batch = 3};
  }
  static protocol::Gradient gradient() {
    privacy::LossAverage average;
    average.add(
        {.discriminator_real = 0.25, .discriminator_fake = 0.5, .generator = -3, .samples = 8});
    return {7,
            release().gradient(privacy::SiteGradient<float>{uniform<float>({2, 1, 5, 7}, 2),
                                                            privacy::Reveals::discriminator_only},
                               privacy::PassThrough{}, 7),
            release().losses(average), release().label_maps(privacy::Private(label_map()), 8)};
  }
  static protocol::Refusal refusal() { return {8, "the query budget is spent"}; }
  static protocol::Goodbye goodbye() { return {"disk full at the site"}; }

  template <protocol::AnyMessage M>
  static std::vector<std::byte> frame(const M& message, protocol::RunId run,
                                      const protocol::EncodeOptions& options = {}) {
    if constexpr (protocol::CentralMessage<M>) {
      return protocol::encode(message, run, options);
    } else {
      privacy::EgressLedger ledger;
      return protocol::SiteOutbox(ledger, "central", options).encode(message, run);
    }
  }

  /// A frame of every kind.
  static std::vector<std::vector<std::byte>> frames(protocol::RunId run) {
    return {frame(hello(), run),  frame(welcome(), run),  frame(masks(), run),
            frame(fakes(), run),  frame(gradient(), run), frame(refusal(), run),
            frame(goodbye(), run)};
  }

  static std::string hex(const std::vector<std::byte>& bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
      text += kDigits[static_cast<unsigned>(byte) >> 4];
      text += kDigits[static_cast<unsigned>(byte) & 0xF];
    }
    return text;
  }
};

}  // namespace asyndgan::test
