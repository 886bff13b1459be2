// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "console.hpp"

/// What `asyndgan provision <verb>` does: docs/operations.md, "Certificates". As in verbs.hpp.
namespace asyndgan::program {

struct FoundArguments {
  std::filesystem::path folder;  // gets authority/
  std::string consortium;
  int years = 10;
  std::string revocations_at;  // URL; empty: none
};
int provision_init(const FoundArguments& arguments, const Voice& voice);

struct OrderArguments {
  std::filesystem::path folder;   // with authority/
  std::filesystem::path request;  // empty: the authority makes the key
  std::string name;
  bool central = false;
  bool site = false;
  std::vector<std::string> hosts;
  int days = 30;
  bool renew = false;
  std::filesystem::path out;  // gets <name>/; empty: `folder`
};
/// `issue`, and with a request `sign`.
int provision_order(const OrderArguments& arguments, const Voice& voice);

struct RequestArguments {
  std::string name;
  std::filesystem::path out = ".";  // gets <name>/
};
int provision_request(const RequestArguments& arguments, const Voice& voice);

struct RevokeArguments {
  std::filesystem::path folder;
  std::string name_or_serial;
};
int provision_revoke(const RevokeArguments& arguments, const Voice& voice);

struct LedgerArguments {
  std::filesystem::path folder;
};
int provision_list(const LedgerArguments& arguments, const Voice& voice);

struct ShowArguments {
  std::filesystem::path path;  // a certificate, a request or a participant's folder
};
int provision_show(const ShowArguments& arguments, const Voice& voice);

}  // namespace asyndgan::program
