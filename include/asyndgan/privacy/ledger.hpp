// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"
#include "asyndgan/privacy/ledger_entry.hpp"

namespace asyndgan::privacy {

/// The record of everything that leaves a site: what kind, how much, when, to whom. Nothing in
/// it is ever changed; a file it is given is only appended to, one JSON object a line.
///
/// Every entry is handed to the operating system before its message may be sent, so a crash of
/// the program loses none; flush() makes what was entered survive a power failure. It is called
/// with the first entry after a second has passed, and on destruction.
///
/// Errors   WriteError naming the file and the reason; DataError for a file that is no ledger.
/// Threads  one at a time.
class EgressLedger {
 public:
  struct Total {
    std::uint64_t messages = 0;
    std::uint64_t items = 0;
    std::uint64_t bytes = 0;
    friend bool operator==(const Total&, const Total&) = default;
  };

  /// Kept in memory alone, for simulations.
  EgressLedger() = default;

  /// Continues the ledger at `path`, or begins one. Throws WriteError also where another
  /// process has it open.
  explicit EgressLedger(const std::filesystem::path& path);

  EgressLedger(EgressLedger&&) = default;
  EgressLedger& operator=(EgressLedger&&) = default;
  ~EgressLedger();

  void enter(const LedgerEntry& entry);

  /// A request that the site refused; nothing left.
  void refuse(const std::string& recipient, const std::string& reason);

  void flush();

  /// By content ("gradient", "label_maps", ...), and "framing" for headers and the like. Their
  /// bytes add up to those of the messages.
  [[nodiscard]] const std::map<std::string, Total>& by_content() const { return by_content_; }
  /// By kind of message. `items` is 0.
  [[nodiscard]] const std::map<std::string, Total>& by_message() const { return by_message_; }
  [[nodiscard]] std::uint64_t refusals() const { return refusals_; }
  [[nodiscard]] std::uint64_t bytes() const;

  /// A table for people, by content.
  [[nodiscard]] std::string summary() const;

 private:
  [[noreturn]] void fail(const char* what, int code) const;
  [[noreturn]] void take_back(std::int64_t end, int code) const;
  void append(const nlohmann::ordered_json& line);
  void count(const nlohmann::ordered_json& line);
  void read_back();
  void read_line(std::string_view text, std::size_t number);

  std::filesystem::path path_;
  std::optional<asyndgan::detail::Descriptor> file_;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
  std::map<std::string, Total> by_content_;
  std::map<std::string, Total> by_message_;
  std::uint64_t refusals_ = 0;
};

}  // namespace asyndgan::privacy

#ifndef ASYNDGAN_COMPILED
#include "asyndgan/privacy/impl/ledger.hpp"
#endif
