// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace asyndgan::privacy {

/// What was loaded at a site, and everything made of it. It converts to nothing, prints as
/// nothing, and the codec does not take it: release.hpp holds the only ways out.
///
/// at_site() is the one read access, so that searching for the name finds every place where
/// code touches private values.
template <class T>
class Private {
 public:
  explicit Private(T value) : value_(std::move(value)) {}

  [[nodiscard]] const T& at_site() const& { return value_; }
  const T& at_site() const&& = delete;  // would outlive its value

  /// What `f` makes of the value; it stays private.
  ///
  ///   const auto labels = batch.map([](const Slices& slices) { return slices.labels; });
  template <std::invocable<const T&> F>
  [[nodiscard]] auto map(F&& f) const {
    using Result = std::remove_cvref_t<std::invoke_result_t<F, const T&>>;
    return Private<Result>(std::forward<F>(f)(value_));
  }

 private:
  T value_;
};

}  // namespace asyndgan::privacy
