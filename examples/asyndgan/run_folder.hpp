// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "config.hpp"

namespace asyndgan::program {

/// The output folder of a run:
///
///   config.json              the configuration it runs under, every key
///   events.jsonl             losses, one line per step
///   checkpoints/             what an interrupted run goes on from
///   results/<phase>.json     what a finished phase found; its presence means "finished"
///   pictures/                examples, PNG
///   synthetic/               the synthetic data set
///   generator.safetensors    the trained generator, its weights averaged
///   segmenters/              the trained segmenters
///   sites/<name>/            what a site keeps for itself: its ledger, its report
///   report.html, report.json
///
/// One program at a time works in it; a second one is refused.
class RunFolder {
 public:
  /// Creates the folder, or takes up the run in it. `fresh` removes what an earlier run left,
  /// except the sites' ledgers, which become ledger-1.jsonl and so on.
  ///
  /// Errors  ConfigError if a run with another configuration is in it that got past its data; Error
  /// if another program
  ///         works in it; WriteError.
  [[nodiscard]] static RunFolder open(const RunConfig& config, bool fresh);

  /// An existing run, to be read. Errors  DataError if there is none.
  [[nodiscard]] static RunFolder read(const std::filesystem::path& folder);

  RunFolder(RunFolder&&) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] const RunConfig& config() const { return config_; }
  [[nodiscard]] std::filesystem::path events() const { return root_ / "events.jsonl"; }
  [[nodiscard]] std::filesystem::path checkpoint(const std::string& name) const;
  /// The site's own folder, made if need be.
  [[nodiscard]] std::filesystem::path site(const std::string& name) const;

  /// What a finished phase found, or nothing if it has not finished.
  [[nodiscard]] std::optional<nlohmann::json> result(std::string_view phase) const;
  /// Marks a phase as finished, with what it found.
  void finish(std::string_view phase, const nlohmann::json& result) const;

  void write(const std::filesystem::path& relative, std::string_view text) const;
  void write(const std::filesystem::path& relative, std::span<const std::byte> bytes) const;

 private:
  RunFolder(std::filesystem::path root, RunConfig config)
      : root_(std::move(root)), config_(std::move(config)) {}
  void lock();

  std::filesystem::path root_;
  RunConfig config_;
  int lock_ = -1;  // file descriptor
};

}  // namespace asyndgan::program
