// SPDX-License-Identifier: Apache-2.0
#include "net/certificate_ledger.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "asyndgan/core/atomic_file.hpp"

namespace asyndgan::transport {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxLedgerBytes = std::size_t{64} << 20;  // some 200,000 certificates

std::optional<UtcTime> time_of(const std::string& text) {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ", &year, &month, &day, &hour, &minute,
                  &second) != 6) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  const UtcTime time = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                       std::chrono::minutes(minute) + std::chrono::seconds(second);
  return iso_text(time) == text ? std::optional(time) : std::nullopt;
}

std::optional<Role> role_of(const std::string& text) {
  for (const Role role : {Role::central, Role::site}) {
    if (to_string(role) == text) return role;
  }
  return std::nullopt;
}

bool is_hex(const std::string& text, std::size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/// One line of the file, which it names in what it throws.
class Line {
 public:
  Line(std::string where, const std::string& text)
      : where_(std::move(where)), object_(Json::parse(text, nullptr, false)) {
    if (!object_.is_object()) fail("is no JSON object");
  }

  [[nodiscard]] std::string text(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end() || !found->is_string()) fail(wrong(key, "a text"));
    return found->get<std::string>();
  }
  [[nodiscard]] std::string hex(const char* key, std::size_t digits) const {
    std::string value = text(key);
    if (!is_hex(value, digits)) {
      fail(wrong(key, (std::to_string(digits) + " hexadecimal digits").c_str()));
    }
    return value;
  }
  [[nodiscard]] UtcTime time(const char* key) const {
    const auto value = time_of(text(key));
    if (!value) fail(wrong(key, "a time such as 2026-12-24T13:05:09Z"));
    return *value;
  }
  [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }

  [[nodiscard]] IssuedCertificate read() const {
    IssuedCertificate issued;
    issued.serial = hex("serial", 32);
    issued.name = text("name");
    if (const auto problem = name_problem(issued.name)) fail("'name': " + *problem);
    const auto role = role_of(text("role"));
    if (!role) fail(wrong("role", "\"central\" or \"site\""));
    issued.role = *role;
    const auto hosts = object_.find("hosts");
    if (hosts == object_.end() || !hosts->is_array()) fail(wrong("hosts", "a list of texts"));
    for (const auto& host : *hosts) {
      if (!host.is_string()) fail(wrong("hosts", "a list of texts"));
      issued.hosts.push_back(host.get<std::string>());
    }
    issued.not_before = time("not_before");
    issued.not_after = time("not_after");
    issued.key = hex("key", 64);
    if (has("revoked")) issued.revoked = time("revoked");
    return issued;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw CertificateError(where_ + ": " + what);
  }
  [[nodiscard]] std::string wrong(const char* key, const char* expected) const {
    const auto found = object_.find(key);
    return "'" + std::string(key) + "' is " +
           (found == object_.end() ? "missing"
                                   : found->dump(-1, ' ', true, Json::error_handler_t::replace)) +
           ", expected " + expected;
  }

  std::string where_;
  Json object_;
};

}  // namespace

nlohmann::ordered_json to_json(const IssuedCertificate& issued) {
  nlohmann::ordered_json object{{"serial", issued.serial},
                                {"name", issued.name},
                                {"role", to_string(issued.role)},
                                {"hosts", issued.hosts},
                                {"not_before", iso_text(issued.not_before)},
                                {"not_after", iso_text(issued.not_after)},
                                {"key", issued.key}};
  if (issued.revoked) object["revoked"] = iso_text(*issued.revoked);
  return object;
}

std::vector<IssuedCertificate> read_ledger(const std::filesystem::path& file) {
  const std::vector<std::byte> bytes = read_file(file, kMaxLedgerBytes);
  std::istringstream lines(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::vector<IssuedCertificate> ledger;
  std::size_t number = 0;
  for (std::string text; std::getline(lines, text);) {
    const std::string where = "'" + file.string() + "' line " + std::to_string(++number);
    if (lines.eof()) throw CertificateError(where + ": is cut off, expected a line end");
    ledger.push_back(Line(where, text).read());
  }
  return ledger;
}

std::string ledger_text(const std::vector<IssuedCertificate>& ledger) {
  std::string text;
  for (const auto& issued : ledger) text += to_json(issued).dump() + '\n';
  return text;
}

}  // namespace asyndgan::transport
