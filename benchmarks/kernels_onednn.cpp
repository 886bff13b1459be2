// SPDX-License-Identifier: Apache-2.0
// The convolutions of kernels.cpp by the oneDNN that Debian has, in the layouts that it asks for
// and without the cost of getting into them; by its direct algorithms. Padding is zeros, as it does
// not reflect. Built where libdnnl-dev is installed; a peer for compare.py.
#include <omp.h>
#include <dnnl.hpp>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "support/benchmark.hpp"
#include "support/convolutions.hpp"

namespace asyndgan {
namespace {

using benchmark::Convolution;
using dnnl::memory;

/// A convolution's three maps on memory of their own.
class Maps {
 public:
  Maps(const Convolution& c, const dnnl::engine& engine) : engine_(engine), stream_(engine) {
    const Shape output = kernels::conv2d_shape(c.input, c.filters, c.g);
    const auto image = description({c.input.n, c.input.c, c.input.h, c.input.w});
    const auto weight = description({c.filters, c.input.c, c.g.kernel, c.g.kernel});
    const auto result = description({output.n, output.c, output.h, output.w});
    const memory::dims strides{c.g.stride, c.g.stride};
    const memory::dims before{c.g.padding, c.g.padding};
    const auto behind = [&](int in, int out) {
      return (out - 1) * c.g.stride + c.g.kernel - in - c.g.padding;
    };
    const memory::dims after{behind(c.input.h, output.h), behind(c.input.w, output.w)};
    const auto algorithm = dnnl::algorithm::convolution_direct;
    const dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, algorithm, image, weight, result, strides, before,
         after},
        engine);
    const dnnl::convolution_backward_data::primitive_desc input(
        {algorithm, image, weight, result, strides, before, after}, engine, forward);
    const dnnl::convolution_backward_weights::primitive_desc weights(
        {algorithm, image, weight, result, strides, before, after}, engine, forward);
    calls_ = {{"forward",
               dnnl::convolution_forward(forward),
               {{DNNL_ARG_SRC, filled(forward.src_desc())},
                {DNNL_ARG_WEIGHTS, filled(forward.weights_desc())},
                {DNNL_ARG_DST, filled(forward.dst_desc())}}},
              {"backward input",
               dnnl::convolution_backward_data(input),
               {{DNNL_ARG_DIFF_DST, filled(input.diff_dst_desc())},
                {DNNL_ARG_WEIGHTS, filled(input.weights_desc())},
                {DNNL_ARG_DIFF_SRC, filled(input.diff_src_desc())}}},
              {"backward weight",
               dnnl::convolution_backward_weights(weights),
               {{DNNL_ARG_SRC, filled(weights.src_desc())},
                {DNNL_ARG_DIFF_DST, filled(weights.diff_dst_desc())},
                {DNNL_ARG_DIFF_WEIGHTS, filled(weights.diff_weights_desc())}}}};
  }

  /// visit(metric, call) for each map.
  template <class Visit>
  void for_each(const Visit& visit) {
    for (auto& call : calls_) {
      visit(call.metric, [&] {
        call.primitive.execute(stream_, call.arguments);
        stream_.wait();
      });
    }
  }

 private:
  struct Call {
    const char* metric;
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
  };

  [[nodiscard]] static memory::desc description(const memory::dims& dims) {
    return {dims, memory::data_type::f32, memory::format_tag::any};
  }
  [[nodiscard]] memory filled(const memory::desc& desc) const {
    memory made(desc, engine_);
    auto* const values = static_cast<float*>(made.get_data_handle());
    for (std::size_t i = 0; i < desc.get_size() / sizeof(float); ++i) {
      values[i] = static_cast<float>(i % 61) * 0.033F - 1;
    }
    return made;
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<Call> calls_;
};

void run_all(const benchmark::Arguments& arguments) {
  omp_set_num_threads(thread_count());
  const dnnl_version_t& version = *dnnl_version();
  const std::string peer = "oneDNN " + std::to_string(version.major) + "." +
                           std::to_string(version.minor) + "." + std::to_string(version.patch) +
                           ", direct";
  auto rows = nlohmann::json::array();
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  for (const Convolution& c : benchmark::convolutions()) {
    if (!benchmark::selected(arguments, c.name)) continue;
    std::printf("%s%s", c.name.c_str(), arguments.list ? "\n" : "");
    if (arguments.list) continue;
    Maps(c, engine).for_each([&](const char* metric, const auto& call) {
      const double seconds = benchmark::measure(arguments, arguments.seconds / 3, call).median;
      std::printf(" %9.3f", seconds * 1e3);
      rows.push_back({{"case", c.name + " threads " + std::to_string(thread_count())},
                      {"metric", metric},
                      {"value", seconds},
                      {"unit", "s"}});
    });
    std::printf("\n");
    std::fflush(stdout);
  }
  if (arguments.json.empty()) return;
  std::ofstream file(arguments.json);
  file << nlohmann::json{{"benchmark", "kernels"}, {"peer", peer}, {"rows", rows}};
  if (!file.flush()) throw WriteError("cannot write " + arguments.json);
}

}  // namespace
}  // namespace asyndgan

int main(int count, char** values) {
  try {
    asyndgan::run_all(asyndgan::benchmark::parse(count, values));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", values[0], error.what());
    return 1;
  }
}
