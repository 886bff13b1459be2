// SPDX-License-Identifier: Apache-2.0
//
// The status page in a browser, which is what it is for: headless Chromium, where it is installed.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "asyndgan/telemetry/loopback_server.hpp"
#include "asyndgan/telemetry/status_pages.hpp"
#include "support/browser.hpp"
#include "support/catch.hpp"
#include "telemetry/example_status.hpp"

namespace asyndgan::telemetry {
namespace {

using asyndgan::test::browse;
using asyndgan::test::number_after;
using Catch::Contains;

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
