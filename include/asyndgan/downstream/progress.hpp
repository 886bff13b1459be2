// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace asyndgan::downstream {

/// Hears how many of all parts of a task are done. Called on the thread that does the task;
/// what it throws ends the task. May be empty.
using ProgressCallback = std::function<void(int done, int all)>;

}  // namespace asyndgan::downstream
