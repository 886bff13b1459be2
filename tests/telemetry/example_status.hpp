// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/telemetry/status.hpp"

namespace asyndgan::test {

/// What a hostile site may call itself, or give as its reason.
inline const std::string kHostile = "<script>alert('\"1\"')</script>\\\n&";

/// Two pictures of a fresh generator.
[[nodiscard]] inline std::shared_ptr<const telemetry::Samples> example_samples() {
  using Generator = networks::ResnetGenerator<float>;
  Generator generator({.in_channels = 3, .out_channels = 2, .base_channels = 2, .blocks = 1});
  Generator::Saved saved;
  const auto drawn = privacy::Synthetic<float>::by(generator, Tensor<float>({2, 3, 8, 12}), saved);
  return std::make_shared<const telemetry::Samples>(
      7, LabelMap(2, 8, 12), drawn, std::vector<std::string>{"t1", "t2"},
      std::vector<std::string>{"background", "lesion"});
}

/// A run of three sites: one that answers, one that has left, one that was never there.
[[nodiscard]] inline telemetry::Status example_status() {
  using federation::Presence;
  telemetry::Status status{
      .title = "Head <study>",
      .step = 1234,
      .steps = 5000,
      .started = 1.7e9,
      .updated = 1.7e9 + 60,
      .stepped = 1.7e9 + 59.5,
      .steps_per_second = 2.5,
      .sites = {{.name = "north",
                 .presence = Presence::present,
                 .answers = 1230,
                 .dropped = 4,
                 .step = 1234,
                 .age = 2,
                 .losses = privacy::Losses{0.25, 0.5, 1.5, 4},
                 .traffic = {{protocol::Kind::fakes,
                              {.messages_sent = 10, .bytes_sent = 1'999'900}},
                             {protocol::Kind::gradient,
                              {.messages_received = 19, .bytes_received = 3'499'950}},
                             {protocol::Kind::refusal, {1, 100, 1, 50}}}},
                {.name = kHostile, .presence = Presence::expelled, .step = 12},
                {.name = "west"}},
      .losses = {{"G", {{1, 0.5}, {2, 0.25}}}, {"D " + kHostile, {{1, 1}, {2, 2}}}},
      .rates = {{"steps/s", {{1, 2.5}, {2, 2.25}}}},
      .traffic = {{"received", {{1, 1000}}}, {"sent", {}}},
      .events = {{1.7e9 + 30, 12, "site '" + kHostile + "': " + kHostile}},
      .samples = example_samples()};
  return status;
}

}  // namespace asyndgan::test
