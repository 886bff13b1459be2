// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of telemetry/status_formats.hpp's status_page().

#include <array>
#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/telemetry/html.hpp"
#include "asyndgan/telemetry/report.hpp"
#include "asyndgan/telemetry/status_formats.hpp"
#include "asyndgan/telemetry/text.hpp"

namespace asyndgan::telemetry {

namespace detail {

/// "2026-11-24 18:03:06"
inline std::string time_text(double seconds) {
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 32> buffer{};
  std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return buffer.data();
}

/// An element that the script keeps up to date.
inline std::string live(std::string_view name, std::string_view id, const std::string& html) {
  const std::string tag(name);
  return "<" + tag + " id=\"" + std::string(id) + "\" data-live>" + html + "</" + tag + ">";
}

inline std::string lead(const Status& status) {
  if (status.updated == 0) return "starting";
  if (status.step == status.steps) return "the run is complete";
  const std::string state = status.steps_per_second > 0 ? "training" : "waiting for the sites";
  return state + ", " + time_text(status.updated) + " UTC";
}

inline std::string facts(const Status& status) {
  transport::Traffic traffic;
  for (const auto& site : status.sites) traffic += transport::sum(site.traffic);
  const auto left = status.seconds_left();
  return to_html(FactList{
      {{"step", grouped(status.step),
        "of " + grouped(status.steps) + ", " + fixed(100 * status.share(), 1) + " %"},
       {"speed", significant(status.steps_per_second), "steps/s, last 30 s"},
       {"time left", left ? clock_text(*left) : "\u2013", "at this speed"},
       {"sites", std::to_string(status.present()) + "/" + std::to_string(status.sites.size()),
        "present"},
       {"received", bytes_text(static_cast<double>(traffic.bytes_received)), "from the sites"},
       {"sent", bytes_text(static_cast<double>(traffic.bytes_sent)), "to the sites"}}});
}

inline std::string site_row(const SiteStatus& site) {
  const std::string presence(to_string(site.presence));
  const auto traffic = transport::sum(site.traffic);
  const auto cell = [](const std::string& text) { return element("td", text); };
  const auto known = [](bool is, const std::string& text) { return is ? text : "\u2013"; };
  const auto loss = [&](double privacy::Losses::*kind) {
    return cell(site.losses ? significant((*site.losses).*kind) : "\u2013");
  };
  return "<tr class=\"" + presence + "\"><th scope=\"row\"><i class=\"state " + presence +
         "\"></i>" + escape_html(site.name) + "</th>" + cell(presence) +
         cell(known(site.step > 0, grouped(site.step))) +
         cell(known(site.step > 0, std::to_string(site.age))) +
         loss(&privacy::Losses::discriminator_real) + loss(&privacy::Losses::discriminator_fake) +
         loss(&privacy::Losses::generator) +
         cell(bytes_text(static_cast<double>(traffic.bytes_received))) +
         cell(bytes_text(static_cast<double>(traffic.bytes_sent))) + cell(grouped(site.dropped)) +
         "</tr>";
}

inline std::string site_table(const Status& status) {
  std::string html = "<div class=\"scroll\"><table class=\"sites\"><thead><tr>";
  for (const char* column : {"site", "state", "last step", "age", "D real", "D fake", "G",
                             "received", "sent", "dropped"}) {
    html += element("th", column, "scope=\"col\"");
  }
  std::string rows;
  for (const auto& site : status.sites) rows += site_row(site);
  return html + "</tr></thead>" + live("tbody", "sites", rows) + "</table></div>" +
         element("p",
                 "Losses are the last that a site's policy let out. Age: steps of the generator "
                 "between the fakes and the last gradient for them.",
                 "class=\"note\"");
}

inline std::string charts(const Status& status) {
  auto traffic = status.traffic;
  for (auto& curve : traffic) {
    for (auto& point : curve.points) point.y /= 1e6;
  }
  return to_html(LineChart{"Losses", "", "step", "loss", status.losses}) +
         to_html(
             LineChart{"Speed, steps/s", "", "seconds since the start", "steps/s", status.rates}) +
         to_html(
             LineChart{"Traffic, MB/s", "", "seconds since the start", "MB/s", std::move(traffic)});
}

/// The step stands in the address, so that a browser fetches new pictures and no others.
inline std::string picture(const Samples& samples, const std::string& name, const std::string& alt,
                           const Samples::Png& png) {
  const Extent extent = png_extent(png);
  return "<td><img class=\"crisp\" width=\"" + std::to_string(extent.width) + "\" height=\"" +
         std::to_string(extent.height) + "\" alt=\"" + escape_html(alt) + "\" src=\"/samples/" +
         name + ".png?step=" + std::to_string(samples.step()) + "\"></td>";
}

inline std::string pictures(const Samples* samples) {
  if (samples == nullptr) {
    return element("p",
                   "Pictures come a moment after this page is opened, once there are label maps.",
                   "class=\"note\"");
  }
  std::string html =
      element("p", "After step " + grouped(samples->step()) + ".", "class=\"note\"") +
      "<ul class=\"legend\">";
  for (std::size_t i = 0; i < samples->classes().size(); ++i) {
    html += "<li><svg aria-hidden=\"true\"><rect width=\"100%\" height=\"100%\" fill=\"" +
            hex(class_colour(static_cast<int>(i))) + "\"/></svg>" +
            escape_html(samples->classes()[i]) + "</li>";
  }
  html += "</ul><div class=\"scroll\"><table class=\"pictures\"><tbody><tr>" +
          element("th", "label map", "scope=\"row\"");
  const std::size_t count = samples->rows().size();
  for (std::size_t i = 0; i < count; ++i) {
    html += picture(*samples, std::to_string(i) + "-map", "label map", samples->rows()[i].map);
  }
  for (std::size_t c = 0; c < samples->columns().size(); ++c) {
    const std::string& channel = samples->columns()[c];
    html += "</tr><tr>" + element("th", channel, "scope=\"row\"");
    for (std::size_t i = 0; i < count; ++i) {
      html += picture(*samples, std::to_string(i) + "-" + std::to_string(c), "synthetic " + channel,
                      samples->rows()[i].images[c]);
    }
  }
  return html + "</tr></tbody></table></div>";
}

inline std::string event_list(const Status& status) {
  if (status.events.empty()) return element("p", "None yet.", "class=\"note\"");
  std::string html = "<ul class=\"events\">";
  for (const auto& event : status.events) {
    html += "<li>" + element("time", time_text(event.time).substr(11)) +
            element("span", "step " + grouped(event.step) + ": " + event.text) + "</li>";
  }
  return html + "</ul>";
}

inline std::string head(const Status& status, const std::string& percent) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">" +
         element("title", percent + " \u2013 " + status.title) +
         "<link rel=\"stylesheet\" href=\"/status.css\">"
         "<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>"
         "<script src=\"/status.js\" defer></script></head>\n";
}

inline std::string section(const std::string& heading, const std::string& html) {
  return "<section>" + element("h2", heading) + html + "</section>\n";
}

}  // namespace detail

ASYNDGAN_INLINE std::string status_page(const Status& status) {
  using detail::live;
  using detail::section;
  const std::string done = fixed(100 * status.share(), 1);
  const std::string bar = "<progress max=\"100\" value=\"" + done +
                          "\" aria-label=\"steps done\">" + done + " %</progress>";
  return detail::head(status, done + " %") + "<body><header>" + element("h1", status.title) +
         "<p id=\"notice\" role=\"status\" hidden>No answer: the run has ended, or the centre is "
         "not running. Below stands what it said last.</p>" +
         live("p", "lead", detail::lead(status)) + live("div", "progress", bar) +
         live("div", "facts", detail::facts(status)) + "</header>\n<main>" +
         section("Sites", detail::site_table(status)) +
         section("Curves", live("div", "charts", detail::charts(status))) +
         section("What the generator draws",
                 live("div", "samples", detail::pictures(status.samples.get()))) +
         section("Events", live("div", "events", detail::event_list(status))) +
         "</main>\n<footer>Times are UTC. For programs: <a href=\"/status.json\">JSON</a>, <a "
         "href=\"/metrics\">Prometheus</a>.</footer></body></html>\n";
}

}  // namespace asyndgan::telemetry
