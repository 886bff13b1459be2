// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <iostream>

#include <nlohmann/json.hpp>

#include "page.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

void write_reports(const RunFolder& folder) {
  folder.write("report.html", telemetry::render_html(run_page(folder)));
  folder.write("report.json", telemetry::to_json(run_rows(folder)).dump(2) + "\n");
  for (const auto& site : folder.config().data.sites) {
    const auto own = std::filesystem::path("sites") / site.name;
    if (!std::filesystem::exists(folder.root() / own)) continue;
    folder.write(own / "report.html", telemetry::render_html(site_page(folder, site.name)));
  }
}

int report(const ReportArguments& arguments, const Voice& voice) {
  const RunFolder folder = RunFolder::read(arguments.folder);
  write_reports(folder);
  if (voice.json) std::cout << telemetry::to_json(run_rows(folder)).dump(2) << '\n';
  voice.say("report: " + (folder.root() / "report.html").string());
  return kDone;
}

}  // namespace asyndgan::program
