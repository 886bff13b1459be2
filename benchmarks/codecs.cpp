// SPDX-License-Identifier: Apache-2.0
//
// How fast each encoding writes and reads a tensor, in bytes of float32 a second, and what it
// loses: uniform values in [-1, 1], (4, 3, 256, 256). Beside them a copy by the C library, which is
// as fast as memory is. The least time of each counts, and --threads are those of the kernels.

#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "asyndgan/core/random.hpp"
#include "asyndgan/protocol/encoding.hpp"
#include "asyndgan/protocol/encodings/bfloat16.hpp"
#include "asyndgan/protocol/encodings/float16.hpp"
#include "asyndgan/protocol/encodings/float32.hpp"
#include "asyndgan/protocol/encodings/int8.hpp"
#include "asyndgan/protocol/encodings/top_k.hpp"
#include "asyndgan/protocol/encodings/uint8.hpp"
#include "asyndgan/protocol/encodings/zstd.hpp"
#include "support/benchmark.hpp"

namespace asyndgan::benchmark {
namespace {

Tensor<float> uniform(const Shape& shape) {
  const random::Stream stream({.seed = 1});
  Tensor<float> values(shape);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values.values()[i] = static_cast<float>(2 * stream.uniform(i) - 1);
  }
  return values;
}

/// Root of the mean square of a - b, relative to b's.
double relative_error(const Tensor<float>& a, const Tensor<float>& b) {
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += std::pow(static_cast<double>(a.values()[i]) - b.values()[i], 2);
    size += std::pow(static_cast<double>(b.values()[i]), 2);
  }
  return std::sqrt(error / size);
}

class Codecs {
 public:
  explicit Codecs(const Arguments& arguments) : arguments_(arguments) {}

  void copy() {
    std::vector<float> to(values_.size());
    throughput("memcpy", [&] { std::memcpy(to.data(), values_.data(), values_.bytes()); });
  }

  template <protocol::Encoding E>
  void measure_encoding(const E& encoding) {
    const std::string name = encoding.describe();
    std::vector<std::byte> bytes;
    const auto write = [&] {
      protocol::ByteWriter writer;
      protocol::write_encoded(encoding, values_, writer);
      bytes = std::move(writer).take();
    };
    Tensor<float> got;
    const auto read = [&] {
      protocol::ByteReader reader(bytes);
      got = protocol::read_encoded<E>(reader, {});
    };
    write();
    read();
    throughput(name + " write", write);
    throughput(name + " read", read);
    add(name, "relative_error", relative_error(got, values_), "1");
  }

  [[nodiscard]] const telemetry::Rows& rows() const { return rows_; }

 private:
  template <class F>
  void throughput(const std::string& name, const F& call) {
    if (!selected(arguments_, name)) return;
    const double seconds = measure(arguments_, arguments_.seconds, call).minimum;
    add(name, "throughput", static_cast<double>(values_.bytes()) / seconds, "bytes/s");
  }
  void add(const std::string& name, const std::string& metric, double value,
           const std::string& unit) {
    if (!selected(arguments_, name)) return;
    std::printf("%-20s %-16s %10.3g %s\n", name.c_str(), metric.c_str(), value, unit.c_str());
    std::fflush(stdout);
    rows_.rows.push_back({.case_name = name, .metric = metric, .value = value, .unit = unit});
  }

  const Arguments& arguments_;
  Tensor<float> values_ = uniform({4, 3, 256, 256});
  telemetry::Rows rows_{"codecs", telemetry::this_machine(), {}};
};

telemetry::Rows measure_all(const Arguments& arguments) {
  using namespace protocol::encodings;  // NOLINT: what this is about
  Codecs codecs(arguments);
  codecs.copy();
  codecs.measure_encoding(Float32());
  codecs.measure_encoding(Float16());
  codecs.measure_encoding(Bfloat16());
  codecs.measure_encoding(Uint8());
  codecs.measure_encoding(Int8());
  codecs.measure_encoding(TopK(0.1));
  codecs.measure_encoding(Zstd<Uint8>());
  return codecs.rows();
}

}  // namespace
}  // namespace asyndgan::benchmark

int main(int count, char** values) {
  return asyndgan::benchmark::run(count, values, asyndgan::benchmark::measure_all);
}
