// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/networks/checkpoint.hpp"

#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "asyndgan/networks/patch_discriminator.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/networks/unet_generator.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/optim/weight_average.hpp"
#include "networks/network_check.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::networks {
namespace {

using FloatResnet = ResnetGenerator<float>;
using test::TemporaryFolder;

FloatResnet resnet(int channels = 1, double dropout = 0.5, NormKind norm = NormKind::batch) {
  return FloatResnet({.in_channels = channels,
                      .out_channels = 1,
                      .base_channels = 2,
                      .blocks = 1,
                      .norm = norm,
                      .dropout = dropout});
}

/// A network whose parameters and running statistics are all its own.
FloatResnet trained(std::uint64_t seed = 1) {
  FloatResnet network = resnet();
  test::fill_network(network, seed);
  FloatResnet::Saved saved;
  for (int pass = 0; pass < 3; ++pass) {
    (void)network.forward(test::uniform<float>({2, 1, 8, 8}, seed), saved);
  }
  return network;
}

/// All numbers of a network, counters last.
std::vector<double> numbers_of(FloatResnet& network) {
  const auto state = test::state_of(network);
  std::vector<double> numbers;
  const auto append = [&](const Tensor<float>& tensor) {
    for (const float value : tensor.values()) numbers.push_back(value);
  };
  for (const auto& [name, parameter] : state.parameters) append(parameter->value);
  for (const auto& [name, tensor] : state.buffers) append(*tensor);
  for (const auto& counter : state.counters) {
    numbers.push_back(static_cast<double>(*counter.count));
  }
  return numbers;
}

/// The message with which `path` is refused as a checkpoint of `network`.
std::string refusal(const std::filesystem::path& path, FloatResnet network) {
  try {
    (void)load_network(path, network);
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("A network read back has every number, counters and all", "[networks]") {
  const TemporaryFolder folder;
  FloatResnet network = trained();
  save_network(folder / "g", network, {{"epoch", "7"}});
  FloatResnet other = resnet();
  const Metadata metadata = load_network(folder / "g", other);
  CHECK(numbers_of(other) == numbers_of(network));
  CHECK(numbers_of(other).back() == 3);  // num_batches_tracked
  CHECK(metadata.at("epoch") == "7");
  CHECK(metadata.at("format") == "pt");
  CHECK(metadata.at(kArchitectureKey) == network.describe());
}

TEST_CASE("The file has PyTorch's names, ranks and element types", "[networks]") {
  const TemporaryFolder folder;
  FloatResnet network = trained();
  save_network(folder / "g", network);
  const auto file = safetensors::File::read(folder / "g");
  using safetensors::DType;
  using safetensors::Extents;
  CHECK(file.at("model.1.weight").extents == Extents{2, 1, 7, 7});
  CHECK(file.at("model.1.weight").dtype == DType::f32);
  CHECK(file.at("model.2.weight").extents == Extents{2});
  CHECK(file.at("model.2.running_var").extents == Extents{2});
  CHECK(file.at("model.2.num_batches_tracked").extents.empty());
  CHECK(file.at("model.2.num_batches_tracked").dtype == DType::i64);
  CHECK(file.at("model.11.weight").extents == Extents{8, 4, 3, 3});  // transposed: in, out
  CHECK(file.at("model.18.bias").extents == Extents{1});
  CHECK(file.arrays().size() == test::names_of(resnet()).size());
}

TEST_CASE("A checkpoint of another network is refused, saying whose it is", "[networks]") {
  const TemporaryFolder folder;
  const auto path = folder / "g";
  FloatResnet network = trained();
  save_network(path, network);
  CHECK(refusal(path, resnet(3)) ==
        "'" + path.string() +
            "' is of another network: it holds 'ResnetGenerator 1 -> 1, base 2, 1 blocks, norm "
            "batch, dropout 0.5', expected 'ResnetGenerator 3 -> 1, base 2, 1 blocks, norm batch, "
            "dropout 0.5'");
  UnetGenerator<float> unet({.in_channels = 1, .out_channels = 1, .base_channels = 1, .downs = 5});
  CHECK_THROWS_AS(load_network(path, unet), CheckpointError);
}

TEST_CASE("A file that does not say whose it is is refused by its tensors", "[networks]") {
  const TemporaryFolder folder;
  const auto path = folder / "g";
  FloatResnet network = trained();
  save_checkpoint(path, test::state_of(network));
  CHECK(refusal(path, resnet()) == "accepted");
  CHECK(refusal(path, resnet(3)) ==
        "'" + path.string() +
            "': tensor 'model.1.weight' is F32 [2, 1, 7, 7], this network needs F32 [2, 3, 7, 7]");
  // The well-known trap: a dropout layer moves the second convolution of a block.
  CHECK(refusal(path, resnet(1, 0)) ==
        "'" + path.string() +
            "' is of another network: it lacks 'model.10.conv_block.5.weight', "
            "'model.10.conv_block.6.bias', 'model.10.conv_block.6.num_batches_tracked' and 2 "
            "more; it has 'model.10.conv_block.7.bias', "
            "'model.10.conv_block.7.num_batches_tracked', 'model.10.conv_block.7.running_mean' "
            "and 2 more too many");
  ResnetGenerator<double> in_double({.in_channels = 1,
                                     .out_channels = 1,
                                     .base_channels = 2,
                                     .blocks = 1,
                                     .norm = NormKind::batch});
  CHECK_THROWS_WITH(load_network(path, in_double),
                    "'" + path.string() +
                        "': tensor 'model.1.weight' is F32 [2, 1, 7, 7], this network needs F64 "
                        "[2, 1, 7, 7]");
}

TEST_CASE("A refused checkpoint leaves the network as it was", "[networks]") {
  const TemporaryFolder folder;
  FloatResnet network = trained(1);
  auto state = test::state_of(network);
  state.counters.pop_back();
  save_checkpoint(folder / "g", state);
  FloatResnet other = trained(2);
  const auto before = numbers_of(other);
  CHECK_THROWS_AS(load_network(folder / "g", other), CheckpointError);
  CHECK(numbers_of(other) == before);
}

TEST_CASE("A file with more than the network needs is taken only on request", "[networks]") {
  const TemporaryFolder folder;
  FloatResnet network = trained();
  auto state = test::state_of(network);
  Parameter<float> more({1, 2, 1, 1});
  state.parameters.push_back({"head.weight", &more});
  save_checkpoint(folder / "g", state);
  FloatResnet other = resnet();
  CHECK_THROWS_WITH(
      load_network(folder / "g", other),
      "'" + (folder / "g").string() + "' is of another network: it has 'head.weight' too many");
  (void)load_network(folder / "g", other, {.allow_extra = true});
  CHECK(numbers_of(other) == numbers_of(network));
}

TEST_CASE("A run that has diverged does not overwrite its last good checkpoint", "[networks]") {
  const TemporaryFolder folder;
  const auto path = folder / "g";
  FloatResnet network = trained();
  save_network(path, network);
  const auto good = numbers_of(network);
  auto state = test::state_of(network);
  state.parameters[3].parameter->value.values()[1] = std::numeric_limits<float>::quiet_NaN();
  state.parameters[3].parameter->value.values()[2] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(save_network(path, network),
                    "not saved: '" + path.string() +
                        "': tensor 'model.4.weight' has 2 of 72 values that are not finite");
  FloatResnet other = resnet();
  (void)load_network(path, other);
  CHECK(numbers_of(other) == good);

  save_network(path, network, {}, {.allow_non_finite = true});
  CHECK_THROWS_WITH(
      load_network(path, other),
      "'" + path.string() + "': tensor 'model.4.weight' has 2 of 72 values that are not finite");
  CHECK(numbers_of(other) == good);
  (void)load_network(path, other, {.allow_non_finite = true});
  CHECK(std::isnan(test::state_of(other).parameters[3].parameter->value.values()[1]));
}

TEST_CASE("A full disk leaves the previous checkpoint, and says so", "[networks]") {
  const TemporaryFolder folder;
  FloatResnet network = trained(1);
  const auto good = numbers_of(network);
  save_network(folder / "g", network);
  FloatResnet newer = trained(2);
  {
    const test::FullDisk full(4096);
    CHECK_THROWS_AS(save_network(folder / "g", newer), WriteError);
  }
  FloatResnet other = resnet();
  (void)load_network(folder / "g", other);
  CHECK(numbers_of(other) == good);
  CHECK(folder.entries() == 1);
}

TEST_CASE("A checkpoint that is missing, empty or truncated is refused", "[networks]") {
  const TemporaryFolder folder;
  FloatResnet network = trained();
  CHECK_THROWS_AS(load_network(folder / "none", network), DataError);
  write_file_atomically(folder / "empty", {});
  CHECK_THROWS_WITH(
      load_network(folder / "empty", network),
      "'" + (folder / "empty").string() + "': too short for a safetensors file: 0 bytes");
  save_network(folder / "g", network);
  auto bytes = read_file(folder / "g", 1'000'000);
  bytes.resize(bytes.size() - 100);
  write_file_atomically(folder / "g", bytes);
  CHECK_THROWS_AS(load_network(folder / "g", network), CheckpointError);
}

/// What a step of training needs: a network, its optimiser, its averaged weights.
struct Training {
  FloatResnet network = resnet();
  State<float> state = test::state_of(network);
  optim::Adam<float> optimizer{state, {.learning_rate = 1e-2}};
  optim::WeightAverage<float> average{state, 0.9};

  void step(int number) {
    FloatResnet::Saved saved;
    const layers::Pass pass{.key = {.step = static_cast<std::uint32_t>(number)}};
    state.zero_gradients();
    const auto seed = static_cast<std::uint64_t>(number);
    (void)network.forward(test::uniform<float>({2, 1, 8, 8}, seed), saved, pass);
    (void)network.backward(test::uniform<float>({2, 1, 8, 8}, seed + 100), saved);
    optimizer.step();
    average.update();
  }
  State<float> everything() {
    State<float> all;
    network.collect("", all);
    optimizer.collect("optimizer", all);
    average.collect("average", all);
    return all;
  }
};

TEST_CASE("A resumed run equals an uninterrupted one bit for bit", "[networks]") {
  const TemporaryFolder folder;
  Training whole;
  test::fill_network(whole.network);
  for (int i = 0; i < 3; ++i) whole.step(i);
  save_checkpoint(folder / "run", whole.everything());
  for (int i = 3; i < 6; ++i) whole.step(i);
  whole.average.swap();

  Training resumed;
  auto all = resumed.everything();
  (void)load_checkpoint(folder / "run", all);
  CHECK(resumed.optimizer.steps() == 3);
  for (int i = 3; i < 6; ++i) resumed.step(i);
  resumed.average.swap();
  CHECK(numbers_of(resumed.network) == numbers_of(whole.network));

  whole.average.swap();
  resumed.average.swap();
  CHECK(numbers_of(resumed.network) == numbers_of(whole.network));

  // The same without the moments is another run: the test can tell.
  Training careless;
  test::fill_network(careless.network);
  for (int i = 0; i < 3; ++i) careless.step(i);
  careless.optimizer = optim::Adam<float>(careless.state, {.learning_rate = 1e-2});
  for (int i = 3; i < 6; ++i) careless.step(i);
  CHECK(numbers_of(careless.network) != numbers_of(whole.network));
}

}  // namespace
}  // namespace asyndgan::networks
