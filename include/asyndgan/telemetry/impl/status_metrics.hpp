// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of telemetry/status_formats.hpp's status_metrics().
// Source  Prometheus, "Exposition formats", text format 0.0.4; "Metric and label naming".

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/telemetry/status_formats.hpp"

namespace asyndgan::telemetry {

namespace detail {

/// Lines of the format, metric by metric.
class Exposition {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  /// The samples that follow are of this metric.
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    ((text_ += "# HELP ") += name) += ' ';
    (text_ += help) += "\n# TYPE ";
    ((text_ += name) += ' ') += type;
    text_ += '\n';
  }
  void sample(double value, std::initializer_list<Label> labels = {}) {
    text_ += name_;
    char before = '{';
    for (const auto& [name, content] : labels) {
      ((text_ += std::exchange(before, ',')) += name) += "=\"";
      (text_ += escaped(content)) += '"';
    }
    if (labels.size() > 0) text_ += '}';
    ((text_ += ' ') += number(value)) += '\n';
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  static std::string escaped(std::string_view content) {
    std::string safe;
    for (const char c : content) {
      if (c == '\\' || c == '"') safe += '\\';
      if (c == '\n') {
        safe += "\\n";
      } else {
        safe += c;
      }
    }
    return safe;
  }
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> digits{};
    const int exact = std::snprintf(digits.data(), digits.size(), "%.15g", value);
    return {digits.data(), static_cast<std::size_t>(exact)};
  }

  std::string_view name_;
  std::string text_;
};

/// Bytes of this process that are in memory; 0 where the system does not say.
inline double resident_bytes() {
  std::ifstream file("/proc/self/statm");  // pages: of the whole program, resident, ...
  double all = 0;
  double resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

inline double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

inline void write_run(Exposition& out, const Status& status) {
  out.begin("asyndgan_run_info", "gauge", "Always 1; the label has the title of the run.");
  out.sample(1, {{"title", status.title}});
  out.begin("asyndgan_steps_total", "counter", "Steps of the generator, of all parts of the run.");
  out.sample(static_cast<double>(status.step));
  out.begin("asyndgan_steps_target", "gauge", "Steps of the generator after which the run ends.");
  out.sample(static_cast<double>(status.steps));
  out.begin("asyndgan_last_step_timestamp_seconds", "gauge",
            "When the generator last took a step; 0 before the first of this process.");
  out.sample(status.stepped);
  out.begin("asyndgan_status_timestamp_seconds", "gauge", "When these values were put together.");
  out.sample(status.updated);
}

/// One metric with a sample for each site that has a value.
template <class Write>
void for_sites(Exposition& out, const Status& status, std::string_view name, std::string_view type,
               std::string_view help, const Write& write) {
  out.begin(name, type, help);
  for (const auto& site : status.sites) write(site);
}

inline void write_sites(Exposition& out, const Status& status) {
  for_sites(out, status, "asyndgan_site_present", "gauge",
            "1 while the site has a part in the run.", [&](const SiteStatus& site) {
              out.sample(federation::has_part(site.presence), {{"site", site.name}});
            });
  for_sites(out, status, "asyndgan_site_expelled", "gauge",
            "1 once the site broke the protocol and is not taken back.",
            [&](const SiteStatus& site) {
              out.sample(site.presence == federation::Presence::expelled, {{"site", site.name}});
            });
  for_sites(out, status, "asyndgan_site_answers_total", "counter",
            "Gradients of the site that a step was made of.", [&](const SiteStatus& site) {
              out.sample(static_cast<double>(site.answers), {{"site", site.name}});
            });
  for_sites(out, status, "asyndgan_site_dropped_total", "counter",
            "Gradients of the site that came too late or could not be used.",
            [&](const SiteStatus& site) {
              out.sample(static_cast<double>(site.dropped), {{"site", site.name}});
            });
  for_sites(out, status, "asyndgan_gradient_age_versions", "gauge",
            "Steps of the generator between the fakes and the site's last gradient for them.",
            [&](const SiteStatus& site) {
              if (site.step > 0) out.sample(static_cast<double>(site.age), {{"site", site.name}});
            });
  for_sites(out, status, "asyndgan_loss", "gauge",
            "Last losses that the site's policy let out, means over samples.",
            [&](const SiteStatus& site) {
              if (!site.losses) return;
              out.sample(site.losses->discriminator_real,
                         {{"kind", "discriminator_real"}, {"site", site.name}});
              out.sample(site.losses->discriminator_fake,
                         {{"kind", "discriminator_fake"}, {"site", site.name}});
              out.sample(site.losses->generator, {{"kind", "generator"}, {"site", site.name}});
            });
  for_sites(out, status, "asyndgan_bytes_total", "counter",
            "Bytes of messages between the centre and the site, as the centre counts them.",
            [&](const SiteStatus& site) {
              for (const auto& [kind, traffic] : site.traffic) {
                const auto add = [&, name = to_string(kind)](const char* direction,
                                                             std::uint64_t messages,
                                                             std::uint64_t bytes) {
                  if (messages == 0) return;  // few kinds go both ways
                  out.sample(static_cast<double>(bytes),
                             {{"direction", direction}, {"kind", name}, {"site", site.name}});
                };
                add("received", traffic.messages_received, traffic.bytes_received);
                add("sent", traffic.messages_sent, traffic.bytes_sent);
              }
            });
}

inline void write_process(Exposition& out, const Status& status) {
  out.begin("process_resident_memory_bytes", "gauge", "Bytes of the process that are in memory.");
  out.sample(resident_bytes());
  out.begin("process_cpu_seconds_total", "counter", "Processor time, of the user and the system.");
  out.sample(processor_seconds());
  out.begin("process_start_time_seconds", "gauge", "When the process started.");
  out.sample(status.started);
}

}  // namespace detail

ASYNDGAN_INLINE std::string status_metrics(const Status& status) {
  detail::Exposition out;
  detail::write_run(out, status);
  detail::write_sites(out, status);
  detail::write_process(out, status);
  return out.text();
}

}  // namespace asyndgan::telemetry
