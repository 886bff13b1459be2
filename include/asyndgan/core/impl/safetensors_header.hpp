// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/safetensors.hpp"

namespace asyndgan::safetensors::detail {

/// One array as the header describes it; nothing is checked against anything yet.
struct Described {
  std::string name;
  std::optional<std::string> dtype;
  std::optional<std::vector<std::uint64_t>> shape;
  std::optional<std::vector<std::uint64_t>> offsets;
};

/// Receives the events of a JSON parser and accepts exactly the grammar of a header:
/// {"__metadata__": {text: text}, name: {"dtype": text, "shape": [...], "data_offsets": [...]}}.
/// Anything else, a duplicate key included, stops the parser at once, so a hostile header costs
/// no more than its own length.
class HeaderEvents {
 public:
  using Json = nlohmann::json;

  std::vector<Described> arrays;
  Metadata metadata;
  std::string problem;  // why parsing stopped

  bool null() { return refuse("a null"); }
  bool boolean(bool) { return refuse("a truth value"); }
  bool number_integer(Json::number_integer_t) { return refuse("a negative number"); }
  bool number_float(Json::number_float_t, const std::string&) { return refuse("a fraction"); }
  bool binary(Json::binary_t&) { return refuse("binary data"); }

  bool number_unsigned(Json::number_unsigned_t value) {
    if (numbers_ == nullptr) return refuse("a number");
    numbers_->push_back(value);
    return true;
  }

  bool string(std::string& value) {
    if (depth_ == 2 && in_metadata_) {
      if (!metadata.emplace(key_, value).second) return duplicate("metadata key", key_);
      return true;
    }
    if (depth_ == 2 && key_ == "dtype" && numbers_ == nullptr) {
      if (arrays.back().dtype) return duplicate("key", "dtype");
      arrays.back().dtype = std::move(value);
      return true;
    }
    return refuse("a text");
  }

  bool start_object(std::size_t) {
    if (depth_ == 0) {
      ++depth_;
      return true;
    }
    if (depth_ != 1) return refuse("an object");
    ++depth_;
    in_metadata_ = key_ == "__metadata__";
    if (in_metadata_) {
      if (std::exchange(seen_metadata_, true)) return duplicate("key", key_);
    } else {
      arrays.push_back({key_, {}, {}, {}});
    }
    return true;
  }
  bool end_object() {
    --depth_;
    key_.clear();
    return true;
  }

  bool start_array(std::size_t) {
    if (depth_ != 2 || in_metadata_ || numbers_ != nullptr) return refuse("a list");
    auto& array = arrays.back();
    auto& target = key_ == "shape" ? array.shape : array.offsets;
    if (key_ != "shape" && key_ != "data_offsets") return refuse("a list");
    if (target) return duplicate("key", key_);
    numbers_ = &target.emplace();
    return true;
  }
  bool end_array() {
    numbers_ = nullptr;
    return true;
  }

  bool key(std::string& value) {
    key_ = std::move(value);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
    problem = "the header is not JSON at its byte " + std::to_string(position);
    return false;
  }

 private:
  bool refuse(const char* what) {
    problem = std::string("the header has ") + what + " where none belongs, near key '" + key_ +
              "'" + (depth_ == 2 && !in_metadata_ ? " of '" + arrays.back().name + "'" : "");
    return false;
  }
  bool duplicate(const char* what, const std::string& name) {
    problem = std::string("the header has ") + what + " '" + name + "' twice";
    return false;
  }

  std::string key_;
  int depth_ = 0;  // open objects
  bool in_metadata_ = false;
  bool seen_metadata_ = false;
  std::vector<std::uint64_t>* numbers_ = nullptr;  // the open list
};

}  // namespace asyndgan::safetensors::detail
