// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/federation/central.hpp"
#include "asyndgan/federation/site.hpp"
#include "asyndgan/federation/steps.hpp"
#include "asyndgan/modality/condition.hpp"
#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/transport/transport.hpp"
#include "support/benchmark.hpp"
#include "support/free_networks.hpp"
#include "support/link.hpp"
#include "support/temporary_folder.hpp"

/// What a step of one centre and one site takes beyond what is computed in it: Central::round() and
/// Site::serve() of networks that are next to free, over a link, beside the four functions of
/// federation/steps.hpp with the same networks and images, called one after the other.
///
///   step_overhead = step_time - step_compute - step_transfer
///
/// step_transfer is the bytes of the messages by the throughput of the same link, messages of 1 MiB
/// one way, measured right before.
/// What is left: drawing samples, what networks are told of label maps, screening, releases and
/// their ledger (in a file, as the program's), codecs, checksums, system calls, and waking up.
namespace asyndgan::benchmark {

/// Images that cross in a step.
struct StepCase {
  std::string name;
  int side = 0;  // pixels
};

/// Of the transport `name`, as far as they are selected.
[[nodiscard]] inline std::vector<StepCase> step_cases(const Arguments& arguments,
                                                      const std::string& name) {
  std::vector<StepCase> cases{{name + " step 16x16x3", 16}, {name + " step 256x256x3", 256}};
  std::erase_if(cases, [&](const StepCase& one) { return !selected(arguments, one.name); });
  return cases;
}

/// A link that stays its owner's, for one run after the other.
template <transport::Transport Link>
class Borrowed {
 public:
  explicit Borrowed(Link& link) : link_(&link) {}
  void send(transport::Peer peer, std::span<const std::byte> message) {
    link_->send(peer, message);
    bytes_ += message.size();
  }
  [[nodiscard]] std::vector<std::byte> receive(transport::Peer peer,
                                               std::chrono::milliseconds limit) {
    return counted(link_->receive(peer, limit));
  }
  [[nodiscard]] transport::Arrival receive_any(std::chrono::milliseconds limit) {
    auto arrival = link_->receive_any(limit);
    bytes_ += arrival.message.size();
    return arrival;
  }
  void close() {}

  /// Of messages, both ways.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] std::vector<std::byte> counted(std::vector<std::byte> message) {
    bytes_ += message.size();
    return message;
  }

  Link* link_;
  std::size_t bytes_ = 0;
};

namespace detail {

inline constexpr std::size_t kStreamed = std::size_t{1} << 20;
inline constexpr int kChannels = 3;
inline constexpr int kClasses = 3;

[[nodiscard]] inline data::Slices step_images(int side) {
  return data::phantom({.count = 8,
                        .height = side,
                        .width = side,
                        .channels = kChannels,
                        .classes = kClasses,
                        .seed = 1});
}

/// Those of the phantom.
[[nodiscard]] inline federation::Channels step_channels() { return {{"c0", "c1", "c2"}}; }

[[nodiscard]] inline federation::CentralOptions step_options(int side) {
  federation::CentralOptions options;
  options.seed = 1;
  options.steps = 1'000'000'000;
  options.batch = 1;
  options.input = {.classes = kClasses, .noise_channels = 0};
  options.height = options.width = side;
  return options;
}

/// Seconds of the algorithm in a step, without a federation: one image, drawn beforehand.
[[nodiscard]] inline double step_compute(const Arguments& arguments, int side) {
  FlatGenerator generator({.channels = kChannels});
  State<float> state;
  generator.collect("", state);
  optim::Adam<float> optimizer(state, {});
  federation::Critics<PixelJudge> critics;
  critics.emplace_back(std::vector<int>{0, 1, 2}, PixelJudge({.in_channels = kClasses + kChannels}),
                       optim::Adam<float>::Options{});
  const std::vector<std::size_t> first{0};
  const data::Slices batch = gather(step_images(side), first);
  const auto condition = modality::Condition<float>::one_hot(batch.labels, kClasses);
  const privacy::Private real(batch.images);
  const federation::Objective<float> objective;
  const auto timing = measure(arguments, arguments.seconds, [&] {
    FlatGenerator::Saved saved;
    const auto fake = federation::generate(generator, condition.channels, saved, {});
    update_discriminator(critics, condition, real, condition, fake.images(), objective, {});
    auto judgement = generator_gradient(critics, condition, fake.images(), objective, {});
    std::vector<federation::Contribution<FlatGenerator>> parts;
    parts.push_back({1, std::move(judgement.gradient.d_fake), &saved});
    update_generator(generator, optimizer, std::move(parts));
  });
  return timing.median;
}

}  // namespace detail

/// The site's part.
template <transport::Transport Link>
void serve_steps(const Arguments& arguments, const std::string& name, Link& link) {
  for (const StepCase& one : step_cases(arguments, name)) {
    send_one_way(arguments, detail::kStreamed, link);
    const test::TemporaryFolder folder;
    privacy::EgressLedger ledger(folder / "ledger.jsonl");
    federation::SiteOptions<PixelJudge> options;
    options.name = "site";
    options.secret = 1;
    federation::Site<PixelJudge, federation::Channels, Borrowed<Link>> site(
        privacy::Private(detail::step_images(one.side)), detail::step_channels(),
        Borrowed<Link>(link), ledger, options);
    site.serve();
  }
}

/// The centre's part.
template <transport::Transport Link>
void measure_steps(const Arguments& arguments, const std::string& name, Link& link,
                   Report& report) {
  for (const StepCase& one : step_cases(arguments, name)) {
    const double bytes_per_second = throughput(link);
    federation::Central<FlatGenerator, Borrowed<Link>> central(
        FlatGenerator({.channels = detail::kChannels}), Borrowed<Link>(link), 1,
        detail::step_options(one.side));
    central.admit();
    (void)central.round();  // the first greets, and sends label maps of their own
    const std::size_t bytes_before = central.link().bytes();
    std::size_t steps = 0;
    const Timing step = measure(arguments, arguments.seconds, [&] {
      (void)central.round();
      ++steps;
    });
    const auto bytes = static_cast<double>(central.link().bytes() - bytes_before);
    central.finish("measured");
    const double compute = detail::step_compute(arguments, one.side);
    const double transfer = bytes / static_cast<double>(steps) / bytes_per_second;
    report.add(one.name, "step_time", step.median, "s");
    report.add(one.name, "step_compute", compute, "s");
    report.add(one.name, "step_transfer", transfer, "s");
    report.add(one.name, "step_overhead", step.median - compute - transfer, "s");
  }
}

}  // namespace asyndgan::benchmark
