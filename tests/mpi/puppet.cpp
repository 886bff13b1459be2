// SPDX-License-Identifier: Apache-2.0
//
// A process of an MPI job that does what a test says (mpi_job.hpp).
//   puppet FOLDER LARGEST_MESSAGE CAPACITY PATIENCE_MS

#include <unistd.h>

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/mpi.hpp"
#include "mpi/call.hpp"

namespace asyndgan::test {
namespace {

using Link = std::optional<transport::Mpi>;

transport::MpiOptions options;

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Answer perform(Link& link, const Call& call) {
  const std::chrono::milliseconds limit(call.limit);
  switch (call.operation) {
    case Operation::send:
      link->send(call.peer, call.bytes);
      return {};
    case Operation::receive:
      return {.bytes = link->receive(call.peer, limit)};
    case Operation::receive_any: {
      auto arrival = link->receive_any(limit);
      return {.peer = arrival.peer, .bytes = std::move(arrival.message)};
    }
    case Operation::close:
      link->close();
      return {};
    case Operation::reopen:
      link.reset();
      link.emplace(transport::Mpi::open(options));
      return {};
    case Operation::process:
      return {.bytes = bytes_of(std::to_string(::getpid()))};
    case Operation::leave:
      return {};
  }
  throw ContractViolation("no such operation");
}

Answer answer(Link& link, const Call& call) {
  try {
    return perform(link, call);
  } catch (const ContractViolation& error) {
    return {.outcome = Outcome::contract_violation, .bytes = bytes_of(error.what())};
  } catch (const TransportTimeout& error) {
    return {.outcome = Outcome::transport_timeout, .bytes = bytes_of(error.what())};
  } catch (const TransportError& error) {
    return {.outcome = Outcome::transport_error, .bytes = bytes_of(error.what())};
  }
}

/// Until the caller goes.
void serve(Link& link, const CallSocket& caller, const CallSocket& door) {
  try {
    for (;;) {
      const Call call = caller.read_call();
      caller.write(answer(link, call));
      if (call.operation == Operation::leave) door.stop();
    }
  } catch (const std::runtime_error&) {
  }
}

void run(const std::filesystem::path& folder) {
  Link link = transport::Mpi::open(options);
  const auto door = CallSocket::listen(folder / ("rank-" + std::to_string(link->rank())));
  std::vector<std::thread> threads;
  try {
    for (;;) {
      threads.emplace_back([&, caller = door.accept()]() mutable { serve(link, caller, door); });
    }
  } catch (const std::runtime_error&) {  // told to leave
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace asyndgan::test

int main(int, char** values) {
  try {
    asyndgan::test::options = {.largest_message = std::stoull(values[2]),
                               .capacity = std::stoull(values[3]),
                               .patience = std::chrono::milliseconds(std::stoll(values[4]))};
    asyndgan::test::run(values[1]);
  } catch (const std::exception& error) {
    std::cerr << "puppet: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
