// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/privacy/ledger.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "asyndgan/core/log.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::privacy {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

LedgerEntry gradient_entry(std::uint64_t step) {
  return {.message = "gradient",
          .recipient = "central",
          .step = step,
          .bytes = 1000,
          .parts = {{{.content = Content::gradient,
                      .items = 4,
                      .reveals = Reveals::discriminator_only,
                      .treatment = "clip_norm(1)"},
                     800},
                    {{.content = Content::label_maps, .items = 4, .treatment = "augmented"}, 150}}};
}

TEST_CASE("The ledger adds up by content and by message", "[privacy]") {
  EgressLedger ledger;
  ledger.enter(gradient_entry(1));
  ledger.enter(gradient_entry(2));
  ledger.enter({.message = "goodbye", .recipient = "central", .bytes = 44, .parts = {}});
  ledger.refuse("central", "no");
  CHECK(ledger.bytes() == 2044);
  CHECK(ledger.refusals() == 1);
  CHECK(ledger.by_content().at("gradient") == EgressLedger::Total{2, 8, 1600});
  CHECK(ledger.by_content().at("label_maps") == EgressLedger::Total{2, 8, 300});
  CHECK(ledger.by_content().at("framing") == EgressLedger::Total{3, 0, 144});
  CHECK(ledger.by_message().at("gradient") == EgressLedger::Total{2, 0, 2000});
  CHECK(ledger.by_message().at("goodbye") == EgressLedger::Total{1, 0, 44});
  CHECK(ledger.summary() ==
        "content         messages         items             bytes\n"
        "framing                3             0               144\n"
        "gradient               2             8              1600\n"
        "label_maps             2             8               300\n"
        "refused requests: 1\n");
}

TEST_CASE("The ledger's file has one JSON object a line, written before enter() returns",
          "[privacy]") {
  const test::TemporaryFolder folder;
  EgressLedger ledger(folder / "egress.jsonl");
  ledger.enter(gradient_entry(7));
  const auto line = nlohmann::json::parse(text_of(folder / "egress.jsonl"));
  CHECK(line.at("to") == "central");
  CHECK(line.at("message") == "gradient");
  CHECK(line.at("step") == 7);
  CHECK(line.at("bytes") == 1000);
  CHECK(line.at("parts").at(0).at("reveals") == "discriminator_only");
  CHECK(line.at("parts").at(0).at("treatment") == "clip_norm(1)");
  CHECK(line.at("parts").at(1).at("content") == "label_maps");
  CHECK_FALSE(line.at("parts").at(1).contains("reveals"));
  const auto time = line.at("time").get<std::string>();
  CHECK(time.size() == 20);  // "2026-11-24T06:30:00Z"
  CHECK(time.back() == 'Z');
}

TEST_CASE("A ledger is continued, not begun anew", "[privacy]") {
  const test::TemporaryFolder folder;
  {
    EgressLedger ledger(folder / "egress.jsonl");
    ledger.enter(gradient_entry(1));
    ledger.refuse("central", "no");
  }
  EgressLedger ledger(folder / "egress.jsonl");
  CHECK(ledger.bytes() == 1000);
  CHECK(ledger.refusals() == 1);
  ledger.enter(gradient_entry(2));
  CHECK(ledger.by_content().at("gradient") == EgressLedger::Total{2, 8, 1600});
  const std::string text = text_of(folder / "egress.jsonl");
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
}

TEST_CASE("A line that a crash cut short is dropped and the ledger goes on", "[privacy]") {
  const test::TemporaryFolder folder;
  { EgressLedger(folder / "egress.jsonl").enter(gradient_entry(1)); }
  const std::string whole = text_of(folder / "egress.jsonl");
  std::vector<std::string> warnings;
  set_log_sink([&](LogLevel, std::string_view line) { warnings.emplace_back(line); });
  for (std::size_t cut = 1; cut < whole.size(); cut += 17) {
    std::ofstream(folder / "egress.jsonl") << whole << whole.substr(0, cut);
    {
      EgressLedger ledger(folder / "egress.jsonl");
      CHECK(ledger.by_message().at("gradient").messages == 1);
      ledger.enter(gradient_entry(2));
    }
    CHECK(EgressLedger(folder / "egress.jsonl").bytes() == 2000);
  }
  set_log_sink({});
  REQUIRE(warnings.size() > 5);
  CHECK(warnings[0] ==
        "ledger '" + (folder / "egress.jsonl").string() + "': dropped the unfinished line 2");
}

TEST_CASE("A full disk is an error that names the file, and spoils no entry", "[privacy]") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "egress.jsonl").string();
  EgressLedger ledger(path);
  ledger.enter(gradient_entry(1));
  const std::string before = text_of(path);
  {
    const test::FullDisk limit(before.size() + 10);
    CHECK_THROWS_WITH(ledger.enter(gradient_entry(2)),
                      "cannot write ledger '" + path + "': File too large");
  }
  CHECK(text_of(path) == before);
  CHECK(ledger.bytes() == 1000);  // the message does not leave
  ledger.enter(gradient_entry(3));
  CHECK(nlohmann::json::parse(text_of(path).substr(before.size())).at("step") == 3);
}

TEST_CASE("A ledger that cannot be opened, is in use or is something else is an error",
          "[privacy]") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(EgressLedger(folder / "none" / "egress.jsonl"),
                    "cannot open ledger '" + (folder / "none" / "egress.jsonl").string() +
                        "': No such file or directory");
  const EgressLedger open(folder / "egress.jsonl");
  CHECK_THROWS_WITH(EgressLedger(folder / "egress.jsonl"),
                    Catch::StartsWith("cannot lock ledger '"));
  std::ofstream(folder / "other") << "{\"time\": 1}\n";
  CHECK_THROWS_WITH(
      EgressLedger(folder / "other"),
      Catch::StartsWith("'" + (folder / "other").string() + "' line 1 is not a ledger entry: "));
  std::ofstream(folder / "text") << "hello\n";
  CHECK_THROWS_AS(EgressLedger(folder / "text"), DataError);
}

TEST_CASE("A name in a broken encoding is entered all the same", "[privacy]") {
  const test::TemporaryFolder folder;
  {
    EgressLedger ledger(folder / "egress.jsonl");
    ledger.enter({.message = "hello", .recipient = "Z\xFCrich\n", .bytes = 1, .parts = {}});
  }
  CHECK(EgressLedger(folder / "egress.jsonl").bytes() == 1);
}

}  // namespace
}  // namespace asyndgan::privacy
