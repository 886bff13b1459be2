// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of privacy/ledger.hpp.

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
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"
#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/core/log.hpp"
#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/privacy/shareable.hpp"

namespace asyndgan::privacy {

namespace detail {

[[nodiscard]] inline std::string utc_now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::ostringstream text;
  text << std::put_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
  return text.str();
}

}  // namespace detail

ASYNDGAN_INLINE EgressLedger::EgressLedger(const std::filesystem::path& path) : path_(path) {
  const bool exists = std::filesystem::exists(path);
  file_.emplace(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file_->valid()) fail("cannot open ledger ", errno);
  if (::flock(file_->number(), LOCK_EX | LOCK_NB) != 0) fail("cannot lock ledger ", errno);
  if (exists) read_back();
}

ASYNDGAN_INLINE EgressLedger::~EgressLedger() {
  if (file_ && file_->valid()) ::fdatasync(file_->number());
}

ASYNDGAN_INLINE void EgressLedger::enter(const LedgerEntry& entry) {
  nlohmann::ordered_json line{
      {"time", detail::utc_now()}, {"to", entry.recipient},
      {"message", entry.message},  {"step", entry.step},
      {"bytes", entry.bytes},      {"parts", nlohmann::ordered_json::array()}};
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

ASYNDGAN_INLINE void EgressLedger::refuse(const std::string& recipient, const std::string& reason) {
  const nlohmann::ordered_json line{
      {"time", detail::utc_now()}, {"to", recipient}, {"refused", reason}};
  append(line);
  count(line);
}

ASYNDGAN_INLINE void EgressLedger::flush() {
  if (file_ && ::fdatasync(file_->number()) != 0) fail("cannot flush ledger ", errno);
  flushed_ = std::chrono::steady_clock::now();
}

ASYNDGAN_INLINE std::uint64_t EgressLedger::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [kind, total] : by_message_) sum += total.bytes;
  return sum;
}

ASYNDGAN_INLINE std::string EgressLedger::summary() const {
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

ASYNDGAN_INLINE void EgressLedger::fail(const char* what, int code) const {
  throw WriteError(what + asyndgan::detail::file_problem(path_, code));
}

// Half an entry would spoil the next one. Its message does not leave.
ASYNDGAN_INLINE void EgressLedger::take_back(std::int64_t end, int code) const {
  if (::ftruncate(file_->number(), end) != 0) {
    fail("cannot write ledger, whose last line is now cut short, ", code);
  }
  fail("cannot write ledger ", code);
}

ASYNDGAN_INLINE void EgressLedger::append(const nlohmann::ordered_json& line) {
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

ASYNDGAN_INLINE void EgressLedger::count(const nlohmann::ordered_json& line) {
  if (line.contains("refused")) {
    ++refusals_;
    return;
  }
  const auto bytes = line.at("bytes").get<std::uint64_t>();
  auto& message = by_message_[line.at("message").get<std::string>()];
  ++message.messages;
  message.bytes += bytes;
  std::uint64_t framing = bytes;
  for (const auto& part : line.at("parts")) {
    auto& total = by_content_[part.at("content").get<std::string>()];
    const auto size = part.at("bytes").get<std::uint64_t>();
    ++total.messages;
    total.items += part.at("items").get<std::uint64_t>();
    total.bytes += size;
    framing -= size;
  }
  auto& total = by_content_["framing"];
  ++total.messages;
  total.bytes += framing;
}

// A last line without its end was cut short by a crash: its message did not leave, and it is
// taken back as in append().
ASYNDGAN_INLINE void EgressLedger::read_back() {
  constexpr std::size_t kMost = std::size_t{1} << 32;  // 2e7 entries of 200 bytes
  const auto bytes = read_file(path_, kMost);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::size_t begin = 0;
  for (std::size_t number = 1; begin < text.size(); ++number) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) {
      log(LogLevel::warning,
          "ledger '" + path_.string() + "': dropped the unfinished line " + std::to_string(number));
      if (::ftruncate(file_->number(), static_cast<off_t>(begin)) != 0) {
        fail("cannot repair ledger ", errno);
      }
      return;
    }
    read_line(text.substr(begin, end - begin), number);
    begin = end + 1;
  }
}

ASYNDGAN_INLINE void EgressLedger::read_line(std::string_view text, std::size_t number) {
  try {
    count(nlohmann::ordered_json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw DataError("'" + path_.string() + "' line " + std::to_string(number) +
                    " is not a ledger entry: " + error.what());
  }
}

}  // namespace asyndgan::privacy
