// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::privacy {

/// A tensor of either precision in host memory: what passes between code that is templated on
/// (T, D) and code that is not. Tensors on the CPU move in and out without a copy.
class HostTensor {
 public:
  using Storage = std::variant<Tensor<float>, Tensor<double>>;

  HostTensor() = default;

  template <std::floating_point T, Device D>
  explicit HostTensor(Tensor<T, D> tensor) : storage_(to_cpu(std::move(tensor))) {}

  [[nodiscard]] Shape shape() const {
    return std::visit([](const auto& tensor) { return tensor.shape(); }, storage_);
  }
  template <std::floating_point T>
  [[nodiscard]] bool holds() const {
    return std::holds_alternative<Tensor<T>>(storage_);
  }
  [[nodiscard]] const char* precision() const { return holds<float>() ? "float32" : "float64"; }

  [[nodiscard]] const Storage& storage() const { return storage_; }
  [[nodiscard]] Storage& storage() { return storage_; }

  /// The tensor on device D. Throws ProtocolError if it has the other precision: a peer was
  /// configured differently, and converting would hide it.
  template <std::floating_point T, Device D = Cpu>
  [[nodiscard]] Tensor<T, D> to() && {
    if (!holds<T>()) {
      throw ProtocolError(std::string("tensor is ") + precision() + ", expected " +
                          (std::is_same_v<T, float> ? "float32" : "float64"));
    }
    auto& tensor = std::get<Tensor<T>>(storage_);
    if constexpr (std::same_as<D, Cpu>) {
      return std::move(tensor);
    } else {
      return Tensor<T, D>::from_host(tensor.shape(), tensor.values());
    }
  }
  template <std::floating_point T, Device D = Cpu>
  [[nodiscard]] Tensor<T, D> to() const& {
    return HostTensor(*this).to<T, D>();
  }

 private:
  template <std::floating_point T, Device D>
  [[nodiscard]] static Storage to_cpu(Tensor<T, D> tensor) {
    if constexpr (std::same_as<D, Cpu>) {
      return Storage(std::move(tensor));
    } else {
      const auto values = tensor.to_host();
      return Storage(Tensor<T>::from_host(tensor.shape(), values));
    }
  }

  Storage storage_;
};

}  // namespace asyndgan::privacy
