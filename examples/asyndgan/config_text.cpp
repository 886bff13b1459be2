// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "config_key.hpp"

namespace asyndgan::program {

namespace {

Json& at_path(Json& json, const std::string& path) {
  Json* at = &json;
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    at = &(*at)[path.substr(begin, dot - begin)];
    begin = dot + 1;
  }
  return (*at)[path.substr(begin)];
}

Json site_json(const SourceConfig& site) {
  Json json;
  for (const auto& key : site_keys()) json[key.path] = key.write(site);
  return json;
}

/// Every key's path with its value.
std::vector<std::pair<std::string, Json>> flat(const RunConfig& config) {
  std::vector<std::pair<std::string, Json>> values;
  for (const auto& key : run_keys()) values.emplace_back(key.path, key.write(config));
  Json sites = Json::array();
  for (const auto& site : config.data.sites) sites.push_back(site_json(site));
  values.emplace_back("data.sites", std::move(sites));
  return values;
}

/// Says what differs of one key, of a list of sites only the keys that do.
void compare(const std::string& path, const Json& there, const Json& here,
             std::vector<std::string>& found) {
  if (there == here) return;
  if (there.is_object() && here.is_object() && there.size() == here.size()) {
    for (const auto& [key, value] : here.items()) {
      compare(path + "." + key, there.value(key, Json()), value, found);
    }
  } else if (path == "data.sites" && there.size() == here.size()) {
    for (std::size_t i = 0; i < here.size(); ++i) {
      compare(path + "[" + std::to_string(i) + "]", there[i], here[i], found);
    }
  } else if (path == "data.sites") {
    found.push_back(path + ": " + std::to_string(there.size()) + " sites there, " +
                    std::to_string(here.size()) + " here");
  } else {
    found.push_back(path + ": " + there.dump() + " there, " + here.dump() + " here");
  }
}

std::string default_text(const Json& value) {
  const bool empty_text = value.is_string() && value.get_ref<const std::string&>().empty();
  return empty_text || value == Json::array() || value.is_null() ? "" : value.dump();
}

/// `text` in lines of at most `width`, each behind `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > 0 && column + 1 + end > width) {
      out += '\n';
      column = 0;
    }
    out += column == 0 ? std::string(indent, ' ') : " ";
    column += (column == 0 ? indent : 1) + end;
    out += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + '\n';
}

template <class Target>
std::string markdown_row(const Key<Target>& key, const std::string& path,
                         const std::string& default_value) {
  const std::string shown = default_value.empty() ? "" : "`" + default_value + "`";
  return "| `" + path + "` | " + key.expected + " | " + shown + " | " + key.doc + " |\n";
}

template <class Target>
std::string help_entry(const Key<Target>& key, const std::string& path,
                       const std::string& default_value) {
  std::string text = "  " + path + (default_value.empty() ? "" : " = " + default_value) + "\n";
  return text + wrapped(key.doc + " (" + key.expected + ")", 6, 92);
}

/// Calls section(doc), then entry(key, path, default) for every key of that section.
template <class OnSection, class OnEntry>
void walk(const OnSection& section, const OnEntry& entry) {
  const RunConfig defaults;
  const SourceConfig site_defaults;
  for (const auto& doc : section_docs()) {
    section(doc);
    if (doc.name == "data") {
      for (const auto& key : site_keys()) {
        entry(key, "data.sites[]." + key.path, default_text(key.write(site_defaults)));
      }
    }
    for (const auto& key : run_keys()) {
      if (!key.path.starts_with(doc.name + ".")) continue;
      entry(key, key.path, default_text(key.write(defaults)));
    }
  }
}

}  // namespace

std::string config_text(const RunConfig& config) {
  Json json;
  for (const auto& section : section_docs()) json[section.name] = Json::object();
  json["data"]["sites"] = Json::array();
  for (const auto& [path, value] : flat(config)) at_path(json, path) = value;
  return json.dump(2) + "\n";
}

std::vector<std::string> differences(const RunConfig& there, const RunConfig& here) {
  std::vector<std::string> found;
  const auto before = flat(there);
  const auto now = flat(here);
  for (std::size_t i = 0; i < now.size(); ++i) {
    const auto& [path, value] = now[i];
    constexpr std::array kHarmless = {"run.threads",
                                      "run.output",
                                      "network.link",
                                      "network.address",
                                      "network.host",
                                      "network.port",
                                      "network.centres",
                                      "network.grace",
                                      "network.heartbeat",
                                      "network.patience",
                                      "network.certificates",
                                      "network.largest_ratio",
                                      "network.strikes",
                                      "network.status_port",
                                      "training.checkpoint_every",
                                      "training.label_maps_encoding"};
    const bool harmless = path.starts_with("report.") ||
                          std::find(kHarmless.begin(), kHarmless.end(), path) != kHarmless.end();
    if (!harmless) compare(path, before[i].second, value, found);
  }
  return found;
}

std::string config_markdown() {
  std::string text;
  walk(
      [&](const SectionDoc& doc) {
        text += "\n## " + doc.name + "\n\n" + doc.doc +
                "\n\n| key | value | default | meaning |\n|---|---|---|---|\n";
      },
      [&](const auto& key, const std::string& path, const std::string& value) {
        text += markdown_row(key, path, value);
      });
  return text;
}

std::string config_help() {
  std::string text;
  walk([&](const SectionDoc& doc) { text += "\n" + doc.name + ": " + doc.doc + "\n"; },
       [&](const auto& key, const std::string& path, const std::string& value) {
         text += help_entry(key, path, value);
       });
  return text;
}

}  // namespace asyndgan::program
