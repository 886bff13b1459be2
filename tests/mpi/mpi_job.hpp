// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/mpi.hpp"
#include "asyndgan/transport/transport.hpp"
#include "mpi/call.hpp"
#include "support/catch.hpp"
#include "support/mpirun.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::test {

/// The end of a transport::Mpi in another process: it sends and receives there, and throws here
/// what was thrown there.
class RemoteLink {
 public:
  explicit RemoteLink(std::filesystem::path path)
      : callers_(std::make_unique<Callers>(std::move(path))) {}
  RemoteLink(RemoteLink&&) noexcept = default;
  RemoteLink& operator=(RemoteLink&& other) noexcept {
    std::swap(callers_, other.callers_);
    return *this;
  }
  ~RemoteLink() {
    try {
      if (callers_) close();
    } catch (const std::exception&) {  // the process is gone
    }
  }

  void send(transport::Peer peer, std::span<const std::byte> message) {
    (void)call({.operation = Operation::send,
                .peer = peer,
                .bytes = std::vector<std::byte>(message.begin(), message.end())});
  }
  [[nodiscard]] std::vector<std::byte> receive(transport::Peer peer,
                                               std::chrono::milliseconds limit) {
    return call({.operation = Operation::receive, .peer = peer, .limit = limit.count()}).bytes;
  }
  [[nodiscard]] transport::Arrival receive_any(std::chrono::milliseconds limit) {
    auto answer = call({.operation = Operation::receive_any, .peer = kAll, .limit = limit.count()});
    return {answer.peer, std::move(answer.bytes)};
  }
  void close() { (void)call({.operation = Operation::close, .peer = kAll}); }

  /// The process ends its end and opens another, as soon as all others do so too.
  void reopen() { (void)call({.operation = Operation::reopen, .peer = kAll}); }

  [[nodiscard]] pid_t process() {
    const auto answer = call({.operation = Operation::process, .peer = kAll});
    return std::stoi(std::string(reinterpret_cast<const char*>(answer.bytes.data()),  // NOLINT
                                 answer.bytes.size()));
  }
  /// The process ends once nobody calls it any more.
  void leave() {
    (void)call({.operation = Operation::leave, .peer = kAll});
    callers_.reset();
  }

 private:
  static constexpr transport::Peer kAll = -1;

  /// A connection for each peer: distinct peers may run in parallel.
  struct Callers {
    explicit Callers(std::filesystem::path path_) : path(std::move(path_)) {}
    [[nodiscard]] const CallSocket& of(transport::Peer peer) {
      const std::lock_guard lock(mutex);
      auto found = by_peer.find(peer);
      if (found == by_peer.end()) {
        found = by_peer.emplace(peer, CallSocket::connect(path)).first;
      }
      return found->second;
    }
    std::filesystem::path path;
    std::mutex mutex;
    std::map<transport::Peer, CallSocket> by_peer;
  };

  Answer call(const Call& call) {
    const CallSocket& socket = callers_->of(call.peer);
    socket.write(call);
    Answer answer = socket.read_answer();
    if (answer.outcome == Outcome::done) return answer;
    const std::string words(reinterpret_cast<const char*>(answer.bytes.data()),  // NOLINT
                            answer.bytes.size());
    if (answer.outcome == Outcome::transport_timeout) throw TransportTimeout(words);
    if (answer.outcome == Outcome::transport_error) throw TransportError(words);
    throw ContractViolation(words);
  }

  std::unique_ptr<Callers> callers_;
};
static_assert(transport::Transport<RemoteLink>);

/// A job of a centre and its sites, each a process that does what the test says.
class MpiJob {
 public:
  using Link = RemoteLink;

  explicit MpiJob(int sites, const transport::MpiOptions& options = {}) : processes_(sites + 1) {
    auto arguments = mpirun();
    arguments.insert(arguments.begin(), "env");
    arguments.insert(arguments.end(),
                     {"-n", std::to_string(processes_), ASYNDGAN_MPI_PUPPET,
                      folder_.path().string(), std::to_string(options.largest_message),
                      std::to_string(options.capacity), std::to_string(options.patience.count())});
    start(std::move(arguments));
  }
  MpiJob(const MpiJob&) = delete;
  MpiJob& operator=(const MpiJob&) = delete;
  ~MpiJob() {
    if (mpirun_ == 0) return;
    try {
      for (transport::Peer rank = 0; rank < processes_; ++rank) join(rank).leave();
      const int code = wait();
      INFO(said());
      CHECK(code == 0);  // MPI was finalised with nothing on its way
    } catch (const std::exception& error) {
      FAIL_CHECK(error.what());
    }
  }

  [[nodiscard]] RemoteLink join(transport::Peer rank) {
    return RemoteLink(folder_ / ("rank-" + std::to_string(rank)));
  }

  /// Until the job ends. Returns the exit code of mpirun.
  [[nodiscard]] int wait() {
    int status = 0;
    ::waitpid(std::exchange(mpirun_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  [[nodiscard]] std::string said() const {
    std::ifstream file(folder_ / "output");
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  void start(std::vector<std::string> arguments) {
    const std::string output = (folder_ / "output").string();
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    std::fflush(nullptr);  // or the child would write it once more
    mpirun_ = ::fork();
    REQUIRE(mpirun_ >= 0);
    if (mpirun_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // mpirun then ends its job
    if (std::freopen(output.c_str(), "w", stdout) == nullptr) ::_exit(99);
    if (::dup2(STDOUT_FILENO, STDERR_FILENO) < 0) ::_exit(99);
    ::execvp(pointers.front(), pointers.data());
    ::_exit(99);
  }

  TemporaryFolder folder_;
  int processes_;
  pid_t mpirun_ = 0;
};

}  // namespace asyndgan::test
