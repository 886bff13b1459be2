// SPDX-License-Identifier: Apache-2.0
//
// The status page of a centre that runs.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "consortium.hpp"
#include "support/browser.hpp"
#include "support/catch.hpp"
#include "support/raw_socket.hpp"
#include "telemetry/exposition.hpp"

namespace asyndgan::program {
namespace {

using Catch::Contains;
using Catch::StartsWith;
using nlohmann::json;
using test::Consortium;
using test::contents;
using test::require_done;

/// What is under a path of the page, without the header; nothing where it is not served.
std::string fetch(int port, const std::string& path) {
  const auto client = asyndgan::test::RawSocket::connect(static_cast<std::uint16_t>(port));
  client.write("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = client.read(std::chrono::seconds(20)).bytes;
  if (!answer.starts_with("HTTP/1.1 200 ")) return "";
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

/// The status once `enough` says so, a minute at most.
template <class Enough>
json wait_for_status(int port, const Enough& enough) {
  json status;
  for (int i = 0; i < 1200; ++i) {
    try {
      status = json::parse(fetch(port, "/status.json"));
      if (enough(status)) return status;
    } catch (const std::runtime_error&) {  // nobody listens yet
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  FAIL("the page does not get on: " + status.dump());
  return status;
}

const auto kHasSamples = [](const json& status) {
  return status.at("step") > 0 && !status.at("samples").is_null();
};

/// A site tells its losses once they rest on enough images.
const auto kHasLosses = [](const json& status) {
  const auto tells = [](const json& site) { return !site.at("losses").is_null(); };
  const auto& sites = status.at("sites");
  const auto& curves = status.at("curves").at("losses");
  return std::all_of(sites.begin(), sites.end(), tells) && !curves.empty() &&
         !curves.at(0).at("points").empty();
};

TEST_CASE("A centre shows how the run gets on while it runs", "[program]") {
  Consortium consortium("tcp", 100'000);
  const int port = test::free_port();
  consortium.set("network.status_port=" + std::to_string(port));
  consortium.set("report.title=A <small> run");
  const auto central = consortium.central("run");
  const json waiting = wait_for_status(port, [](const json& s) { return s.at("updated") > 0; });
  CHECK(waiting.at("sites").at(0).at("presence") == "away");
  const auto north = consortium.site("north", "run");
  const auto south = consortium.site("south", "run");

  const json status =
      wait_for_status(port, [](const json& s) { return kHasSamples(s) && kHasLosses(s); });
  CHECK(status.at("steps") == 100'000);
  CHECK(status.at("steps_per_second") > 0);
  for (const auto& site : status.at("sites")) {
    CHECK(site.at("presence") == "present");
    CHECK(site.at("answers") > 0);
    CHECK(site.at("step") > 0);
    CHECK(site.at("bytes_received") > 0);
    CHECK(site.at("bytes_sent") > 0);
    CHECK(site.at("losses").at("generator").is_number());
  }
  CHECK(!status.at("curves").at("losses").at(0).at("points").empty());
  for (const auto& row : status.at("samples").at("rows")) {
    CHECK_THAT(fetch(port, row.at("map")), StartsWith("\x89PNG"));
    for (const auto& image : row.at("images"))
      CHECK_THAT(fetch(port, image), StartsWith("\x89PNG"));
  }
  const auto metrics = asyndgan::test::Exposition::read(fetch(port, "/metrics"));
  CHECK(metrics.at("asyndgan_steps_total").samples.at({}) > 0);
  CHECK(metrics.at("asyndgan_site_present").samples.at({{"site", "south"}}) == 1);
  CHECK_THAT(fetch(port, "/"), Contains("A &lt;small&gt; run") && Contains("north"));
  CHECK(fetch(port, "/healthz") == "ok\n");
  CHECK(fetch(port, "/config.json").empty());

  const std::string said = contents(consortium.path() / "log-centre" / "stderr");
  CHECK_THAT(said, Contains("status page: http://127.0.0.1:" + std::to_string(port) + "/"));
  central->signal(SIGINT);
  CHECK(central->wait().code == 130);
}

TEST_CASE("In a browser the page of a run goes on with it, and complains of nothing", "[program]") {
  REQUIRE_CHROMIUM();
  Consortium consortium("tcp", 1'000'000);
  const int port = test::free_port();
  consortium.set("network.status_port=" + std::to_string(port));
  const auto central = consortium.central("run");
  const auto north = consortium.site("north", "run");
  const auto south = consortium.site("south", "run");
  const json before = wait_for_status(port, kHasSamples);
  const auto [document, log] =
      asyndgan::test::browse("http://127.0.0.1:" + std::to_string(port) + "/");
  INFO(document);
  CHECK(asyndgan::test::number_after(document, "<span class=\"value\">") > before.at("step"));
  CHECK_THAT(document, Contains("north") && Contains("south") &&
                           Contains("src=\"/samples/0-map.png?step=") &&
                           Contains("role=\"status\" hidden"));  // the centre answers
  CHECK_THAT(log, !Contains("CONSOLE"));
  for (auto* process : {central.get(), north.get(), south.get()}) process->signal(SIGINT);
  CHECK(central->wait().code == 130);
}

TEST_CASE("A run is the same whether or not somebody looks, and a resumed one keeps its curve",
          "[program]") {
  Consortium consortium("tcp", 400);
  test::run_undisturbed(consortium, "unseen");
  CHECK_THAT(contents(consortium.path() / "log-centre" / "stderr"), !Contains("status page"));
  consortium.keep_secrets("unseen");

  const int port = test::free_port();
  consortium.set("network.status_port=" + std::to_string(port));
  const auto north = consortium.site("north", "seen");
  const auto south = consortium.site("south", "seen");
  {
    const auto central = consortium.central("seen");
    consortium.wait_for("seen", 9);
    south->signal(SIGSTOP);  // the run waits for it
    (void)wait_for_status(port, kHasSamples);
    central->signal(SIGKILL);
    CHECK(central->wait().code == -SIGKILL);
  }
  north->signal(SIGSTOP);  // nothing is new yet
  const auto central = consortium.central("seen");
  const json status = wait_for_status(port, [](const json& s) { return s.at("updated") > 0; });
  CHECK(status.at("step") > 0);
  CHECK(!status.at("curves").at("losses").at(0).at("points").empty());
  north->signal(SIGCONT);
  south->signal(SIGCONT);
  for (auto* process : {central.get(), north.get(), south.get()}) require_done(*process);
  CHECK((consortium.generator("seen") == consortium.generator("unseen")));
}

TEST_CASE("A run does without its page where the port is taken, and says so", "[program]") {
  const auto taken = asyndgan::test::RawSocket::listen();
  const std::string port = std::to_string(taken.port());
  Consortium consortium("tcp", 5);
  consortium.set("network.status_port=" + port);
  test::run_undisturbed(consortium, "run");
  CHECK_THAT(contents(consortium.path() / "log-centre" / "stderr"),
             Contains("no status page") && Contains("127.0.0.1:" + port) &&
                 Contains("network.status_port"));
}

}  // namespace
}  // namespace asyndgan::program
