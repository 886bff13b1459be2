// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/protocol/codec.hpp"

namespace asyndgan::protocol {

/// The one place where a site's messages become bytes. Each is entered in the ledger first, so
/// the sum of the ledger is what left.
///
/// Errors   WriteError if the entry cannot be written; there are then no bytes to send.
/// Threads  one at a time.
class SiteOutbox {
 public:
  /// `ledger` outlives the outbox; `recipient` is its name for the other side.
  SiteOutbox(privacy::EgressLedger& ledger, std::string recipient,
             const EncodeOptions& options = {})
      : ledger_(&ledger), recipient_(std::move(recipient)), options_(options) {}

  /// How tensors are written from here on.
  void encode_tensors(const AnyEncoding& encoding) { options_.tensors = encoding; }

  template <SiteMessage M>
  [[nodiscard]] std::vector<std::byte> encode(const M& message, RunId run) {
    detail::MessageWriter writer(options_);
    writer.write(message);
    privacy::LedgerEntry entry{.message = to_string(kind_of<M>()),
                               .recipient = recipient_,
                               .step = writer.step(),
                               .parts = writer.take_parts()};
    auto frame = std::move(writer).seal(kind_of<M>(), run);
    entry.bytes = frame.size();
    ledger_->enter(entry);
    return frame;
  }

  /// As encode(), and notes in the ledger that the site refused.
  [[nodiscard]] std::vector<std::byte> refuse(const Refusal& refusal, RunId run) {
    ledger_->refuse(recipient_, refusal.reason);
    return encode(refusal, run);
  }

 private:
  privacy::EgressLedger* ledger_;
  std::string recipient_;
  EncodeOptions options_;
};

}  // namespace asyndgan::protocol
