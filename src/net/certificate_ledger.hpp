// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "asyndgan/transport/authority.hpp"

/// The authority's ledger, issued.jsonl.
namespace asyndgan::transport {

// Errors  DataError for a file that cannot be read, CertificateError naming file, line and key.
[[nodiscard]] std::vector<IssuedCertificate> read_ledger(const std::filesystem::path& file);

[[nodiscard]] std::string ledger_text(const std::vector<IssuedCertificate>& ledger);

}  // namespace asyndgan::transport
