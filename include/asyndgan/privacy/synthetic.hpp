// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <utility>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::privacy {

/// Images that a generator drew. Made by running one and in no other way, so a real image
/// cannot pass for a synthetic one by a slip. A layer on its own may hand its input on, so it
/// does not do.
///
/// Shapes  (N, C, H, W)
template <std::floating_point T, Device D = Cpu>
class Synthetic {
 public:
  /// G(condition); `saved` is for the backward pass. Throws what forward() throws.
  template <networks::Generator G>
  [[nodiscard]] static Synthetic by(G& generator, Tensor<T, D> condition, typename G::Saved& saved,
                                    const layers::Pass& pass = {}) {
    return Synthetic(generator.forward(std::move(condition), saved, pass));
  }

  [[nodiscard]] const Tensor<T, D>& images() const& { return images_; }
  [[nodiscard]] Tensor<T, D> images() && { return std::move(images_); }

 private:
  explicit Synthetic(Tensor<T, D> images) : images_(std::move(images)) {}

  Tensor<T, D> images_;
};

}  // namespace asyndgan::privacy
