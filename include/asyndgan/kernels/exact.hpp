// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

namespace asyndgan::kernels {

namespace detail {
inline std::atomic<bool> exact_convolutions{false};
}

/// Whether every convolution is computed by the products of its definition. Otherwise a device may
/// take an algorithm of fewer products where it has a faster one; its results differ from the
/// definition's by at most 1e-5 (root mean square, relative).
[[nodiscard]] inline bool exact_convolutions() { return detail::exact_convolutions; }

/// For the whole program. Requires  that no kernel is running.
inline void set_exact_convolutions(bool exact) { detail::exact_convolutions = exact; }

}  // namespace asyndgan::kernels
