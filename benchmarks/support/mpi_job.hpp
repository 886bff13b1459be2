// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parallel.hpp"
#include "asyndgan/telemetry/json_rows.hpp"
#include "support/benchmark.hpp"
#include "support/link.hpp"
#include "support/mpirun.hpp"
#include "support/step_overhead.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::benchmark {

/// The rows of transport_mpi, which lies beside this program and needs a process for each end;
/// where it cannot be started, a line says why.
///
/// Errors  Error where it fails.
inline void measure_mpi(const Arguments& arguments, Report& report) {
  const auto program =
      std::filesystem::read_symlink("/proc/self/exe").replace_filename("transport_mpi");
  if (link_cases(arguments, "mpi").empty() && step_cases(arguments, "mpi").empty() &&
      !selected(arguments, kMpiWaiting)) {
    return;
  }
  if (!std::filesystem::exists(program)) {
    std::printf("mpi: not measured, for there is no %s (ASYNDGAN_WITH_MPI)\n", program.c_str());
    return;
  }
  if (!std::filesystem::exists(ASYNDGAN_MPIEXEC)) {
    std::printf("mpi: not measured, for there is no mpirun (%s)\n", ASYNDGAN_MPIEXEC);
    return;
  }
  const test::TemporaryFolder folder;
  const auto file = folder / "rows.json";
  std::string command = "env";
  for (const auto& word : test::mpirun()) command += " " + word;
  command += " -np 2 '" + program.string() + "' --json '" + file.string() + "' --seconds " +
             std::to_string(arguments.seconds) + " --threads " + std::to_string(thread_count());
  if (!arguments.only.empty()) command += " --only '" + arguments.only + "'";
  if (std::system(command.c_str()) != 0) throw Error("failed: " + command);
  std::ifstream stream(file);
  report.append(telemetry::rows_from_json(nlohmann::json::parse(stream), file.string()));
}

}  // namespace asyndgan::benchmark
