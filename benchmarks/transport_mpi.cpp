// SPDX-License-Identifier: Apache-2.0
// What transport::Mpi moves between two processes of one job, the cases of benchmarks/transport,
// and what a process costs that only waits. That benchmark starts this one:
//   mpirun --bind-to none -np 2 build/<preset>/benchmarks/transport_mpi [--json FILE] ...

#include <thread>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/mpi.hpp"
#include "support/benchmark.hpp"
#include "support/link.hpp"
#include "support/step_overhead.hpp"

namespace asyndgan::benchmark {
namespace {

telemetry::Rows measure_all(const Arguments& arguments) {
  Report report("transport");
  auto link = transport::Mpi::open();
  if (link.rank() != transport::kCentral) {
    play_along(arguments, "mpi", link);
    serve_steps(arguments, "mpi", link);
    try {
      (void)link.receive(transport::kCentral, kLimit);  // while the centre measures itself
    } catch (const TransportError&) {
    }
    return report.rows();
  }
  measure_as_centre(arguments, "mpi", link, report);
  measure_steps(arguments, "mpi", link, report);
  if (selected(arguments, kMpiWaiting)) {
    const double processor = processor_now();
    const double begin = now();
    try {
      (void)link.receive(1, std::chrono::seconds(5));
    } catch (const TransportTimeout&) {
    }
    report.add(kMpiWaiting, "processor", (processor_now() - processor) / (now() - begin), "1");
  }
  return report.rows();
}

}  // namespace
}  // namespace asyndgan::benchmark

int main(int count, char** values) {
  return asyndgan::benchmark::run(count, values, asyndgan::benchmark::measure_all);
}
