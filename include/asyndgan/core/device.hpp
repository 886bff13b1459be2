// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>

namespace asyndgan {

/// Where tensors live and kernels run. Kernels are chosen by partial specialisation on the
/// device (`kernels::Conv2dKernel<T, D>`); this concept is the memory they work on.
///
/// Requires  sizes in bytes; source and destination of a copy do not overlap.
/// Ensures   allocate() returns storage aligned to kAlignment; the copies have happened when
///           the call returns; zero() sets every byte to 0.
/// Errors    allocate() throws std::bad_alloc, or DeviceError with the vendor's code.
/// Threads   every function may be called from several threads at once.
///
/// Models    Cpu. docs/extending.md shows how to add one.
template <class D>
concept Device = requires(void* to, const void* from, std::size_t bytes) {
  { D::kAlignment } -> std::convertible_to<std::size_t>;
  { D::allocate(bytes) } -> std::same_as<void*>;
  { D::deallocate(to, bytes) }
  noexcept;
  {D::zero(to, bytes)};
  {D::copy(to, from, bytes)};            // device to device
  {D::copy_from_host(to, from, bytes)};  // host to device
  {D::copy_to_host(to, from, bytes)};    // device to host
};

}  // namespace asyndgan
