// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/downstream/train_segmenter.hpp"

#include <filesystem>
#include <limits>

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/downstream/evaluate.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "support/catch.hpp"

namespace asyndgan::downstream {
namespace {

using Net = networks::UnetSegmenter<float>;
using Trainer = SegmenterTrainer<Net>;

constexpr Net::Options kNetwork{.in_channels = 1, .classes = 4, .base_channels = 8, .levels = 2};

data::Slices phantoms(int count, std::uint64_t seed) {
  return data::phantom({.count = count, .height = 32, .width = 32, .classes = 4, .seed = seed});
}

/// Everything that training changes, in one row.
std::vector<double> all_records(Trainer& trainer) {
  std::vector<double> values;
  const auto state = trainer.records();
  for (const auto& [name, parameter] : state.parameters) {
    const auto some = parameter->value.values();
    values.insert(values.end(), some.begin(), some.end());
  }
  for (const auto& [name, tensor] : state.buffers) {
    values.insert(values.end(), tensor->values().begin(), tensor->values().end());
  }
  for (const auto& counter : state.counters) {
    values.push_back(static_cast<double>(*counter.count));
  }
  return values;
}

TEST_CASE("A segmenter learns the phantom's organs on slices it has not seen", "[downstream]") {
  const auto learned_from = phantoms(24, 1);
  const std::vector<std::size_t> rest{24, 25, 26, 27, 28, 29, 30, 31};
  const auto unseen = data::gather(phantoms(32, 1), rest);  // same scanner, other anatomy
  Trainer trainer(kNetwork, learned_from, {.steps = 60, .batch = 4, .rate = 5e-3, .seed = 1});
  double first = 0;
  double last = 0;
  CHECK(train(trainer, [&](std::int64_t steps, double loss) {
    (steps == 1 ? first : last) = loss;
    return true;
  }));
  CHECK(last < first / 3);
  const auto scores = evaluate(segment(trainer.network(), unseen.images), unseen);
  CAPTURE(scores.classes[0].dice.mean, scores.classes[1].dice.mean, scores.classes[2].dice.mean);
  CHECK(scores.mean_class_dice > 0.9);  // 0.943 measured
}

TEST_CASE("The same seed gives the same weights, another seed others", "[downstream]") {
  const auto slices = phantoms(6, 2);
  const auto run = [&](std::uint64_t seed) {
    Trainer trainer(kNetwork, slices, {.steps = 3, .batch = 2, .seed = seed});
    train(trainer);
    return all_records(trainer);
  };
  const auto once = run(1);
  CHECK((once == run(1)));
  CHECK((once != run(2)));
}

TEST_CASE("A resumed training equals an uninterrupted one, bit for bit", "[downstream]") {
  const auto slices = phantoms(6, 3);
  const SegmenterTrainingOptions options{.steps = 8, .batch = 3, .seed = 5};
  Trainer whole(kNetwork, slices, options);
  CHECK(train(whole));

  const auto file =
      std::filesystem::temp_directory_path() / "asyndgan_resumed_segmenter.safetensors";
  {
    Trainer first(kNetwork, slices, options);
    CHECK_FALSE(train(first, [](std::int64_t steps, double) { return steps < 5; }));
    CHECK(first.steps() == 5);
    networks::save_checkpoint(file, first.records());
  }
  Trainer second(kNetwork, slices, options);
  auto records = second.records();
  networks::load_checkpoint(file, records);
  CHECK(second.steps() == 5);
  CHECK(train(second));
  CHECK((all_records(second) == all_records(whole)));
  std::filesystem::remove(file);
}

TEST_CASE("Flips and jitter change what is learned from", "[downstream]") {
  const auto slices = phantoms(6, 4);
  const auto run = [&](bool flips, double jitter) {
    Trainer trainer(kNetwork, slices,
                    {.steps = 2, .batch = 4, .flips = flips, .intensity_jitter = jitter});
    train(trainer);
    return all_records(trainer);
  };
  const auto plain = run(false, 0);
  CHECK((plain != run(true, 0)));
  CHECK((plain != run(false, 0.1)));
}

TEST_CASE("A mirrored half of the data is as good as the data", "[downstream]") {
  // All organs of these maps are on the left. Only flips show the network one on the right.
  data::Slices slices = data::phantom({.count = 8, .height = 16, .width = 16, .classes = 2});
  slices.classes = 3;
  for (int i = 0; i < 8; ++i) {
    for (int y = 0; y < 16; ++y) {
      for (int x = 0; x < 16; ++x) {
        const bool organ = y > 5 && y < 11 && x > 1 && x < 6;
        slices.labels.at(i, y, x) = organ ? 2 : slices.labels.at(i, y, x);
        if (organ) slices.images(i, 0, y, x) = 0.95F;
      }
    }
  }
  data::Slices mirrored = slices;
  for (int i = 0; i < 8; ++i) {
    for (int y = 0; y < 16; ++y) {
      for (int x = 0; x < 16; ++x) {
        mirrored.images(i, 0, y, x) = slices.images(i, 0, y, 15 - x);
        mirrored.labels.at(i, y, x) = slices.labels.at(i, y, 15 - x);
      }
    }
  }
  Trainer trainer({.in_channels = 1, .classes = 3, .base_channels = 4, .levels = 2}, slices,
                  {.steps = 60, .batch = 4, .rate = 1e-2});
  train(trainer);
  const auto scores = evaluate(segment(trainer.network(), mirrored.images), mirrored);
  CHECK(*scores.classes[1].pooled_dice > 0.9);  // 1.0 measured, 0.09 without flips
}

TEST_CASE("A trainer refuses slices and options that make no sense", "[downstream]") {
  const auto slices = phantoms(2, 1);
  CHECK_THROWS_WITH(Trainer(kNetwork, data::gather(slices, {}), {}),
                    "SegmenterTrainer: no slices to learn from");
  CHECK_THROWS_WITH(
      Trainer({.in_channels = 2, .classes = 4}, slices, {}),
      "SegmenterTrainer: images (2, 1, 32, 32) with 4 classes do not fit a network of 2 channels "
      "and 4 classes");
  CHECK_THROWS_AS(Trainer(kNetwork, slices, {.batch = 0}), ContractViolation);
  CHECK_THROWS_AS(Trainer(kNetwork, slices, {.decay_share = 2}), ContractViolation);
  CHECK_THROWS_AS(Trainer(kNetwork, slices, {.dice_weight = -1}), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::downstream
