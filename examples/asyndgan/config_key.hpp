// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "asyndgan/core/error.hpp"
#include "asyndgan/telemetry/text.hpp"
#include "config.hpp"
#include "nearest.hpp"
#include "problems.hpp"

/// One key of the configuration as a value: how it is called, what it means, what it takes, and
/// how it is read and written. Reading, --print-config, --keys and the documentation all come
/// from the same list of these.
namespace asyndgan::program {

using Json = nlohmann::ordered_json;

/// A key of `Target`: a RunConfig, one entry of data.sites, or a policy.
template <class Target>
struct Key {
  std::string path;      // "training.steps"
  std::string expected;  // "whole number, 1 to 10000000"
  std::string doc;
  /// Sets the member, or says what is wrong with the value that stands at `place`.
  std::function<void(Target&, const Json&, const std::string& place, Problems&)> read;
  std::function<Json(const Target&)> write;
};

template <class Enum>
using Names = std::vector<std::pair<std::string, Enum>>;

namespace detail {

/// A value as the file has it, cut to a line's length.
[[nodiscard]] inline std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

[[nodiscard]] inline std::string unknown(const std::string& place,
                                         const std::vector<std::string>& known) {
  const auto meant = nearest(place, known);
  return place + ": unknown key" + (meant ? "; did you mean " + *meant + "?" : "");
}

template <class Enum>
[[nodiscard]] std::string joined(const Names<Enum>& names) {
  std::string text;
  for (const auto& [name, value] : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text;
}

template <class Enum>
[[nodiscard]] std::optional<Enum> parse_name(const Names<Enum>& names, const Json& json) {
  for (const auto& [name, value] : names) {
    if (json.is_string() && json == name) return value;
  }
  return std::nullopt;
}

template <class Enum>
[[nodiscard]] std::string name_of(const Names<Enum>& names, Enum value) {
  for (const auto& [name, candidate] : names) {
    if (candidate == value) return name;
  }
  throw ContractViolation("configuration: an enumerator without a name");
}

}  // namespace detail

/// Keys of the file's top level except data.sites, in the documentation's order.
[[nodiscard]] const std::vector<Key<RunConfig>>& run_keys();

/// Hands every value of the object at `place` to the key of its name.
template <class Target>
void read_object(const Json& json, const std::string& place, const std::vector<Key<Target>>& keys,
                 Target& target, Problems& problems) {
  std::vector<std::string> known;
  known.reserve(keys.size());
  for (const auto& key : keys) known.push_back(place + "." + key.path);
  for (const auto& item : json.items()) {
    const std::string own = place + "." + item.key();
    const auto name = std::find(known.begin(), known.end(), own);
    if (name == known.end()) {
      auto meant = known;  // or a key of the whole run, as privacy.sanitizer is
      for (const auto& key : run_keys()) meant.push_back(key.path);
      problems.add(detail::unknown(own, meant));
    } else {
      keys[static_cast<std::size_t>(name - known.begin())].read(target, item.value(), own,
                                                                problems);
    }
  }
}

/// A member of a target, however deep. Functions, not a type of its own for each member, so that
/// all members of one type share the code that reads and writes them.
template <class Target, class Member>
struct Field {
  Member& (*of)(Target&);
  const Member& (*of_const)(const Target&);
  Member& operator()(Target& target) const { return of(target); }
  const Member& operator()(const Target& target) const { return of_const(target); }
};

/// Builds the keys of one Target.
template <class Target>
struct Keys {
  /// The member that a lambda gives of either a const or a mutable target.
  template <class Lambda>
  static auto field(Lambda) {
    using Member = std::remove_cvref_t<decltype(Lambda()(std::declval<Target&>()))>;
    return Field<Target, Member>{
        [](Target& target) -> Member& { return Lambda()(target); },
        [](const Target& target) -> const Member& { return Lambda()(target); }};
  }

  template <class T>
  static Key<Target> integer(std::string_view path, Field<Target, T> field, std::uint64_t low,
                             std::uint64_t high, std::string_view doc) {
    return plain(
        path, "whole number, " + std::to_string(low) + " to " + std::to_string(high), doc,
        [=](Target& target, const Json& json) {
          if (!json.is_number_unsigned()) return false;
          const auto value = json.get<std::uint64_t>();
          if (value < low || value > high) return false;
          field(target) = static_cast<T>(value);
          return true;
        },
        [=](const Target& target) { return Json(field(target)); });
  }

  static constexpr int kDigits = 10;  // of a bound, which is shown in full

  /// Numbers in [low, high]; with `open`, above `low`.
  static Key<Target> number(std::string_view path, Field<Target, double> field, double low,
                            double high, std::string_view doc, bool open = false) {
    return plain(
        path,
        std::string("number, ") + (open ? "above " : "") + telemetry::significant(low, kDigits) +
            " to " + telemetry::significant(high, kDigits),
        doc,
        [=](Target& target, const Json& json) {
          if (!json.is_number()) return false;
          const auto value = json.get<double>();
          if (!(value >= low && value <= high) || (open && value == low)) return false;
          field(target) = value;
          return true;
        },
        [=](const Target& target) { return Json(field(target)); });
  }

  static Key<Target> boolean(std::string_view path, Field<Target, bool> field,
                             std::string_view doc) {
    return plain(
        path, "true or false", doc,
        [=](Target& target, const Json& json) {
          if (!json.is_boolean()) return false;
          field(target) = json.get<bool>();
          return true;
        },
        [=](const Target& target) { return Json(field(target)); });
  }

