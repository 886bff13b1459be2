// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "faults/lan.hpp"

/// Disks and memory that run out.
namespace asyndgan::faults {

/// A small disk. Lan unmounts what a killed test left.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path folder, const std::string& size) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    require_shell("mount -t tmpfs -o size=" + size + " asyndgan-faults " + folder_.string());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() { (void)shell("umount -l " + folder_.string()); }

  /// To the last byte.
  void fill() const { (void)shell("cat /dev/zero > " + filler().string()); }
  void make_room() const { std::filesystem::remove(filler()); }

 private:
  [[nodiscard]] std::filesystem::path filler() const { return folder_ / "filler"; }

  std::filesystem::path folder_;
};

/// A group of processes that share so much memory, by a cgroup of version 1.
class SmallMemory {
 public:
  static constexpr const char* kRoot = "/sys/fs/cgroup/memory";

  explicit SmallMemory(std::size_t bytes) {
    (void)shell("rmdir " + folder_.string());
    std::filesystem::create_directory(folder_);
    write("memory.limit_in_bytes", std::to_string(bytes));
  }
  SmallMemory(const SmallMemory&) = delete;
  SmallMemory& operator=(const SmallMemory&) = delete;
  ~SmallMemory() {
    (void)shell("for i in $(seq 50); do rmdir " + folder_.string() + " && break; sleep 0.1; done");
  }

  [[nodiscard]] static bool possible() {
    return std::filesystem::exists(std::filesystem::path(kRoot) / "memory.limit_in_bytes");
  }
  [[nodiscard]] std::filesystem::path members() const { return folder_ / "cgroup.procs"; }

 private:
  void write(const std::string& file, const std::string& value) const {
    std::ofstream stream(folder_ / file);
    stream << value << std::flush;
    REQUIRE(stream.good());
  }

  std::filesystem::path folder_ = std::filesystem::path(kRoot) / "asyndgan-faults";
};

}  // namespace asyndgan::faults
