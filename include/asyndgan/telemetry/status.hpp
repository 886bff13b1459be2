// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asyndgan/federation/seat.hpp"  // Presence
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/protocol/message.hpp"
#include "asyndgan/telemetry/line_chart.hpp"
#include "asyndgan/telemetry/samples.hpp"
#include "asyndgan/transport/counted.hpp"

namespace asyndgan::telemetry {

/// "away", "greeted", "present", "expelled", "elsewhere"
[[nodiscard]] constexpr std::string_view to_string(federation::Presence presence) {
  switch (presence) {
    case federation::Presence::away:
      return "away";
    case federation::Presence::greeted:
      return "greeted";
    case federation::Presence::present:
      return "present";
    case federation::Presence::expelled:
      return "expelled";
    case federation::Presence::elsewhere:
      return "elsewhere";
  }
  return "unknown";
}

/// A site as the centre sees it. Counts are since this program started.
struct SiteStatus {
  std::string name = {};
  federation::Presence presence = federation::Presence::away;
  std::uint64_t answers = 0;                   // gradients that a step was made of
  std::uint64_t dropped = 0;                   // gradients that came too late or cannot be right
  std::uint64_t step = 0;                      // whose gradient came last, from 1; 0: none yet
  std::uint64_t age = 0;                       // of that gradient, in versions of the generator
  std::optional<privacy::Losses> losses = {};  // the last that its policy let out
  /// Of the centre's end, sent to the site and received, by the kinds that there were.
  std::map<protocol::Kind, transport::Traffic> traffic = {};
};

/// Something that a person would want to know: who came, left, was expelled, and why.
struct Occurrence {
  double time = 0;         // seconds since 1970
  std::uint64_t step = 0;  // that was under way
  std::string text = {};   // partly a site's own words
};

/// What is to be known of a running centre at one moment.
struct Status {
  std::string title = {};   // of the run
  std::uint64_t step = 0;   // steps done
  std::uint64_t steps = 0;  // of the whole run
  double started = 0;       // this program, seconds since 1970
  double updated = 0;       // this status, likewise
  double stepped = 0;       // the last step; 0 before the first
  double steps_per_second = 0;
  std::vector<SiteStatus> sites = {};           // by rank
  std::vector<Curve> losses = {};               // over steps
  std::vector<Curve> rates = {};                // steps/s over seconds since the start
  std::vector<Curve> traffic = {};              // bytes/s, likewise
  std::vector<Occurrence> events = {};          // newest first
  std::shared_ptr<const Samples> samples = {};  // none before they are first drawn

  /// Of the steps, those done: 0 to 1.
  [[nodiscard]] double share() const {
    return steps == 0 ? 0 : static_cast<double>(step) / static_cast<double>(steps);
  }
  /// Sites that have a part in the run.
  [[nodiscard]] std::size_t present() const {
    return static_cast<std::size_t>(
        std::count_if(sites.begin(), sites.end(),
                      [](const SiteStatus& site) { return federation::has_part(site.presence); }));
  }
  /// Seconds until the last step at the present rate; nothing where it does not move.
  [[nodiscard]] std::optional<double> seconds_left() const {
    if (!(steps_per_second > 0)) return std::nullopt;
    return static_cast<double>(steps - step) / steps_per_second;
  }
};

}  // namespace asyndgan::telemetry
