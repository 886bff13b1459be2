// SPDX-License-Identifier: Apache-2.0
//
// What an encoding of fakes, gradients or masks saves, and what it costs: two sites of phantoms
// train a generator, a segmenter learns from what it draws, and is tested on phantoms that nobody
// has trained on. Three seeds each; --only "gradients int8" runs one line, beside float32, where
// masks are zstd's.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "asyndgan/asyndgan.hpp"
#include "support/benchmark.hpp"

namespace {

using namespace asyndgan;

using Generator = networks::ResnetGenerator<float>;
using Discriminator = networks::PatchDiscriminator<float>;
using Link = transport::Counted<transport::InProcess>;

constexpr int kSites = 2;
constexpr int kClasses = 4;
constexpr int kTrain = 64;  // slices of a site
constexpr int kTest = 32;
constexpr int kSeeds = 3;

struct Phantoms {
  std::vector<std::string> channels() const { return {"c0"}; }
};

/// `count` slices of a site behind the first `skip`, which have the same scanner.
data::Slices phantoms(int site, std::size_t skip, std::size_t count) {
  std::vector<std::size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), skip);
  return data::gather(
      data::phantom(
          {.count = kTrain + kTest, .classes = kClasses, .site = static_cast<std::uint32_t>(site)}),
      numbers);
}

/// Adds to each gradient what the encoding lost of those before it. For what it is worth alone: no
/// checkpoint has what it holds, and a site's own sanitizer would have to come before it.
template <protocol::Encoding E>
class Feedback {
 public:
  explicit Feedback(const E& encoding) : encoding_(encoding) {}

  void sanitize(privacy::HostTensor& d_fake, const random::Key& /*key*/) const {
    protocol::ByteWriter unused;
    protocol::write_with_feedback(encoding_, std::get<Tensor<float>>(d_fake.storage()), *residual_,
                                  unused);
  }
  [[nodiscard]] bool accepts(privacy::Reveals reveals) const {
    return privacy::PassThrough().accepts(reveals);
  }
  [[nodiscard]] std::string describe() const { return "feedback"; }

 private:
  E encoding_;
  std::shared_ptr<Tensor<float>> residual_ = std::make_shared<Tensor<float>>();
};

struct Setting {
  std::string name;
  protocol::AnyEncoding fakes = {};
  protocol::AnyEncoding gradients = {};
  protocol::AnyLabelEncoding masks = {};
  std::function<privacy::AnySanitizer()> sanitizer = [] { return privacy::PassThrough(); };
};

std::vector<Setting> settings() {
  namespace e = protocol::encodings;
  using Any = protocol::AnyEncoding;
  using Masks = protocol::AnyLabelEncoding;
  return {
      {"float32"},
      {"fakes float32+zstd", Any::of(e::Zstd<e::Float32>::kCode)},
      {"fakes float16", Any::of(e::Float16::kCode)},
      {"fakes float16+zstd", Any::of(e::Zstd<e::Float16>::kCode)},
      {"fakes bfloat16", Any::of(e::Bfloat16::kCode)},
      {"fakes uint8", Any::of(e::Uint8::kCode)},
      {"fakes uint8+zstd", Any::of(e::Zstd<e::Uint8>::kCode)},
      {"gradients float32+zstd", {}, Any::of(e::Zstd<e::Float32>::kCode)},
      {"gradients float16", {}, Any::of(e::Float16::kCode)},
      {"gradients float16+zstd", {}, Any::of(e::Zstd<e::Float16>::kCode)},
      {"gradients bfloat16", {}, Any::of(e::Bfloat16::kCode)},
      {"gradients int8", {}, Any::of(e::Int8::kCode)},
      {"gradients int8 with feedback",
       {},
       Any::of(e::Int8::kCode),
       {},
       [] { return Feedback(e::Int8()); }},
      {"gradients int8+zstd", {}, Any::of(e::Zstd<e::Int8>::kCode)},
      {"gradients top-k, a tenth", {}, Any::of(e::TopK::kCode, 0.1)},
      {"gradients top-k, a tenth, with feedback",
       {},
       Any::of(e::TopK::kCode, 0.1),
       {},
       [] { return Feedback(e::TopK(0.1)); }},
      {"gradients top-k+zstd, a tenth", {}, Any::of(e::Zstd<e::TopK>::kCode, 0.1)},
      {"gradients top-k, a hundredth", {}, Any::of(e::TopK::kCode, 0.01)},
      {"gradients top-k, a hundredth, with feedback",
       {},
       Any::of(e::TopK::kCode, 0.01),
       {},
       [] { return Feedback(e::TopK(0.01)); }},
      {"masks raw", {}, {}, Masks::of(e::RawLabels::kCode)},
      {"masks packed", {}, {}, Masks::of(e::PackedLabels::kCode, kClasses)},
      {"fakes uint8, gradients int8", Any::of(e::Uint8::kCode), Any::of(e::Int8::kCode)},
  };
}

struct Outcome {
  double bytes;  // of a step and a site, both ways
  double dice;
};

