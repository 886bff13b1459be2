// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "asyndgan/core/cpu.hpp"
#include "asyndgan/core/device.hpp"
#include "asyndgan/core/error.hpp"
#include "asyndgan/core/shape.hpp"

namespace asyndgan {

/// A dense 4-D array in NCHW order that owns its memory on device D. A regular value: a copy
/// is a deep copy, a moved-from tensor is empty.
template <std::floating_point T, Device D = Cpu>
class Tensor {
 public:
  using Scalar = T;

  Tensor() = default;

  /// All elements 0. Throws ShapeError on a negative extent.
  explicit Tensor(const Shape& shape) : Tensor(uninitialized(shape)) { zero(); }

  /// For outputs of which a kernel writes every element.
  [[nodiscard]] static Tensor uninitialized(const Shape& shape) {
    if (shape.n < 0 || shape.c < 0 || shape.h < 0 || shape.w < 0) {
      throw ShapeError("Tensor: negative extent in " + to_string(shape));
    }
    Tensor tensor;
    tensor.shape_ = shape;
    if (shape.size() > 0) tensor.data_ = static_cast<T*>(D::allocate(tensor.bytes()));
    return tensor;
  }

  /// Copies `values`, in NCHW order, to the device.
  [[nodiscard]] static Tensor from_host(const Shape& shape, std::span<const T> values) {
    Tensor tensor = uninitialized(shape);
    if (values.size() != tensor.size()) {
      throw ShapeError("Tensor: " + std::to_string(values.size()) + " values for shape " +
                       to_string(shape));
    }
    if (!values.empty()) D::copy_from_host(tensor.data_, values.data(), tensor.bytes());
    return tensor;
  }

  Tensor(const Tensor& other) : Tensor(uninitialized(other.shape_)) {
    if (data_) D::copy(data_, other.data_, bytes());
  }
  Tensor(Tensor&& other) noexcept
      : shape_(std::exchange(other.shape_, {})), data_(std::exchange(other.data_, nullptr)) {}
  Tensor& operator=(Tensor other) noexcept {
    std::swap(shape_, other.shape_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Tensor() {
    if (data_) D::deallocate(data_, bytes());
  }

  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::size_t size() const { return shape_.size(); }
  [[nodiscard]] std::size_t bytes() const { return size() * sizeof(T); }
  [[nodiscard]] bool empty() const { return size() == 0; }

  /// Device memory, NCHW.
  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }

  void zero() {
    if (data_) D::zero(data_, bytes());
  }

  [[nodiscard]] std::vector<T> to_host() const {
    std::vector<T> values(size());
    if (data_) D::copy_to_host(values.data(), data_, bytes());
    return values;
  }

  /// Elements in place, where the device is the host.
  [[nodiscard]] std::span<T> values() requires std::same_as<D, Cpu> { return {data_, size()}; }
  [[nodiscard]] std::span<const T> values() const requires std::same_as<D, Cpu> {
    return {data_, size()};
  }

  /// One element, unchecked.
  [[nodiscard]] T& operator()(int n, int c, int h, int w) requires std::same_as<D, Cpu> {
    return data_[offset(n, c, h, w)];
  }
  [[nodiscard]] const T& operator()(int n, int c, int h,
                                    int w) const requires std::same_as<D, Cpu> {
    return data_[offset(n, c, h, w)];
  }

 private:
  [[nodiscard]] std::size_t offset(int n, int c, int h, int w) const {
    const auto row = (static_cast<std::size_t>(n) * static_cast<std::size_t>(shape_.c) +
                      static_cast<std::size_t>(c)) *
                         static_cast<std::size_t>(shape_.h) +
                     static_cast<std::size_t>(h);
    return row * static_cast<std::size_t>(shape_.w) + static_cast<std::size_t>(w);
  }

  Shape shape_;
  T* data_ = nullptr;
};

/// Throws ShapeError naming `what` unless `actual` is `expected`.
inline void require_shape(const Shape& actual, const Shape& expected, const char* what) {
  if (actual != expected) {
    throw ShapeError(std::string(what) + " has shape " + to_string(actual) + ", expected " +
                     to_string(expected));
  }
}

}  // namespace asyndgan
