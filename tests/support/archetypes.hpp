// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/losses/adversarial.hpp"
#include "asyndgan/transport/transport.hpp"

/// The smallest model of each concept, to copy from when writing one's own, and one that just
/// fails, which keeps the concept honest.
namespace asyndgan::test {

/// A layers::Layer: hands its input on.
struct IdentityLayer {
  using Scalar = double;
  using Place = Cpu;
  struct Saved {};

  [[nodiscard]] Shape output_shape(const Shape& input) const { return input; }
  [[nodiscard]] Tensor<double> forward(Tensor<double> input, Saved& /*saved*/,
                                       const layers::Pass& /*pass*/ = {}) const {
    return input;
  }
  [[nodiscard]] Tensor<double> backward(const Tensor<double>& d_output, const Saved& /*saved*/,
                                        layers::Wanted /*wanted*/ = layers::Wanted::all) const {
    return d_output;
  }
  void collect(const std::string& /*prefix*/, State<double>& /*state*/) const {}
};

/// No layer: its state is its own, where the caller must own it.
struct LayerWithoutSaved {
  using Scalar = double;
  using Place = Cpu;

  [[nodiscard]] Shape output_shape(const Shape& input) const { return input; }
  [[nodiscard]] Tensor<double> forward(Tensor<double> input, const layers::Pass& /*pass*/) const {
    return input;
  }
  [[nodiscard]] Tensor<double> backward(const Tensor<double>& d_output) const { return d_output; }
  void collect(const std::string& /*prefix*/, State<double>& /*state*/) const {}
};

/// A losses::AdversarialPolicy: the critic of a Wasserstein GAN, without its penalty.
struct MeanPolicy {
  static losses::PointLoss real(double logit) { return {-logit, -1}; }
  static losses::PointLoss fake(double logit) { return {logit, 1}; }
  static losses::PointLoss generator(double logit) { return {-logit, -1}; }
};

/// No policy: it says what a logit costs, but not in which direction to go.
struct PolicyWithoutSlope {
  static double real(double logit) { return -logit; }
  static double fake(double logit) { return logit; }
  static double generator(double logit) { return -logit; }
};

/// A transport::Transport: takes every message, brings none, and is moved but not copied, as an
/// end of a connection is.
struct SilentTransport {
  SilentTransport() = default;
  SilentTransport(SilentTransport&&) = default;
  SilentTransport& operator=(SilentTransport&&) = default;

  void send(transport::Peer /*peer*/, std::span<const std::byte> message) {
    if (closed) throw TransportError("this end is closed");
    sent.emplace_back(message.begin(), message.end());
  }
  [[nodiscard]] std::vector<std::byte> receive(transport::Peer /*peer*/,
                                               std::chrono::milliseconds limit) {
    throw TransportTimeout("silent for " + std::to_string(limit.count()) + " ms");
  }
  [[nodiscard]] transport::Arrival receive_any(std::chrono::milliseconds limit) {
    throw TransportTimeout("silent for " + std::to_string(limit.count()) + " ms");
  }
  void close() { closed = true; }

  std::vector<std::vector<std::byte>> sent;
  bool closed = false;
};

/// No transport: whoever waits for a peer that hangs waits for ever.
struct TransportWithoutLimit {
  void send(transport::Peer /*peer*/, std::span<const std::byte> /*message*/) {}
  [[nodiscard]] std::vector<std::byte> receive(transport::Peer /*peer*/) { return {}; }
  [[nodiscard]] transport::Arrival receive_any() { return {}; }
  void close() {}
};

}  // namespace asyndgan::test
