// SPDX-License-Identifier: Apache-2.0
#include "console.hpp"

#include <atomic>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

namespace asyndgan::program {

namespace {
std::atomic<bool> asked_to_stop = false;  // lock-free, so a signal handler may set it

extern "C" void on_signal(int number) {
  asked_to_stop.store(true);
  (void)std::signal(number, SIG_DFL);  // the next one ends the program
}
}  // namespace

telemetry::Progress::Options Voice::progress(const std::string& unit) const {
  telemetry::Progress::Options options;
  options.style = quiet ? telemetry::ProgressStyle::quiet : telemetry::progress_style();
  options.columns = telemetry::terminal_columns();
  options.unit = unit;
  return options;
}

void Voice::say(std::string_view line) const {
  if (!quiet) std::cerr << line << std::endl;
}

void print(const nlohmann::ordered_json& result) {
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  std::cout << result.dump(2, ' ', /*ensure_ascii=*/false, kReplace) << '\n';
}

void watch_for_interrupts() {
  (void)std::signal(SIGINT, on_signal);
  (void)std::signal(SIGTERM, on_signal);
}

bool interrupted() { return asked_to_stop.load(); }

}  // namespace asyndgan::program
