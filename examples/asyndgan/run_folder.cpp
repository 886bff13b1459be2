// SPDX-License-Identifier: Apache-2.0
#include "run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"

namespace asyndgan::program {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestResult = 64 << 20;

void make_folder(const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) throw WriteError("cannot create folder " + folder.string() + ": " + code.message());
}

std::string read_text(const fs::path& file) {
  const auto bytes = read_file(file, kLargestResult);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// All that a site keeps but what it has to prove: its ledgers, the last one under a name that
/// the next run does not take.
void remove_site(const fs::path& site) {
  for (const auto& entry : fs::directory_iterator(site)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("ledger")) fs::remove_all(entry.path());
  }
  const fs::path last = site / "ledger.jsonl";
  if (!fs::exists(last)) return;
  int number = 1;
  const auto earlier = [&] { return site / ("ledger-" + std::to_string(number) + ".jsonl"); };
  while (fs::exists(earlier())) ++number;
  fs::rename(last, earlier());
}

/// Something is there that another configuration would have made otherwise.
bool has_begun(const fs::path& root) {
  const auto holds = [&](const char* part) {
    return fs::exists(root / part) && !fs::is_empty(root / part);
  };
  return holds("results") || holds("checkpoints");
}

/// Only what a run makes, so that a mistaken --out does not cost anybody's other files.
void remove_run(const fs::path& root) {
  constexpr std::array kParts = {
      "config.json", "events.jsonl",          "checkpoints", "results",     "pictures",
      "synthetic",   "generator.safetensors", "segmenters",  "report.html", "report.json"};
  for (const char* part : kParts) fs::remove_all(root / part);
  if (!fs::exists(root / "sites")) return;
  for (const auto& site : fs::directory_iterator(root / "sites")) {
    if (site.is_directory()) remove_site(site.path());
  }
}

}  // namespace

RunFolder RunFolder::open(const RunConfig& config, bool fresh) {
  RunFolder folder(config.run.output, config);
  make_folder(folder.root_);
  folder.lock();
  if (fresh) remove_run(folder.root_);
  const fs::path file = folder.root_ / "config.json";
  // A run that found nothing yet, as with a wrong path, does not bind the next one.
  if (fs::exists(file) && has_begun(folder.root_)) {
    const auto there = parse_config(read_text(file), file.string(), "");
    if (const auto found = differences(there, config); !found.empty()) {
      std::string message = "a run with another configuration is in " + folder.root_.string() + ":";
      for (const auto& difference : found) message += "\n  " + difference;
      throw ConfigError(message +
                        "\nchoose another folder with --out, or start over (simulate: --fresh)");
    }
  }
  folder.write("config.json", config_text(config));
  for (const char* part : {"checkpoints", "results", "pictures", "sites"}) {
    make_folder(folder.root_ / part);
  }
  return folder;
}

RunFolder RunFolder::read(const fs::path& root) {
  const fs::path file = root / "config.json";
  if (!fs::exists(file)) {
    throw DataError(root.string() +
                    ": no run here (expected the output folder of "
                    "'asyndgan simulate' or 'asyndgan central', with its config.json)");
  }
  return {root, parse_config(read_text(file), file.string(), "")};
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : root_(std::move(other.root_)),
      config_(std::move(other.config_)),
      lock_(std::exchange(other.lock_, -1)) {}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

void RunFolder::lock() {
  const fs::path file = root_ / ".lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) {
    throw WriteError("cannot create " + file.string() + ": " +
                     std::generic_category().message(errno));
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    throw Error("another asyndgan works in " + root_.string() +
                "; wait for it, or choose another folder with --out");
  }
}

fs::path RunFolder::checkpoint(const std::string& name) const {
  return root_ / "checkpoints" / (name + ".safetensors");
}

fs::path RunFolder::site(const std::string& name) const {
  fs::path folder = root_ / "sites" / name;
  make_folder(folder);
  return folder;
}

std::optional<nlohmann::json> RunFolder::result(std::string_view phase) const {
  const fs::path file = root_ / "results" / (std::string(phase) + ".json");
  if (!fs::exists(file)) return std::nullopt;
  auto json = nlohmann::json::parse(read_text(file), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw DataError(file.string() + ": not valid JSON");
  return json;
}

void RunFolder::finish(std::string_view phase, const nlohmann::json& result) const {
  write(fs::path("results") / (std::string(phase) + ".json"), result.dump(1) + "\n");
}

void RunFolder::write(const fs::path& relative, std::string_view text) const {
  write(relative, std::as_bytes(std::span(text)));
}

void RunFolder::write(const fs::path& relative, std::span<const std::byte> bytes) const {
  write_file_atomically(root_ / relative, bytes);
}

}  // namespace asyndgan::program
