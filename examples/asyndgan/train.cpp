// SPDX-License-Identifier: Apache-2.0
#include "train.hpp"

#include "asyndgan/core/random.hpp"
#include "training_run.hpp"

namespace asyndgan::program {

Trained train(const RunFolder& folder, const FederationData& data, const Voice& voice) {
  return folder.config().discriminator.kind == DiscriminatorKind::pixel
             ? train_with_pixel(folder, data, voice)
             : train_with_patch(folder, data, voice);
}

std::uint64_t site_secret(const RunConfig& config, std::size_t site) {
  const random::Stream stream({.seed = config.run.seed,
                               .site = static_cast<std::uint32_t>(site + 1),
                               .purpose = random::Purpose::sanitize});
  return static_cast<std::uint64_t>(stream.bits(0)) << 32U | stream.bits(1);
}

void enter_ledger(SiteTrained& site, const privacy::EgressLedger& ledger) {
  site.refusals = ledger.refusals();
  for (const auto& [content, total] : ledger.by_content()) {
    site.sent[content] = {total.messages, total.items, total.bytes};
  }
}

std::filesystem::path ledger_file(const RunFolder& folder, const std::string& site) {
  return folder.site(site) / "ledger.jsonl";
}

}  // namespace asyndgan::program
