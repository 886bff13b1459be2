// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asyndgan::test {

/// A metric of Prometheus' text format.
struct Metric {
  std::string type;
  std::string help;
  std::map<std::map<std::string, std::string>, double> samples;  // by their labels
};

/// Reads Prometheus' text format, version 0.0.4, and takes nothing that its specification does
/// not: HELP and TYPE before each metric's samples, once; all samples of a metric together, each
/// with labels of its own; names as they are allowed; the last line ended. Throws
/// std::runtime_error with the line.
class Exposition {
 public:
  [[nodiscard]] static std::map<std::string, Metric> read(std::string_view text) {
    Exposition reader;
    if (text.empty() || text.back() != '\n') throw std::runtime_error("the last line has no end");
    while (!text.empty()) {
      const auto end = text.find('\n');
      reader.line_ = text.substr(0, end);
      reader.rest_ = reader.line_;
      reader.read_line();
      text.remove_prefix(end + 1);
    }
    return std::move(reader.metrics_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(what + ": " + std::string(line_));
  }

  void read_line() {
    if (skip("# HELP ")) {
      current_ = name(/*colons=*/true);
      if (metrics_.contains(current_)) fail("a second HELP");
      require(" ");
      metrics_[current_].help = rest_;
      if (rest_.empty()) fail("an empty HELP");
    } else if (skip("# TYPE ")) {
      if (name(true) != current_ || !metrics_[current_].type.empty()) fail("a TYPE out of place");
      require(" ");
      metrics_[current_].type = rest_;
      if (rest_ != "counter" && rest_ != "gauge") fail("an unknown type");
      if ((rest_ == "counter") != current_.ends_with("_total")) fail("a name of another type");
    } else {
      read_sample();
    }
  }

  void read_sample() {
    if (name(true) != current_) fail("a sample of another metric");
    Metric& metric = metrics_[current_];
    if (metric.type.empty()) fail("a sample without a TYPE");
    std::map<std::string, std::string> labels;
    if (skip("{")) {
      do {
        const std::string label = name(/*colons=*/false);
        require("=\"");
        if (!labels.emplace(label, label_value()).second) fail("a label twice");
      } while (skip(","));
      require("}");
    }
    require(" ");
    if (!metric.samples.emplace(std::move(labels), number()).second) fail("a sample twice");
  }

  bool skip(std::string_view what) {
    if (!rest_.starts_with(what)) return false;
    rest_.remove_prefix(what.size());
    return true;
  }
  void require(std::string_view what) {
    if (!skip(what)) fail("expected '" + std::string(what) + "'");
  }
  std::string name(bool colons) {
    std::size_t size = 0;
    while (size < rest_.size()) {
      const auto c = static_cast<unsigned char>(rest_[size]);
      const bool letter = (c < 0x80 && std::isalpha(c) != 0) || c == '_' || (colons && c == ':');
      if (!letter && (size == 0 || c >= 0x80 || std::isdigit(c) == 0)) break;
      ++size;
    }
    if (size == 0) fail("expected a name");
    std::string found(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return found;
  }
  std::string label_value() {
    std::string value;
    while (!rest_.empty() && rest_.front() != '"') {
      if (skip("\\\\")) {
        value += '\\';
      } else if (skip("\\\"")) {
        value += '"';
      } else if (skip("\\n")) {
        value += '\n';
      } else if (rest_.front() == '\\') {
        fail("an unknown escape");
      } else {
        value += rest_.front();
        rest_.remove_prefix(1);
      }
    }
    require("\"");
    return value;
  }
  double number() {
    double value = 0;
    if (rest_ == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (rest_ == "+Inf") return std::numeric_limits<double>::infinity();
    if (rest_ == "-Inf") return -std::numeric_limits<double>::infinity();
    const auto [end, failed] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (failed != std::errc() || end != rest_.data() + rest_.size()) fail("expected a number");
    return value;
  }

  std::map<std::string, Metric> metrics_;
  std::string current_;
  std::string_view line_;
  std::string_view rest_;
};

}  // namespace asyndgan::test
