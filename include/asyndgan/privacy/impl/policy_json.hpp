// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of privacy/policy_json.hpp.

#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/privacy/policy_json.hpp"

namespace asyndgan::privacy {

namespace detail {

/// Reads one key of a policy after another and remembers which there are.
class PolicyFields {
 public:
  explicit PolicyFields(const nlohmann::json& json) : json_(json) {
    if (!json.is_object()) fail("", "an object");
  }

  void read(const char* key, bool& value) {
    if (const auto* found = find(key)) {
      if (!found->is_boolean()) fail(key, "true or false");
      value = found->get<bool>();
    }
  }

  template <std::unsigned_integral U>
  void read(const char* key, U& value, std::uint64_t low) {
    if (const auto* found = find(key)) {
      const std::uint64_t high = std::numeric_limits<U>::max();
      const auto text = std::to_string(low) + " to " + std::to_string(high);
      if (!found->is_number_unsigned()) fail(key, "a whole number from " + text);
      const auto number = found->get<std::uint64_t>();
      if (number < low || number > high) fail(key, "a whole number from " + text);
      value = static_cast<U>(number);
    }
  }

  void read(const char* key, MaskRelease& value) {
    if (const auto* found = find(key)) {
      for (const auto release :
           {MaskRelease::as_they_are, MaskRelease::augmented, MaskRelease::none}) {
        if (*found == to_string(release)) {
          value = release;
          return;
        }
      }
      fail(key, "\"as_they_are\", \"augmented\" or \"none\"");
    }
  }

  /// A key that was not read is a slip, and a slip here could let something leave.
  void require_no_other() const {
    for (const auto& [key, value] : json_.items()) {
      if (known_.find(" " + key + ",") == std::string::npos) {
        throw ConfigError("privacy: unknown key \"" + key + "\"; there are" +
                          known_.substr(0, known_.size() - 1));
      }
    }
  }

 private:
  [[nodiscard]] const nlohmann::json* find(const char* key) {
    known_ += std::string(" ") + key + ",";
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }

  [[noreturn]] void fail(const std::string& key, const std::string& expected) const {
    throw ConfigError("privacy" + (key.empty() ? "" : "." + key) + " is " +
                      (key.empty() ? json_ : json_.at(key)).dump(-1, ' ', false, kReplace) +
                      ", expected " + expected);
  }

  static constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  const nlohmann::json& json_;
  std::string known_;
};

}  // namespace detail

ASYNDGAN_INLINE SitePolicy policy_from_json(const nlohmann::json& json) {
  SitePolicy policy;
  detail::PolicyFields fields(json);
  fields.read("label_maps", policy.label_maps);
  fields.read("minimum_batch", policy.minimum_batch, 1);
  fields.read("allow_site_statistics", policy.allow_site_statistics);
  fields.read("allow_gradients_that_reveal_images", policy.allow_gradients_that_reveal_images);
  fields.read("allow_sample_count", policy.allow_sample_count);
  fields.read("queries_per_sample", policy.queries_per_sample, 0);
  fields.read("queries_per_site", policy.queries_per_site, 0);
  fields.require_no_other();
  return policy;
}

ASYNDGAN_INLINE nlohmann::ordered_json policy_to_json(const SitePolicy& policy) {
  return {{"label_maps", to_string(policy.label_maps)},
          {"minimum_batch", policy.minimum_batch},
          {"allow_site_statistics", policy.allow_site_statistics},
          {"allow_gradients_that_reveal_images", policy.allow_gradients_that_reveal_images},
          {"allow_sample_count", policy.allow_sample_count},
          {"queries_per_sample", policy.queries_per_sample},
          {"queries_per_site", policy.queries_per_site}};
}

}  // namespace asyndgan::privacy
