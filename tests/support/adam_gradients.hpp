// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/optim/adam.hpp"

namespace asyndgan::test {

/// The gradients of each step of an optimiser, which gives them back itself: out of its running
/// mean, m_t = beta1 m_(t-1) + (1 - beta1) g_t.
template <std::floating_point T>
class AdamGradients {
 public:
  struct Gradient {
    std::string name;
    Tensor<T> values;
  };

  /// `records` are what the optimiser collected, which lives on, among others under `prefix`.
  explicit AdamGradients(const State<T>& records, const std::string& prefix = "",
                         double beta1 = 0.5)
      : beta1_(beta1) {
    const std::string suffix = ".exp_avg";
    for (const auto& [name, tensor] : records.buffers) {
      if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
      means_.push_back({name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()),
                        tensor, Tensor<T>(tensor->shape())});
    }
  }
  explicit AdamGradients(optim::Adam<T>& adam)
      : AdamGradients(records_of(adam), "", adam.options().beta1) {}

  /// Of the step since the last call.
  [[nodiscard]] std::vector<Gradient> next() {
    std::vector<Gradient> gradients;
    for (Mean& mean : means_) {
      Tensor<T> g(mean.now->shape());
      for (std::size_t i = 0; i < g.size(); ++i) {
        g.data()[i] =
            static_cast<T>((mean.now->data()[i] - beta1_ * mean.before.data()[i]) / (1 - beta1_));
      }
      gradients.push_back({mean.name, std::move(g)});
      mean.before = *mean.now;
    }
    return gradients;
  }

 private:
  struct Mean {
    std::string name;
    const Tensor<T>* now;
    Tensor<T> before;
  };

  static State<T> records_of(optim::Adam<T>& adam) {
    State<T> records;
    adam.collect("", records);
    return records;
  }

  double beta1_;
  std::vector<Mean> means_;
};

}  // namespace asyndgan::test
