// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/mpi.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "conformance/transport.hpp"
#include "mpi/mpi_job.hpp"
#include "support/catch.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;
using test::MpiJob;
using test::numbered;

ASYNDGAN_FIXED_TRANSPORT_CONFORMANCE(MpiJob, "[mpi]")

TEST_CASE("Messages of 1 byte and of 64 MiB arrive, an empty one is refused", "[mpi]") {
  MpiJob job(1);
  auto central = job.join(0);
  auto site = job.join(1);
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{64} << 20}) {
    site.send(0, numbered(1, 7, bytes));
    CHECK((central.receive(1, 60s) == numbered(1, 7, bytes)));
  }
  CHECK_THROWS_AS(site.send(0, {}), ContractViolation);
}

// src/mpi/line.hpp: 8 bytes of length and 16,376 more are the first piece, a further one has 1 MiB.
TEST_CASE("Messages of one byte more or less than the pieces hold arrive", "[mpi]") {
  constexpr std::size_t kFirst = 16384 - 8;
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  MpiJob job(1);
  auto central = job.join(0);
  auto site = job.join(1);
  for (const std::size_t whole : {kFirst, kFirst + kPiece, kFirst + 2 * kPiece}) {
    for (const std::size_t bytes : {whole - 1, whole, whole + 1}) {
      site.send(0, numbered(1, 7, bytes));
      CHECK((central.receive(1, 5s) == numbered(1, 7, bytes)));
    }
  }
}

TEST_CASE("A message that is too long ends the talk with its sender alone", "[mpi]") {
  MpiJob job(2, {.largest_message = 1000, .patience = 5s});
  auto central = job.join(0);
  auto first = job.join(1);
  auto second = job.join(2);
  first.send(0, numbered(1, 0, 1000));
  CHECK(central.receive(1, 5s) == numbered(1, 0, 1000));
  for (const std::size_t bytes : {std::size_t{1001}, std::size_t{10} << 20}) {
    auto& site = bytes == 1001 ? first : second;
    const Peer rank = bytes == 1001 ? 1 : 2;
    try {
      site.send(0, numbered(1, 1, bytes));
    } catch (const TransportError&) {  // if the centre has answered before its end
    }
    CHECK_THROWS_WITH(central.receive(rank, 5s),
                      Catch::Contains("it announced a message of " + std::to_string(bytes) +
                                      " bytes, at most 1000"));
    CHECK_THROWS_AS(site.receive(0, 5s), TransportError);
    if (rank == 1) {
      second.send(0, numbered(2, 0));
      CHECK(central.receive(2, 5s) == numbered(2, 0));
    }
  }
}

TEST_CASE("A centre that does not read holds the sender back, and in the end it gives up",
          "[mpi]") {
  constexpr std::size_t kBytes = std::size_t{4} << 20;
  MpiJob job(2, {.capacity = 2, .patience = 300ms});
  auto central = job.join(0);
  auto first = job.join(1);
  auto second = job.join(2);
  for (const std::size_t bytes : {std::size_t{8}, kBytes}) {
    auto& site = bytes == 8 ? first : second;
    const auto rank = static_cast<std::uint32_t>(bytes == 8 ? 1 : 2);
    std::uint32_t sent = 0;
    try {
      for (; sent < 100; ++sent) site.send(0, numbered(rank, sent, bytes));
    } catch (const TransportTimeout&) {
    }
    CHECK(sent >= 2);
    CHECK(sent <= 3);  // and what waits to be taken
    for (std::uint32_t i = 0; i < sent; ++i) {
      CHECK((central.receive(static_cast<Peer>(rank), 5s) == numbered(rank, i, bytes)));
    }
  }
}

TEST_CASE("All may open another end, whoever closes first disturbing nobody", "[mpi]") {
  MpiJob job(2);
  auto central = job.join(0);
  auto first = job.join(1);
  auto second = job.join(2);
  first.send(0, numbered(1, 0));
  auto again = std::async(std::launch::async, [&] { first.reopen(); });
  CHECK(central.receive_any(5s).message == numbered(1, 0));
  CHECK(central.receive_any(5s).gone());
  second.send(0, numbered(2, 0));
  CHECK(central.receive(2, 5s) == numbered(2, 0));
  central.send(2, numbered(0, 1));  // which the site never reads
  auto too = std::async(std::launch::async, [&] { second.reopen(); });
  central.reopen();
  again.get();
  too.get();
  first.send(0, numbered(1, 2));
  CHECK(central.receive(1, 5s) == numbered(1, 2));
  central.send(2, numbered(0, 3));
  CHECK(second.receive(0, 5s) == numbered(0, 3));
}

TEST_CASE("MPI ends the job when a process dies", "[mpi]") {
  MpiJob job(2);
  ::kill(job.join(1).process(), SIGKILL);
  CHECK(job.wait() == 128 + SIGKILL);
}

TEST_CASE("A program that mpirun did not start is told so", "[mpi]") {
  CHECK_THROWS_WITH(Mpi::open(),
                    "the MPI job has one process: start the centre and its sites together by "
                    "mpirun");
  CHECK_THROWS_AS(Mpi::open({.capacity = 0}), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::transport
