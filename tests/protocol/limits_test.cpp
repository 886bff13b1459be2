// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/limits.hpp"

#include "protocol/samples.hpp"
#include "support/catch.hpp"

namespace asyndgan::protocol {
namespace {

using test::Samples;

constexpr RunId kLimitsRun = 5;

TEST_CASE("A run's limits let its own messages through, in either precision", "[protocol]") {
  const Limits limits = Limits::for_run({2, 3, 5, 7}, 4);
  CHECK(limits.classes == 4);
  const auto fits = [&](auto images) {
    const Fakes fakes{.images = Samples::synthetic(std::move(images)),
                      .maps = privacy::Release::public_label_maps(Samples::label_map(2, 5, 7, 4))};
    return decode(Samples::frame(fakes, kLimitsRun), limits, kLimitsRun).header.kind == Kind::fakes;
  };
  CHECK(fits(Tensor<float>({2, 3, 5, 7})));
  CHECK(fits(Tensor<double>({2, 3, 5, 7})));
}

TEST_CASE("A run's limits refuse what is larger by one", "[protocol]") {
  const Limits limits = Limits::for_run({2, 3, 5, 7}, 4);
  const auto error = [&](const Shape& shape) -> std::string {
    const Fakes fakes{.images = Samples::synthetic(Tensor<float>(shape))};
    try {
      (void)decode(Samples::frame(fakes, kLimitsRun), limits, kLimitsRun);
    } catch (const ProtocolError& refused) {
      return refused.what();
    }
    return "no error";
  };
  CHECK(error({3, 3, 5, 7}) == "tensor batch is 3, expected 1 to 2");
  CHECK(error({2, 4, 5, 7}) == "tensor channels is 4, expected 1 to 3");
  CHECK(error({2, 3, 6, 7}) == "tensor height is 6, expected 1 to 5");
  CHECK(error({2, 3, 5, 8}) == "tensor width is 8, expected 1 to 7");
}

}  // namespace
}  // namespace asyndgan::protocol