/// Dice, on real phantoms, of a segmenter that learned from what the generator draws.
double quality(Generator& generator, optim::WeightAverage<float>& average,
               const modality::GeneratorInput& input, std::uint64_t seed) {
  double dice = 0;
  LabelMap maps(kSites * kTrain, 32, 32);
  auto to = maps.labels.begin();
  for (int site = 1; site <= kSites; ++site) {
    const auto own = phantoms(site, 0, kTrain).labels.labels;
    to = std::copy(own.begin(), own.end(), to);
  }
  const auto drawn =
      downstream::synthesize(generator, average, input, maps, {}, {.copies = 1, .seed = seed});
  downstream::SegmenterTrainer<networks::UnetSegmenter<float>> trainer(
      {.in_channels = 1, .classes = kClasses, .base_channels = 8, .levels = 2}, drawn,
      {.steps = 250, .batch = 8, .rate = 5e-3, .seed = seed});
  while (!trainer.done()) (void)trainer.step();
  for (int site = 1; site <= kSites; ++site) {
    const auto real = phantoms(site, kTrain, kTest);
    dice += downstream::evaluate(downstream::segment(trainer.network(), real.images), real)
                .mean_class_dice /
            kSites;
  }
  return dice;
}

Outcome train(const Setting& setting, std::uint64_t seed) {
  transport::InProcessHub hub(kSites);
  federation::CentralOptions run{.seed = seed,
                                 .steps = 400,
                                 .batch = 4,
                                 .input = {.classes = kClasses, .noise_channels = 1},
                                 .height = 32,
                                 .width = 32};
  run.fakes_encoding = setting.fakes;
  run.gradient_encoding = setting.gradients;
  Generator generator(
      {.in_channels = kClasses + 1, .out_channels = 1, .base_channels = 16, .blocks = 2});
  State<float> weights;
  generator.collect("", weights);
  layers::initialize(weights, {}, {.seed = seed});
  federation::Central<Generator, Link> central(std::move(generator),
                                               Link(hub.join(transport::kCentral)), kSites, run,
                                               {.learning_rate = 5e-4});
  privacy::EgressLedger ledgers[kSites];
  std::deque<federation::Site<Discriminator, Phantoms, Link>> sites;
  for (int i = 1; i <= kSites; ++i) {
    sites.emplace_back(privacy::Private(phantoms(i, 0, kTrain)), Phantoms{}, Link(hub.join(i)),
                       ledgers[i - 1],
                       federation::SiteOptions<Discriminator>{
                           .name = "site " + std::to_string(i),
                           .secret = seed + static_cast<std::uint64_t>(i),
                           .discriminator = {.in_channels = 0, .base_channels = 16, .layers = 2},
                           .sanitizer = setting.sanitizer(),
                           .label_maps_encoding = setting.masks});
  }
  federation::simulate(central, sites);
  const auto traffic = central.link().total();
  return {static_cast<double>(traffic.bytes_sent + traffic.bytes_received) /
              static_cast<double>(run.steps * kSites),
          quality(central.generator(), central.average(), run.input, seed)};
}

telemetry::Rows measure_all(const benchmark::Arguments& arguments) {
  telemetry::Rows rows{"bandwidth", telemetry::this_machine(), {}};
  std::printf("%-44s %14s %8s %18s\n", "", "bytes a step", "of it", "Dice of 3 seeds");
  double exact_bytes = 0;
  double exact_dice = 0;
  for (const Setting& setting : settings()) {
    const bool exact = setting.name == "float32";
    if (!exact && !benchmark::selected(arguments, setting.name)) continue;
    if (arguments.list) {
      std::puts(setting.name.c_str());
      continue;
    }
    double bytes = 0;
    std::vector<double> dice;
    for (int seed = 1; seed <= kSeeds; ++seed) {
      const Outcome outcome = train(setting, static_cast<std::uint64_t>(seed));
      bytes += outcome.bytes / kSeeds;
      dice.push_back(outcome.dice);
    }
    const double mean = std::accumulate(dice.begin(), dice.end(), 0.0) / kSeeds;
    double squares = 0;
    for (const double each : dice) squares += (each - mean) * (each - mean);
    const double deviation = std::sqrt(squares / (kSeeds - 1));
    if (exact) exact_bytes = bytes;
    if (exact) exact_dice = mean;
    std::printf("%-44s %14.0f %7.0f%% %10.3f +- %.3f\n", setting.name.c_str(), bytes,
                100 * bytes / exact_bytes, mean, deviation);
    using telemetry::Better;
    rows.rows.push_back(telemetry::against({setting.name, "bytes_per_step", bytes, "bytes"},
                                           "float32", exact_bytes, Better::lower));
    rows.rows.push_back(telemetry::against({setting.name, "dice", mean, "1"}, "float32", exact_dice,
                                           Better::higher));
    rows.rows.push_back({setting.name, "dice_deviation", deviation, "1"});
  }
  return rows;
}

}  // namespace

int main(int count, char** values) { return benchmark::run(count, values, measure_all); }
