// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <sstream>
#include <string>
#include <variant>

#include "asyndgan/core/error.hpp"
#include "asyndgan/privacy/sanitizer.hpp"

namespace asyndgan::privacy {

namespace detail {
/// Calls f(values of one sample) for every sample of `tensor`.
template <class F>
void for_each_sample(HostTensor& tensor, const F& f) {
  std::visit(
      [&f](auto& held) {
        const std::size_t size = held.shape().image();
        for (int n = 0; n < held.shape().n; ++n) {
          f(held.values().subspan(static_cast<std::size_t>(n) * size, size));
        }
      },
      tensor.storage());
}

template <class T>
void clip_to_norm(std::span<T> sample, double norm) {
  double squares = 0;
  for (const T value : sample) squares += static_cast<double>(value) * static_cast<double>(value);
  if (squares <= norm * norm) return;
  const double factor = norm / std::sqrt(squares);
  for (T& value : sample) value = static_cast<T>(static_cast<double>(value) * factor);
}

/// "clip_norm(0.5)"
[[nodiscard]] inline std::string call_text(const char* name, std::initializer_list<double> values) {
  std::ostringstream text;
  text << name << '(';
  const char* separator = "";
  for (const double value : values) {
    text << separator << value;
    separator = ", ";
  }
  text << ')';
  return text.str();
}
}  // namespace detail

/// Scales every sample's gradient down to an L2 norm of at most `norm`. It bounds the weight of
/// one sample; it hides no sign.
class ClipNorm {
 public:
  /// Throws ContractViolation unless norm > 0.
  explicit ClipNorm(double norm) : norm_(norm) {
    if (!(norm > 0)) throw ContractViolation("ClipNorm: norm must be above 0");
  }

  void sanitize(HostTensor& d_fake, const random::Key&) const {
    detail::for_each_sample(d_fake, [this](auto sample) { detail::clip_to_norm(sample, norm_); });
  }
  [[nodiscard]] bool accepts(Reveals) const { return true; }
  [[nodiscard]] std::string describe() const { return detail::call_text("clip_norm", {norm_}); }

 private:
  double norm_;
};
static_assert(Sanitizer<ClipNorm>);

}  // namespace asyndgan::privacy
