// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of telemetry/status_formats.hpp's status_json().

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/telemetry/status_formats.hpp"

namespace asyndgan::telemetry {

namespace detail {

using Json = nlohmann::ordered_json;

inline Json to_json(const SiteStatus& site) {
  const auto traffic = transport::sum(site.traffic);
  Json json = {{"name", site.name},
               {"presence", to_string(site.presence)},
               {"answers", site.answers},
               {"dropped", site.dropped},
               {"step", nullptr},
               {"age_versions", nullptr},
               {"losses", nullptr},
               {"bytes_received", traffic.bytes_received},
               {"bytes_sent", traffic.bytes_sent}};
  if (site.step > 0) {
    json["step"] = site.step;
    json["age_versions"] = site.age;
  }
  if (const auto& losses = site.losses) {
    json["losses"] = {{"discriminator_real", losses->discriminator_real},
                      {"discriminator_fake", losses->discriminator_fake},
                      {"generator", losses->generator}};
  }
  return json;
}

inline Json to_json(const std::vector<Curve>& curves) {
  Json list = Json::array();
  for (const auto& curve : curves) {
    Json points = Json::array();
    for (const auto& [x, y] : curve.points) points.push_back({x, y});
    list.push_back({{"name", curve.name}, {"points", std::move(points)}});
  }
  return list;
}

inline Json to_json(const Samples& samples) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < samples.rows().size(); ++i) {
    const std::string stem = "/samples/" + std::to_string(i) + "-";
    Json images = Json::array();
    for (std::size_t c = 0; c < samples.rows()[i].images.size(); ++c) {
      images.push_back(stem + std::to_string(c) + ".png");
    }
    rows.push_back({{"map", stem + "map.png"}, {"images", std::move(images)}});
  }
  return {{"step", samples.step()}, {"columns", samples.columns()}, {"rows", std::move(rows)}};
}

}  // namespace detail

ASYNDGAN_INLINE std::string status_json(const Status& status) {
  detail::Json json = {{"title", status.title},
                       {"step", status.step},
                       {"steps", status.steps},
                       {"steps_per_second", status.steps_per_second},
                       {"seconds_left", nullptr},
                       {"started", status.started},
                       {"updated", status.updated},
                       {"last_step", nullptr},
                       {"sites", detail::Json::array()},
                       {"curves",
                        {{"losses", detail::to_json(status.losses)},
                         {"steps_per_second", detail::to_json(status.rates)},
                         {"bytes_per_second", detail::to_json(status.traffic)}}},
                       {"events", detail::Json::array()},
                       {"samples", nullptr}};
  if (const auto left = status.seconds_left()) json["seconds_left"] = *left;
  if (status.stepped > 0) json["last_step"] = status.stepped;
  for (const auto& site : status.sites) json["sites"].push_back(detail::to_json(site));
  for (const auto& event : status.events) {
    json["events"].push_back({{"time", event.time}, {"step", event.step}, {"text", event.text}});
  }
  if (status.samples) json["samples"] = detail::to_json(*status.samples);
  return json.dump(-1, ' ', false, detail::Json::error_handler_t::replace) + "\n";
}

}  // namespace asyndgan::telemetry
