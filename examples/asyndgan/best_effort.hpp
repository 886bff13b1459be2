// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "console.hpp"

namespace asyndgan::program {

/// Writes that a run can do without for a while, as where a disk is full. The first that fails is
/// told, and the first that works again.
class BestEffort {
 public:
  /// `what` is written, for people: "checkpoints".
  explicit BestEffort(std::string what) : what_(std::move(what)) {}

  /// Whether `write` worked; it fails by a WriteError.
  template <class Write>
  bool operator()(const Voice& voice, const Write& write) {
    try {
      write();
    } catch (const WriteError& error) {
      if (!std::exchange(failing_, true)) {
        voice.say(std::string(error.what()) + "; the run goes on, and " + what_ +
                  " are tried again in their turn");
      }
      return false;
    }
    if (std::exchange(failing_, false)) voice.say(what_ + " can be written again");
    return true;
  }

 private:
  std::string what_;
  bool failing_ = false;
};

}  // namespace asyndgan::program
