// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/status_pages.hpp"

#include <memory>
#include <string>

#include "support/catch.hpp"
#include "telemetry/example_status.hpp"

namespace asyndgan::telemetry {
namespace {

using Catch::Contains;

std::string type_of(const Pages& pages, const std::string& path) {
  const auto page = pages(path);
  return page ? page->type : "none";
}

TEST_CASE("Every page has a type that its reader expects", "[telemetry]") {
  const auto board = std::make_shared<StatusBoard>();
  board->publish(test::example_status());
  const Pages pages = status_pages(board);
  CHECK(type_of(pages, "/") == "text/html; charset=utf-8");
  CHECK(type_of(pages, "/status.css") == "text/css; charset=utf-8");
  CHECK(type_of(pages, "/status.js") == "text/javascript; charset=utf-8");
  CHECK(type_of(pages, "/status.json") == "application/json");
  CHECK(type_of(pages, "/metrics") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(type_of(pages, "/healthz") == "text/plain; charset=utf-8");
  CHECK(type_of(pages, "/samples/0-map.png") == "image/png");
  CHECK(type_of(pages, "/samples/1-1.png") == "image/png");
  CHECK(png_extent(std::as_bytes(std::span(pages("/samples/1-1.png")->body))).width == 12);
}

TEST_CASE("There is no page but those", "[telemetry]") {
  const auto board = std::make_shared<StatusBoard>();
  board->publish(test::example_status());
  const Pages pages = status_pages(board);
  for (const char* path :
       {"", "//", "/index.html", "/../etc/passwd", "/samples/", "/samples/0.png",
        "/samples/2-map.png", "/samples/0-2.png", "/samples/-1-0.png", "/samples/0--1.png",
        "/samples/0-map", "/samples/0-map.png.png", "/samples/99999999999999999999-0.png",
        "/samples/0x0-0.png", "/samples/-.png", "/samples/0-.png"}) {
    INFO(path);
    CHECK(type_of(pages, path) == "none");
  }
}

TEST_CASE("A board without a status has pages too, and no pictures", "[telemetry]") {
  const Pages pages = status_pages(std::make_shared<StatusBoard>());
  CHECK_THAT(pages("/")->body, Contains("starting"));
  CHECK_THAT(pages("/metrics")->body, Contains("asyndgan_steps_total 0\n"));
  CHECK(type_of(pages, "/samples/0-map.png") == "none");
}

TEST_CASE("Whoever asks for the page looks; a scraper does not", "[telemetry]") {
  const auto board = std::make_shared<StatusBoard>();
  const Pages pages = status_pages(board);
  CHECK(pages("/metrics"));
  CHECK(pages("/healthz"));
  CHECK(!board->is_looked_at());
  CHECK(pages("/"));
  CHECK(board->is_looked_at());
}

}  // namespace
}  // namespace asyndgan::telemetry
