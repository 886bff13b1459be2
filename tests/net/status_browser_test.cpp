// SPDX-License-Identifier: Apache-2.0
//
// The status page in a browser, which is what it is for: headless Chromium, where it is installed.

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "asyndgan/telemetry/loopback_server.hpp"
#include "asyndgan/telemetry/status_pages.hpp"
#include "support/catch.hpp"
#include "support/command.hpp"
#include "support/temporary_folder.hpp"
#include "telemetry/example_status.hpp"

namespace asyndgan::telemetry {
namespace {

using Catch::Contains;

/// Says so and ends the test early where there is no browser.
#define REQUIRE_CHROMIUM()                                           \
  if (asyndgan::test::run_command("chromium --version").code != 0) { \
    WARN("skipped: the Debian package chromium is not installed");   \
    return;                                                          \
  }

/// A status that is a step further each time the page is fetched.
Pages moving_pages(const Status& first) {
  const auto board = std::make_shared<StatusBoard>();
  return [=, pages = status_pages(board), step = std::uint64_t{0}](std::string_view path) mutable {
    if (path == "/") {
      Status status = first;
      status.step = ++step;
      status.losses[0].points.push_back({3, static_cast<double>(step)});
      board->publish(status);
    }
    return pages(path);
  };
}

/// What a browser makes of a page.
struct Seen {
  std::string document;  // after some seconds of the browser's own time
  std::string log;       // with the page's console
};

Seen browse(const std::string& address, const std::string& more = "") {
  const asyndgan::test::TemporaryFolder folder;
  const std::string document = (folder / "document").string();
  const auto said = asyndgan::test::run_command(
      "timeout 120 chromium --headless --no-sandbox --disable-gpu --no-first-run "
      "--enable-logging=stderr --virtual-time-budget=6000 --user-data-dir=" +
      (folder / "profile").string() + " " + more + " --dump-dom '" + address + "' >" + document);
  INFO(said.text);
  REQUIRE(said.code == 0);
  std::ifstream file(document);
  return {{std::istreambuf_iterator<char>(file), {}}, said.text};
}

/// The number behind `before`, 0 if there is none.
int number_after(const std::string& document, const std::string& before) {
  const auto found = document.find(before);
  return found == std::string::npos ? 0 : std::atoi(document.c_str() + found + before.size());
}

TEST_CASE("In a browser the page goes on by itself, and complains of nothing", "[net]") {
  REQUIRE_CHROMIUM();
  const LoopbackServer server(moving_pages(test::example_status()));
  const auto [document, log] = browse(server.address());
  INFO(document);
  const int step = number_after(document, "<span class=\"value\">");
  CHECK(step >= 3);  // six seconds; a step as often as the page is fetched
  CHECK(number_after(document, "G from 0.5 to ") == step);
  CHECK_THAT(document, Contains("src=\"/samples/1-1.png?step=7\""));
  CHECK_THAT(document, Contains("role=\"status\" hidden"));
  CHECK_THAT(log, !Contains("CONSOLE"));
}

TEST_CASE("In a browser a site's words stay words", "[net]") {
  REQUIRE_CHROMIUM();
  auto status = test::example_status();
  const std::string owned =
      "<img src=x onerror=\"document.title='owned'\">"
      "<script>document.title='owned'</script>";
  status.sites[1].name = owned;
  status.events[0].text = owned;
  status.losses[1].name = owned;
  const LoopbackServer server(moving_pages(status));
  const auto seen = browse(server.address());
  CHECK_THAT(seen.document, Contains("Head &lt;study&gt;</title>") && !Contains("<title>owned"));
  CHECK_THAT(seen.document, Contains("&lt;img src=x onerror=") && !Contains("<img src=\"x\""));
}

}  // namespace
}  // namespace asyndgan::telemetry
