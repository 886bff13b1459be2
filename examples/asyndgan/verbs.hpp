// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "console.hpp"

/// What `asyndgan <verb>` does. Each returns an exit code and throws what the library throws;
/// main() turns that into a message.
namespace asyndgan::program {

struct ConfigArguments {
  std::filesystem::path config;
  std::vector<std::string> changes;  // "key=value"
};

struct SimulateArguments {
  ConfigArguments from;
  bool fresh = false;  // forget what an earlier run left in the output folder
};
int simulate(const SimulateArguments& arguments, const Voice& voice);

/// The centre of a run whose sites come over the network.
int central(const ConfigArguments& arguments, const Voice& voice);

struct SiteArguments {
  ConfigArguments from;
  std::string name;              // of data.sites
  std::filesystem::path folder;  // of its own: ledger, secret, checkpoints
};
/// One site of such a run.
int site(const SiteArguments& arguments, const Voice& voice);

struct CheckArguments {
  ConfigArguments from;
  std::string site;                             // only this one, and its way to the centre
  std::filesystem::path folder = "site-state";  // where it is to keep its own
};
int check(const CheckArguments& arguments, const Voice& voice);

struct SynthesizeArguments {
  std::filesystem::path run;   // output folder of a run
  std::filesystem::path maps;  // folder of label volumes
  std::filesystem::path out;
  int copies = 0;  // 0: as the run's configuration says
};
int synthesize(const SynthesizeArguments& arguments, const Voice& voice);

struct EvaluateArguments {
  std::filesystem::path run;
  std::string segmenter = "synthetic-0";  // file name in the run's segmenters/
  std::filesystem::path data;             // folder of labelled images
  std::string layout = "volumes";
};
int evaluate(const EvaluateArguments& arguments, const Voice& voice);

struct ReportArguments {
  std::filesystem::path folder;
  std::vector<std::filesystem::path> with;  // runs that differ in their seed alone
};
int report(const ReportArguments& arguments, const Voice& voice);

}  // namespace asyndgan::program
