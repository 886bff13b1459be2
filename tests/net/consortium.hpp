// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/authority.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::test {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A moment for tests that must not depend on today: 2026-01-15 12:00:00 UTC.
inline constexpr transport::UtcTime kNoon =
    std::chrono::sys_days(std::chrono::year(2026) / std::chrono::January / 15) + hours(12);

[[nodiscard]] inline std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// Who may do what with a file, such as 0640.
[[nodiscard]] inline unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777u;
}

/// The message of the library's error that `work` throws, or "accepted".
template <class Work>
[[nodiscard]] std::string refusal(const Work& work) {
  try {
    (void)work();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

/// An authority in a folder of its own, and where its participants' folders go.
struct Consortium {
  explicit Consortium(transport::UtcTime now = kNoon)
      : authority(transport::Authority::create(folder / "authority", "Head consortium", now)) {}

  [[nodiscard]] std::filesystem::path file(const std::string& name, const std::string& file) const {
    return folder / name / file;
  }
  [[nodiscard]] transport::Trust trust() const {
    return {file("authority", "certificate.pem"), file("authority", "revoked.pem")};
  }
  transport::IssuedCertificate issue(const transport::CertificateOrder& order,
                                     transport::UtcTime now = kNoon) {
    return authority.issue(order, folder / order.name, now);
  }
  [[nodiscard]] std::string judged(const std::string& name, transport::UtcTime at,
                                   transport::Role role = transport::Role::site) const {
    return transport::why_refused(file(name, "certificate.pem"), trust(), role, at)
        .value_or("counts");
  }

  TemporaryFolder folder;
  transport::Authority authority;
};

}  // namespace asyndgan::test
