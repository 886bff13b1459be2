// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"
#include "tiny_run.hpp"

/// A centre and its sites as programs of their own, with a network between them.
namespace asyndgan::program::test {

/// A port that was free a moment ago.
[[nodiscard]] inline int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

/// A consortium in a scratch folder. Its centre is reached by the first of `hosts` unless told
/// otherwise.
class Consortium {
 public:
  explicit Consortium(const std::string& link, int steps,
                      std::vector<std::string> sites = {"north", "south"},
                      const std::vector<std::string>& hosts = {"127.0.0.1"})
      : sites_(std::move(sites)),
        config_(write_config(scratch_.path(), write_sites(scratch_.path(), sites_)).string()) {
    settings_ = {"network.link=" + link,
                 "network.host=" + hosts.front(),
                 "network.port=" + std::to_string(free_port()),
                 "training.steps=" + std::to_string(steps),
                 "training.checkpoint_every=3",
                 "network.status_port=0"};
    if (link != "tls") return;
    const auto provision = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.begin(), "provision");
      arguments.emplace_back("--quiet");
      const Ended ended = run(scratch_.path(), arguments);
      INFO(ended.err);
      REQUIRE(ended.code == 0);
    };
    const std::string authority = (path() / "authority").string();
    const std::string out = (path() / "certificates").string();
    provision({"init", authority, "--consortium", "Test"});
    std::vector<std::string> issue = {"issue", authority, "centre", "--central", "--out", out};
    for (const auto& host : hosts) issue.insert(issue.end(), {"--host", host});
    provision(std::move(issue));
    for (const auto& site : sites_) {
      provision({"issue", authority, site, "--site", "--out", out});
    }
  }

  [[nodiscard]] const std::filesystem::path& path() const { return scratch_.path(); }
  [[nodiscard]] const std::vector<std::string>& sites() const { return sites_; }
  void set(const std::string& setting) { settings_.push_back(setting); }
  /// The command line by which `who` (centre, north, south) is started, before the program's own.
  void start_by(const std::string& who, std::vector<std::string> launcher) {
    launchers_[who] = std::move(launcher);
  }

  [[nodiscard]] std::unique_ptr<Process> central(const std::string& out) const {
    return start("centre", central_arguments(out));
  }
  /// State folders of one name have one secret, and so the same draws.
  [[nodiscard]] std::unique_ptr<Process> site(const std::string& name,
                                              const std::string& out) const {
    return start(name, site_arguments(name, out));
  }
  [[nodiscard]] std::vector<std::string> central_arguments(const std::string& out) const {
    return with_settings("centre", {"central", config_, "--out", (path() / out).string()});
  }
  [[nodiscard]] std::vector<std::string> site_arguments(const std::string& name,
                                                        const std::string& out) const {
    const std::filesystem::path state = path() / (out + "-" + name);
    const std::filesystem::path secret = path() / ("secret-" + name);
    std::filesystem::create_directories(state);
    if (std::filesystem::exists(secret) && !std::filesystem::exists(state / "secret"))
      std::filesystem::copy(secret, state / "secret");
    return with_settings(name, {"site", config_, "--name", name, "--out", state.string()});
  }
  void keep_secrets(const std::string& out) const {
    for (const auto& name : sites_) {
      std::filesystem::copy(path() / (out + "-" + name) / "secret", path() / ("secret-" + name));
    }
  }
  [[nodiscard]] std::string generator(const std::string& out) const {
    return contents(path() / out / "generator.safetensors");
  }
  /// Until the centre has done so many steps, 60 s at most.
  void wait_for(const std::string& out, std::ptrdiff_t steps) const {
    for (int i = 0; i < 6000; ++i) {
      const std::string events = contents(path() / out / "events.jsonl");
      if (std::count(events.begin(), events.end(), '\n') >= steps) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL("the run does not get on");
  }
  /// Until a file that is appended to has `text`, behind the first `after`, 60 s at most.
  static void wait_for_text(const std::filesystem::path& file, const std::string& text,
                            const std::string& after = "") {
    std::string all;
    for (int i = 0; i < 6000; ++i) {
      std::ifstream stream(file, std::ios::binary);
      stream.seekg(static_cast<std::streamoff>(all.size()));  // a run may write megabytes
      all.append(std::istreambuf_iterator<char>(stream), {});
      const auto from = all.find(after);
      if (from != std::string::npos && all.find(text, from) != std::string::npos) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL(file.string() + " does not come to say '" + text + "'");
  }

 private:
  [[nodiscard]] std::unique_ptr<Process> start(const std::string& who,
                                               std::vector<std::string> arguments) const {
    RunOptions options;
    if (const auto found = launchers_.find(who); found != launchers_.end()) {
      const auto& launcher = found->second;
      arguments.insert(arguments.begin(), options.program);
      arguments.insert(arguments.begin(), launcher.begin() + 1, launcher.end());
      options.program = launcher.front();
    }
    return std::make_unique<Process>(path() / ("log-" + who), std::move(arguments), options);
  }
  [[nodiscard]] std::vector<std::string> with_settings(const std::string& who,
                                                       std::vector<std::string> arguments) const {
    auto settings = settings_;
    settings.push_back("network.certificates=" + (path() / "certificates" / who).string());
    for (const auto& setting : settings) {
      arguments.emplace_back("--set");
      arguments.push_back(setting);
    }
    return arguments;
  }

  Scratch scratch_;
  std::vector<std::string> sites_;
  std::string config_;
  std::vector<std::string> settings_;
  std::map<std::string, std::vector<std::string>> launchers_;
};

inline void require_done(Process& process) {
  const Ended ended = process.wait();
  INFO(ended.err);
  REQUIRE(ended.code == 0);
}

/// Starts all, and waits for their ends.
inline void run_undisturbed(const Consortium& consortium, const std::string& out) {
  std::vector<std::unique_ptr<Process>> processes;
  processes.push_back(consortium.central(out));
  for (const auto& name : consortium.sites()) processes.push_back(consortium.site(name, out));
  for (const auto& process : processes) require_done(*process);
}

}  // namespace asyndgan::program::test
