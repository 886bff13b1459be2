// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "asyndgan/core/cpu.hpp"
#include "asyndgan/core/device.hpp"

namespace asyndgan::kernels {

/// Device memory for what a forward pass remembers besides tensors: one byte an element is
/// enough to say where a ReLU was open or which pixel a pooling window took. A regular value.
template <class U, Device D = Cpu>
requires std::is_trivially_copyable_v<U>
class Buffer {
 public:
  Buffer() = default;

  /// Elements have no value yet.
  explicit Buffer(std::size_t size) : size_(size) {
    if (size > 0) data_ = static_cast<U*>(D::allocate(bytes()));
  }
  Buffer(const Buffer& other) : Buffer(other.size_) {
    if (data_) D::copy(data_, other.data_, bytes());
  }
  Buffer(Buffer&& other) noexcept
      : size_(std::exchange(other.size_, 0)), data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Buffer() {
    if (data_) D::deallocate(data_, bytes());
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return size_ * sizeof(U); }
  [[nodiscard]] U* data() { return data_; }
  [[nodiscard]] const U* data() const { return data_; }

  [[nodiscard]] std::vector<U> to_host() const {
    std::vector<U> values(size_);
    if (data_) D::copy_to_host(values.data(), data_, bytes());
    return values;
  }

 private:
  std::size_t size_ = 0;
  U* data_ = nullptr;
};

/// One byte, 0 or 1, per element of a tensor.
template <Device D = Cpu>
using Mask = Buffer<unsigned char, D>;

}  // namespace asyndgan::kernels
