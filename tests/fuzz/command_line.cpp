// SPDX-License-Identifier: Apache-2.0
//
// The command line, one argument a line: every verb with its options, but none is run.
#include "command_line.hpp"

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "config.hpp"
#include "fuzz/fuzz.hpp"
#include "provision.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

// What the command line names; a fuzzer that calls one has found a fault.
int simulate(const SimulateArguments&, const Voice&) { std::abort(); }
int central(const ConfigArguments&, const Voice&) { std::abort(); }
int site(const SiteArguments&, const Voice&) { std::abort(); }
int check(const CheckArguments&, const Voice&) { std::abort(); }
int synthesize(const SynthesizeArguments&, const Voice&) { std::abort(); }
int evaluate(const EvaluateArguments&, const Voice&) { std::abort(); }
int report(const ReportArguments&, const Voice&) { std::abort(); }
int provision_init(const FoundArguments&, const Voice&) { std::abort(); }
int provision_order(const OrderArguments&, const Voice&) { std::abort(); }
int provision_request(const RequestArguments&, const Voice&) { std::abort(); }
int provision_revoke(const RevokeArguments&, const Voice&) { std::abort(); }
int provision_list(const LedgerArguments&, const Voice&) { std::abort(); }
int provision_show(const ShowArguments&, const Voice&) { std::abort(); }

}  // namespace asyndgan::program

using namespace asyndgan::program;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> arguments{"asyndgan"};
  std::istringstream lines(std::string(data, data + size));
  for (std::string line; std::getline(lines, line);) {
    arguments.push_back(line.substr(0, line.find('\0')));  // as a system passes it
  }
  std::vector<const char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(argument.c_str());
  Voice voice;
  const int code = with_command_line(static_cast<int>(pointers.size()), pointers.data(), voice,
                                     [](const std::function<int()>& verb) {
                                       if (!verb) std::abort();
                                       return static_cast<int>(kDone);
                                     });
  if (code != kDone && code != kWrongUse) std::abort();
  return 0;
}
