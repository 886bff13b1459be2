// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <iomanip>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"
#include "asyndgan/core/log.hpp"
#include "asyndgan/privacy/ledger_entry.hpp"
#include "asyndgan/privacy/shareable.hpp"

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
  explicit EgressLedger(const std::filesystem::path& path) : path_(path) {
    const bool exists = std::filesystem::exists(path);
    file_.emplace(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file_->valid()) fail("cannot open ledger ", errno);
    if (::flock(file_->number(), LOCK_EX | LOCK_NB) != 0) fail("cannot lock ledger ", errno);
    if (exists) read_back();
  }

  EgressLedger(EgressLedger&&) = default;
  EgressLedger& operator=(EgressLedger&&) = default;
  ~EgressLedger() {
    if (file_ && file_->valid()) ::fdatasync(file_->number());
  }

  void enter(const LedgerEntry& entry) {
    nlohmann::ordered_json line{
        {"time", utc_now()},  {"to", entry.recipient}, {"message", entry.message},
        {"step", entry.step}, {"bytes", entry.bytes},  {"parts", nlohmann::ordered_json::array()}};
    for (const auto& [provenance, bytes] : entry.parts) {
      nlohmann::ordered_json part{{"content", to_string(provenance.content)},
                                  {"items", provenance.items},
                                  {"bytes", bytes},
                                  {"treatment", provenance.treatment}};
      if (provenance.reveals) part["reveals"] = to_string(*provenance.reveals);
      line["parts"].push_back(std::move(part));
    }
    append(line);
    count(line);
  }

  /// A request that the site refused; nothing left.
  void refuse(const std::string& recipient, const std::string& reason) {
    const nlohmann::ordered_json line{{"time", utc_now()}, {"to", recipient}, {"refused", reason}};
    append(line);
    count(line);
  }

  void flush() {
    if (file_ && ::fdatasync(file_->number()) != 0) fail("cannot flush ledger ", errno);
    flushed_ = std::chrono::steady_clock::now();
  }

  /// By content ("gradient", "label_maps", ...), and "framing" for headers and the like. Their
  /// bytes add up to those of the messages.
  [[nodiscard]] const std::map<std::string, Total>& by_content() const { return by_content_; }
  /// By kind of message. `items` is 0.
  [[nodiscard]] const std::map<std::string, Total>& by_message() const { return by_message_; }
  [[nodiscard]] std::uint64_t refusals() const { return refusals_; }
  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [kind, total] : by_message_) sum += total.bytes;
    return sum;
  }

  /// A table for people, by content.
  [[nodiscard]] std::string summary() const {
    std::ostringstream text;
    const auto row = [&text](const auto& content, const auto& messages, const auto& items,
                             const auto& bytes) {
      text << std::left << std::setw(12) << content << std::right << std::setw(12) << messages
           << std::setw(14) << items << std::setw(18) << bytes << '\n';
    };
    row("content", "messages", "items", "bytes");
    for (const auto& [content, total] : by_content_) {
      row(content, total.messages, total.items, total.bytes);
    }
    text << "refused requests: " << refusals_ << '\n';
    return text.str();
  }

 private:
  [[noreturn]] void fail(const char* what, int code) const {
    throw WriteError(what + asyndgan::detail::file_problem(path_, code));
  }

  [[nodiscard]] static std::string utc_now() {
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::ostringstream text;
    text << std::put_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
    return text.str();
  }

  void append(const nlohmann::ordered_json& line) {
    if (!file_) return;
    // A name in another encoding must not keep an entry out: its bad bytes are replaced.
    const std::string text =
        line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    const off_t end = ::lseek(file_->number(), 0, SEEK_END);
    auto bytes = std::as_bytes(std::span(text));
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_->number(), bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) take_back(end, errno);
      if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    if (std::chrono::steady_clock::now() - flushed_ > std::chrono::seconds(1)) flush();
  }

  // Half an entry would spoil the next one. Its message does not leave.
  [[noreturn]] void take_back(off_t end, int code) const {
    if (::ftruncate(file_->number(), end) != 0) {
      fail("cannot write ledger, whose last line is now cut short, ", code);
    }
    fail("cannot write ledger ", code);
  }

  template <class Json>
  void count(const Json& line) {
    if (line.contains("refused")) {
      ++refusals_;
      return;
    }
    const auto bytes = line.at("bytes").template get<std::uint64_t>();
    auto& message = by_message_[line.at("message").template get<std::string>()];
    ++message.messages;
    message.bytes += bytes;
    std::uint64_t framing = bytes;
    for (const auto& part : line.at("parts")) {
      auto& total = by_content_[part.at("content").template get<std::string>()];
      const auto size = part.at("bytes").template get<std::uint64_t>();
      ++total.messages;
      total.items += part.at("items").template get<std::uint64_t>();
      total.bytes += size;
      framing -= size;
    }
    auto& total = by_content_["framing"];
    ++total.messages;
    total.bytes += framing;
  }

  // A last line without its end was cut short by a crash: its message did not leave, and it is
  // taken back as in append().
  void read_back() {
    constexpr std::size_t kMost = std::size_t{1} << 32;  // 2e7 entries of 200 bytes
    const auto bytes = read_file(path_, kMost);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::size_t begin = 0;
    for (std::size_t number = 1; begin < text.size(); ++number) {
      const std::size_t end = text.find('\n', begin);
      if (end == std::string_view::npos) {
        log(LogLevel::warning, "ledger '" + path_.string() + "': dropped the unfinished line " +
                                   std::to_string(number));
        if (::ftruncate(file_->number(), static_cast<off_t>(begin)) != 0) {
          fail("cannot repair ledger ", errno);
        }
        return;
      }
      read_line(text.substr(begin, end - begin), number);
      begin = end + 1;
    }
  }

  void read_line(std::string_view text, std::size_t number) {
    try {
      count(nlohmann::json::parse(text));
    } catch (const nlohmann::json::exception& error) {
      throw DataError("'" + path_.string() + "' line " + std::to_string(number) +
                      " is not a ledger entry: " + error.what());
    }
  }

  std::filesystem::path path_;
  std::optional<asyndgan::detail::Descriptor> file_;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
  std::map<std::string, Total> by_content_;
  std::map<std::string, Total> by_message_;
  std::uint64_t refusals_ = 0;
};

}  // namespace asyndgan::privacy