  static Key<Target> text(std::string_view path, Field<Target, std::string> field,
                          std::string_view doc) {
    return plain(
        path, "text", doc,
        [=](Target& target, const Json& json) {
          if (!json.is_string()) return false;
          field(target) = json.get<std::string>();
          return true;
        },
        [=](const Target& target) { return Json(field(target)); });
  }

  static Key<Target> path(std::string_view path, Field<Target, std::filesystem::path> field,
                          std::string_view doc) {
    return plain(
        path, "path, from this file's folder", doc,
        [=](Target& target, const Json& json) {
          if (!json.is_string()) return false;
          field(target) = std::filesystem::path(json.get<std::string>());
          return true;
        },
        [=](const Target& target) { return Json(field(target).string()); });
  }

  static Key<Target> texts(std::string_view path, Field<Target, std::vector<std::string>> field,
                           std::string_view doc) {
    return plain(
        path, "list of texts", doc,
        [=](Target& target, const Json& json) {
          if (!json.is_array()) return false;
          std::vector<std::string> values;
          for (const auto& entry : json) {
            if (!entry.is_string()) return false;
            values.push_back(entry.get<std::string>());
          }
          field(target) = std::move(values);
          return true;
        },
        [=](const Target& target) { return Json(field(target)); });
  }

  /// Lists of whole numbers of 16 bits, one for each class.
  static Key<Target> value_lists(std::string_view path,
                                 Field<Target, std::vector<std::vector<std::uint16_t>>> field,
                                 std::string_view doc) {
    return plain(
        path, "list of lists of whole numbers, 0 to 65535", doc,
        [=](Target& target, const Json& json) {
          std::vector<std::vector<std::uint16_t>> lists;
          if (!json.is_array()) return false;
          for (const auto& entry : json) {
            if (!entry.is_array()) return false;
            auto& list = lists.emplace_back();
            for (const auto& value : entry) {
              if (!value.is_number_unsigned() || value > 65535) return false;
              list.push_back(value.template get<std::uint16_t>());
            }
          }
          field(target) = std::move(lists);
          return true;
        },
        [=](const Target& target) { return Json(field(target)); });
  }

  template <class Enum>
  static Key<Target> choice(std::string_view path, Field<Target, Enum> field, Names<Enum> names,
                            std::string_view doc) {
    return plain(
        path, "one of " + detail::joined(names), doc,
        [=](Target& target, const Json& json) {
          const auto value = detail::parse_name(names, json);
          if (value) field(target) = *value;
          return value.has_value();
        },
        [=](const Target& target) { return Json(detail::name_of(names, field(target))); });
  }

  template <class Enum>
  static Key<Target> choices(std::string_view path, Field<Target, std::vector<Enum>> field,
                             Names<Enum> names, std::string_view doc) {
    return plain(
        path, "list of " + detail::joined(names), doc,
        [=](Target& target, const Json& json) {
          if (!json.is_array()) return false;
          std::vector<Enum> values;
          for (const auto& entry : json) {
            const auto value = detail::parse_name(names, entry);
            if (!value) return false;
            values.push_back(*value);
          }
          field(target) = std::move(values);
          return true;
        },
        [=](const Target& target) {
          Json list = Json::array();
          for (const auto value : field(target)) list.push_back(detail::name_of(names, value));
          return list;
        });
  }

  /// An object of its own or null, with the keys of what `field`, a std::optional, may hold.
  template <class Part>
  static Key<Target> object(std::string_view path, Field<Target, std::optional<Part>> field,
                            const std::vector<Key<Part>>& keys, std::string expected,
                            std::string_view doc) {
    return {std::string(path), expected, std::string(doc),
            [=](Target& target, const Json& json, const std::string& place, Problems& problems) {
              field(target).reset();
              if (json.is_object()) {
                read_object(json, place, keys, field(target).emplace(), problems);
              } else if (!json.is_null()) {
                problems.add(place + ": " + detail::shown(json) + " given, expected " + expected);
              }
            },
            [=](const Target& target) {
              Json json;
              if (!field(target)) return json;
              for (const auto& key : keys) json[key.path] = key.write(*field(target));
              return json;
            }};
  }

  /// The keys of a part, as keys of the whole.
  template <class Part>
  static std::vector<Key<Target>> of_part(const std::string& prefix, Field<Target, Part> field,
                                          const std::vector<Key<Part>>& keys) {
    std::vector<Key<Target>> result;
    result.reserve(keys.size());
    for (const auto& key : keys) {
      result.push_back({prefix + key.path, key.expected, key.doc,
                        [=](Target& target, const Json& json, const std::string& place,
                            Problems& problems) { key.read(field(target), json, place, problems); },
                        [=](const Target& target) { return key.write(field(target)); }});
    }
    return result;
  }

 private:
  /// `accept` sets the member, or returns false and changes nothing.
  template <class Accept, class Write>
  static Key<Target> plain(std::string_view path, const std::string& expected, std::string_view doc,
                           Accept accept, Write write) {
    return {std::string(path), expected, std::string(doc),
            [=](Target& target, const Json& json, const std::string& place, Problems& problems) {
              if (accept(target, json)) return;
              problems.add(place + ": " + detail::shown(json) + " given, expected " + expected);
            },
            write};
  }
};

/// Keys of a site's policy: of "privacy", and of one entry's "policy".
[[nodiscard]] const std::vector<Key<privacy::SitePolicy>>& policy_keys();

/// Keys of one entry of data.sites.
[[nodiscard]] const std::vector<Key<SourceConfig>>& site_keys();

struct SectionDoc {
  std::string name;
  std::string doc;
};
[[nodiscard]] const std::vector<SectionDoc>& section_docs();

}  // namespace asyndgan::program
