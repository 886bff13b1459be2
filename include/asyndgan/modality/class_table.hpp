// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/data/raw_mask.hpp"

namespace asyndgan::modality {

/// A class, and the label values that mean it in a file.
struct NamedClass {
  std::string name;
  std::vector<std::uint16_t> values;
};

/// Turns label values into classes, class 0 first. Throws ContractViolation on construction
/// unless there are 2 to 256 classes, each has a name of its own, and no value means two of them.
class ClassTable {
 public:
  explicit ClassTable(std::vector<NamedClass> classes) : classes_(std::move(classes)) {
    if (classes_.size() < 2 || classes_.size() > 256) {
      throw ContractViolation("ClassTable: " + std::to_string(classes_.size()) +
                              " classes, expected 2 to 256");
    }
    std::map<std::string, std::size_t> named;
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      if (const auto [other, added] = named.emplace(classes_[i].name, i); !added) {
        throw ContractViolation("ClassTable: classes " + std::to_string(other->second) + " and " +
                                std::to_string(i) + " are both named '" + classes_[i].name + "'");
      }
      for (const std::uint16_t value : classes_[i].values) {
        if (!index_.emplace(value, static_cast<std::uint8_t>(i)).second) {
          throw ContractViolation("ClassTable: value " + std::to_string(value) +
                                  " is in two classes, the second is '" + classes_[i].name + "'");
        }
      }
    }
  }

  /// Values 0, 1, 2, ... in the order of the names.
  [[nodiscard]] static ClassTable in_order(const std::vector<std::string>& names) {
    std::vector<NamedClass> classes;
    classes.reserve(names.size());
    for (const std::string& name : names) {
      classes.push_back({name, {static_cast<std::uint16_t>(classes.size())}});
    }
    return ClassTable(std::move(classes));
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const NamedClass& one : classes_) names.push_back(one.name);
    return names;
  }

  /// Throws DataError with the first value that is no class, its place and those that are.
  [[nodiscard]] LabelMap classify(const data::RawMask& mask) const {
    LabelMap map(1, mask.height, mask.width);
    for (std::size_t i = 0; i < mask.values.size(); ++i) {
      const auto found = index_.find(mask.values[i]);
      if (found == index_.end()) fail(mask, i);
      map.labels[i] = found->second;
    }
    return map;
  }

 private:
  [[noreturn]] void fail(const data::RawMask& mask, std::size_t offset) const {
    std::string known;
    for (const NamedClass& one : classes_) {
      for (const std::uint16_t value : one.values) {
        known += (known.empty() ? "" : ", ") + std::to_string(value) + " " + one.name;
      }
    }
    const auto width = static_cast<std::size_t>(mask.width);
    throw DataError("label " + std::to_string(mask.values[offset]) + " at row " +
                    std::to_string(offset / width) + ", column " + std::to_string(offset % width) +
                    " is no class, expected " + known);
  }

  std::vector<NamedClass> classes_;
  std::map<std::uint16_t, std::uint8_t> index_;
};

}  // namespace asyndgan::modality
