// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/status_formats.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "support/catch.hpp"
#include "telemetry/example_status.hpp"
#include "telemetry/exposition.hpp"

namespace asyndgan::telemetry {
namespace {

using asyndgan::test::Exposition;
using Catch::Contains;
using test::example_status;
using test::kHostile;

TEST_CASE("Metrics are what Prometheus reads, whatever a site calls itself", "[telemetry]") {
  const auto metrics = Exposition::read(status_metrics(example_status()));
  const auto value = [&](const std::string& name,
                         const std::map<std::string, std::string>& labels) {
    INFO(name);
    return metrics.at(name).samples.at(labels);
  };
  CHECK(value("asyndgan_run_info", {{"title", "Head <study>"}}) == 1);
  CHECK(value("asyndgan_steps_total", {}) == 1234);
  CHECK(value("asyndgan_steps_target", {}) == 5000);
  CHECK(value("asyndgan_last_step_timestamp_seconds", {}) == 1.7e9 + 59.5);
  CHECK(value("asyndgan_site_present", {{"site", "north"}}) == 1);
  CHECK(value("asyndgan_site_present", {{"site", kHostile}}) == 0);
  CHECK(value("asyndgan_site_expelled", {{"site", kHostile}}) == 1);
  CHECK(value("asyndgan_site_answers_total", {{"site", "north"}}) == 1230);
  CHECK(value("asyndgan_site_dropped_total", {{"site", "north"}}) == 4);
  CHECK(value("asyndgan_gradient_age_versions", {{"site", "north"}}) == 2);
  CHECK(value("asyndgan_loss", {{"kind", "discriminator_fake"}, {"site", "north"}}) == 0.5);
  const auto bytes = [&](const std::string& direction, const std::string& kind) {
    return value("asyndgan_bytes_total",
                 {{"direction", direction}, {"kind", kind}, {"site", "north"}});
  };
  CHECK(bytes("sent", "fakes") == 1'999'900);
  CHECK(bytes("received", "gradient") == 3'499'950);
  CHECK(bytes("sent", "refusal") == 100);
  CHECK(bytes("received", "refusal") == 50);
  CHECK(metrics.at("asyndgan_bytes_total").samples.size() == 4);  // what never was has none
  CHECK(value("process_resident_memory_bytes", {}) > 1e6);
  CHECK(value("process_cpu_seconds_total", {}) > 0);
  CHECK(value("process_start_time_seconds", {}) == 1.7e9);
}

TEST_CASE("A metric has no sample where nothing is known", "[telemetry]") {
  const auto metrics = Exposition::read(status_metrics(example_status()));
  CHECK(metrics.at("asyndgan_loss").samples.size() == 3);
  CHECK(metrics.at("asyndgan_gradient_age_versions").samples.size() == 2);
  CHECK(metrics.at("asyndgan_site_present").samples.size() == 3);
}

TEST_CASE("Metrics hold numbers that are not finite, and large ones whole", "[telemetry]") {
  auto status = example_status();
  status.sites[0].losses->generator = std::numeric_limits<double>::quiet_NaN();
  status.sites[0].losses->discriminator_real = -std::numeric_limits<double>::infinity();
  status.sites[0].traffic[protocol::Kind::fakes].bytes_sent = 123'456'789'012'345;
  const auto metrics = Exposition::read(status_metrics(status));
  const auto& losses = metrics.at("asyndgan_loss").samples;
  CHECK(std::isnan(losses.at({{"kind", "generator"}, {"site", "north"}})));
  CHECK(std::isinf(losses.at({{"kind", "discriminator_real"}, {"site", "north"}})));
  CHECK(metrics.at("asyndgan_bytes_total")
            .samples.at({{"direction", "sent"}, {"kind", "fakes"}, {"site", "north"}}) ==
        123'456'789'012'345.0);
}

TEST_CASE("The reader of metrics takes nothing else", "[telemetry]") {
  const std::string begin = "# HELP a_total Words.\n# TYPE a_total counter\n";
  CHECK_NOTHROW(Exposition::read(begin + "a_total{x=\"1\",y=\"\\\\\\\"\\n\"} 1\n"));
  for (const std::string bad :
       {"a_total 1", "a_total{x=\"1} 1\n", "a_total{x=\"\\t\"} 1\n", "a_total{0x=\"1\"} 1\n",
        "a_total  1\n", "a_total 1 \n", "a_total 1\na_total 2\n", "b_total 1\n", "\n",
        "a_total{x=\"1\",x=\"2\"} 1\n", "a_total one\n", "# TYPE a_total counter\n"}) {
    INFO(bad);
    CHECK_THROWS(Exposition::read(begin + bad));
  }
  CHECK_THROWS(Exposition::read("# HELP a_total Words.\n# TYPE a_total gauge\n"));
}

TEST_CASE("The status as JSON says all of it, and null where nothing is known", "[telemetry]") {
  const auto json = nlohmann::json::parse(status_json(example_status()));
  CHECK(json.at("step") == 1234);
  CHECK(json.at("seconds_left") == (5000 - 1234) / 2.5);
  CHECK(json.at("sites").size() == 3);
  CHECK(json.at("sites").at(0).at("losses").at("generator") == 1.5);
  CHECK(json.at("sites").at(0).at("bytes_received") == 3'500'000);
  CHECK(json.at("sites").at(1).at("name") == kHostile);
  CHECK(json.at("sites").at(1).at("presence") == "expelled");
  CHECK(json.at("sites").at(2).at("step").is_null());
  CHECK(json.at("sites").at(2).at("losses").is_null());
  CHECK(json.at("curves").at("losses").at(0).at("points").at(1) == nlohmann::json({2, 0.25}));
  CHECK(json.at("events").at(0).at("step") == 12);
  CHECK(json.at("samples").at("rows").at(1).at("images").at(1) == "/samples/1-1.png");

  const auto none = nlohmann::json::parse(status_json({}));
  CHECK(none.at("seconds_left").is_null());
  CHECK(none.at("last_step").is_null());
  CHECK(none.at("samples").is_null());
}

TEST_CASE("The status as JSON is JSON, whatever a loss or a word is", "[telemetry]") {
  auto status = example_status();
  status.sites[0].losses->generator = std::numeric_limits<double>::infinity();
  status.events[0].text = "no UTF-8: \xff";
  const auto json = nlohmann::json::parse(status_json(status));
  CHECK(json.at("sites").at(0).at("losses").at("generator").is_null());
}

TEST_CASE("No word of a site becomes a part of the page", "[telemetry]") {
  const std::string page = status_page(example_status());
  CHECK_THAT(page, !Contains("<script>") && !Contains("<study>") && !Contains("alert('"));
  CHECK_THAT(page, Contains("&lt;script&gt;alert(&#39;&quot;1&quot;&#39;)&lt;/script&gt;"));
}

TEST_CASE("The page shows the run, its sites and what they have said", "[telemetry]") {
  const std::string page = status_page(example_status());
  CHECK_THAT(page, Contains("<title>24.7 % \u2013 Head &lt;study&gt;</title>"));
  CHECK_THAT(page, Contains("1,234") && Contains("of 5,000, 24.7 %") && Contains("25:06"));
  CHECK_THAT(page, Contains("1/3") && Contains("3.50 MB") && Contains("2.00 MB"));
  CHECK_THAT(page, Contains("<td>present</td>") && Contains("<td>expelled</td>") &&
                       Contains("<td>away</td>"));
  CHECK_THAT(page, Contains("22:13:50") && Contains("step 12: site"));
  CHECK_THAT(page, Contains("src=\"/samples/1-1.png?step=7\"") && Contains("alt=\"synthetic t2\""));
  CHECK_THAT(page, Contains("Losses: loss against step. G from 0.5 to 0.25."));
}

TEST_CASE("The page of a centre that has only begun is whole", "[telemetry]") {
  const std::string page = status_page({.title = "Run", .steps = 10, .sites = {{.name = "north"}}});
  CHECK_THAT(page, Contains("starting") && Contains("None yet.") && Contains("0/1"));
  CHECK_THAT(page, !Contains("nan") && !Contains("inf"));
}

}  // namespace
}  // namespace asyndgan::telemetry
