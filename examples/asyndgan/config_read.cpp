// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "config.hpp"
#include "config_check.hpp"
#include "config_key.hpp"
#include "problems.hpp"

namespace asyndgan::program {

namespace {

constexpr std::size_t kLargestFile = 1 << 20;
constexpr int kDeepest = 16;  // levels; the deepest key has 5

/// For a message: every byte that is no UTF-8 as "<FF>".
std::string readable(const std::string& text) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string shown;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length =
        byte < 0x80 ? 1 : protocol::detail::printable_sequence(std::string_view(text).substr(i));
    if (length > 0) {
      shown += text.substr(i, length);
    } else {
      shown += {'<', kDigits[byte >> 4], kDigits[byte & 15], '>'};
    }
    i += std::max<std::size_t>(length, 1);
  }
  return shown;
}

/// Throws for what is nested deeper than any key: whoever copies or prints it would need a stack as
/// deep.
void require_shallow(int depth, const std::string& source) {
  if (depth <= kDeepest) return;
  throw ConfigError(source + ": lists and objects are nested deeper than " +
                    std::to_string(kDeepest) + " levels");
}

std::vector<std::string> all_paths() {
  std::vector<std::string> paths = {"data.sites"};
  for (const auto& key : run_keys()) paths.push_back(key.path);
  return paths;
}

/// True if a key lies under `path`: "data.test" holds "data.test.folder".
bool is_section(const std::string& path) {
  return std::any_of(run_keys().begin(), run_keys().end(),
                     [&](const auto& key) { return key.path.starts_with(path + "."); });
}

void read_sites(const Json& json, RunConfig& config, Problems& problems) {
  if (!json.is_array()) {
    problems.add("data.sites: " + detail::shown(json) + " given, expected a list of sites");
    return;
  }
  config.data.sites.clear();
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string path = "data.sites[" + std::to_string(i) + "]";
    SourceConfig& site = config.data.sites.emplace_back();
    if (json[i].is_object()) {
      read_object(json[i], path, site_keys(), site, problems);
    } else {
      problems.add(path + ": " + detail::shown(json[i]) +
                   " given, expected an object with name and folder");
    }
  }
}

/// Walks `json` below `prefix` and hands every value to the key of its path.
void read_section(const Json& json, const std::string& prefix, RunConfig& config,
                  Problems& problems) {
  for (const auto& [name, value] : json.items()) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    const auto key = std::find_if(run_keys().begin(), run_keys().end(),
                                  [&](const auto& candidate) { return candidate.path == path; });
    if (path == "data.sites") {
      read_sites(value, config, problems);
    } else if (key != run_keys().end()) {
      key->read(config, value, path, problems);
    } else if (!is_section(path)) {
      std::vector<std::string> known = all_paths();
      for (const auto& section : section_docs()) known.push_back(section.name);
      problems.add(detail::unknown(path, known));
    } else if (!value.is_object()) {
      problems.add(path + ": " + detail::shown(value) + " given, expected an object with its keys");
    } else {
      read_section(value, path, config, problems);
    }
  }
}

/// Parses JSON and refuses a key that stands twice in one object, of which a reader of the file
/// would believe the first and the parser the last.
Json parse_json(const std::string& text, const std::string& source) {
  std::vector<std::set<std::string>> seen;
  std::string twice;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    require_shallow(depth, source);
    if (event == Json::parse_event_t::object_start) seen.emplace_back();
    if (event == Json::parse_event_t::object_end) seen.pop_back();
    if (event == Json::parse_event_t::key && !seen.back().insert(value).second && twice.empty()) {
      twice = value;
    }
    return true;
  };
  try {
    Json json = Json::parse(text, watch, /*allow_exceptions=*/true, /*ignore_comments=*/true);
    if (!twice.empty()) throw ConfigError(source + ": key \"" + twice + "\" is given twice");
    if (!json.is_object()) throw ConfigError(source + ": expected one JSON object");
    return json;
  } catch (const Json::exception& error) {  // a number may also be too large for a double
    throw ConfigError(source + ": not valid JSON: " + readable(error.what()));
  }
}

/// Applies "training.steps=200"; a value that is no JSON is taken as text.
void apply_change(const std::string& change, RunConfig& config, Problems& problems) {
  if (readable(change) != change) {
    problems.add("--set " + readable(change) + ": expected UTF-8");
    return;
  }
  const auto equals = change.find('=');
  if (equals == std::string::npos || equals == 0) {
    problems.add("--set " + change + ": expected key=value");
    return;
  }
  const std::string path = change.substr(0, equals);
  const std::string text = change.substr(equals + 1);
  const auto watch = [&](int depth, Json::parse_event_t, const Json&) {
    require_shallow(depth, "--set " + path);
    return true;
  };
  Json value = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (value.is_discarded()) value = text;
  Json nested = std::move(value);
  for (auto end = path.size(); end != std::string::npos;) {
    const auto dot = path.rfind('.', end - 1);
    const std::size_t begin = dot == std::string::npos ? 0 : dot + 1;
    nested = Json{{path.substr(begin, end - begin), std::move(nested)}};
    end = dot;
  }
  read_section(nested, "", config, problems);
}

void resolve(std::filesystem::path& path, const std::filesystem::path& folder) {
  if (!path.empty()) path = (folder / path).lexically_normal();
}

}  // namespace

RunConfig parse_config(const std::string& text, const std::string& source,
                       const std::filesystem::path& folder,
                       const std::vector<std::string>& changes) {
  const Json json = parse_json(text, source);
  RunConfig config;
  Problems problems;
  read_section(json, "", config, problems);
  for (auto& site : config.data.sites) resolve(site.folder, folder);
  resolve(config.data.test.folder, folder);
  resolve(config.data.public_label_maps, folder);
  resolve(config.objective.vgg16_weights, folder);
  resolve(config.network.certificates, folder);
  resolve(config.run.output, folder);
  problems.throw_if_any<ConfigError>(source);
  for (const auto& change : changes) apply_change(change, config, problems);
  problems.throw_if_any<ConfigError>("on the command line");
  problems.add(contradictions(config));
  problems.throw_if_any<ConfigError>(source);
  return config;
}

RunConfig load_config(const std::filesystem::path& file, const std::vector<std::string>& changes) {
  const auto bytes = read_file(file, kLargestFile);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return parse_config(text, file.string(), file.parent_path(), changes);
}

}  // namespace asyndgan::program
