// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/site_outbox.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "asyndgan/privacy/sanitizers/clip_norm.hpp"
#include "protocol/samples.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::protocol {
namespace {

using privacy::EgressLedger;
using test::Samples;

constexpr RunId kOutboxRun = 12;

TEST_CASE("What a site sends is entered to the last byte", "[protocol]") {
  EgressLedger ledger;
  SiteOutbox outbox(ledger, "central");
  std::uint64_t sent = 0;
  sent += outbox.encode(Samples::hello(), kOutboxRun).size();
  sent += outbox.encode(Samples::masks(), kOutboxRun).size();
  sent += outbox.encode(Samples::gradient(), kOutboxRun).size();
  sent += outbox.encode(Gradient{8, Samples::gradient().d_fake}, kOutboxRun).size();
  sent += outbox.refuse(Samples::refusal(), kOutboxRun).size();
  sent += outbox.encode(Samples::goodbye(), kOutboxRun).size();
  CHECK(ledger.bytes() == sent);
  CHECK(ledger.refusals() == 1);

  std::uint64_t by_content = 0;
  for (const auto& [content, total] : ledger.by_content()) by_content += total.bytes;
  CHECK(by_content == sent);

  const auto& content = ledger.by_content();
  // Two gradients of 2 x 1 x 5 x 7 floats, 280 bytes, after 17 of precision and extents.
  CHECK(content.at("gradient") == EgressLedger::Total{2, 4, 594});
  CHECK(content.at("label_maps").items == 6);
  CHECK(content.at("label_maps").messages == 2);
  CHECK(content.at("aggregate") == EgressLedger::Total{1, 8, 32});
  CHECK(content.at("site_facts").messages == 1);
  CHECK(content.at("framing").messages == 6);
  CHECK(content.count("synthetic") == 0);
  CHECK(ledger.by_message().at("gradient").messages == 2);
}

TEST_CASE("The ledger says what was done to a gradient and what it reveals", "[protocol]") {
  const test::TemporaryFolder folder;
  EgressLedger ledger(folder / "egress.jsonl");
  const privacy::Release release({.allow_gradients_that_reveal_images = true}, 1);
  auto d_fake = release.gradient(privacy::SiteGradient<float>{test::uniform<float>({1, 1, 3, 3}, 1),
                                                              privacy::Reveals::paired_image},
                                 privacy::ClipNorm(0.5), 4);
  (void)SiteOutbox(ledger, "central of the trial")
      .encode(Gradient{4, std::move(d_fake)}, kOutboxRun);
  const auto bytes = read_file(folder / "egress.jsonl", 10'000);
  const auto line =
      nlohmann::json::parse(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  CHECK(line.at("to") == "central of the trial");
  CHECK(line.at("step") == 4);
  CHECK(line.at("parts").size() == 1);
  CHECK(line.at("parts")[0].at("reveals") == "paired_image");
  CHECK(line.at("parts")[0].at("treatment") == "clip_norm(0.5)");
}

TEST_CASE("A message that cannot be entered has no bytes to send", "[protocol]") {
  const test::TemporaryFolder folder;
  EgressLedger ledger(folder / "egress.jsonl");
  SiteOutbox outbox(ledger, "central");
  std::vector<std::byte> frame;
  {
    const test::FullDisk full(20);
    CHECK_THROWS_AS(frame = outbox.encode(Samples::masks(), kOutboxRun), WriteError);
  }
  CHECK(frame.empty());
  CHECK(ledger.bytes() == 0);
  frame = outbox.encode(Samples::masks(), kOutboxRun);
  CHECK(ledger.bytes() == frame.size());
}

}  // namespace
}  // namespace asyndgan::protocol
