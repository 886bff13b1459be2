// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <variant>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/federation/journal.hpp"
#include "federation/hand_made_site.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::federation {
namespace {

using Float = test::Federation<float>;

using test::TemporaryFolder;

void write_all(Float& federation, const std::filesystem::path& folder) {
  State<float> central;
  federation.central.collect(central);
  const auto step = federation.central.step();
  Journal(folder / "central").write(step, step, central, {});
  for (auto& site : federation.sites) {
    State<float> state;
    site.collect(state);
    Journal(folder / site.name()).write(site.answered(), site.step(), state, {});
  }
}

void read_all(Float& federation, const std::filesystem::path& folder, std::uint64_t step) {
  State<float> central;
  federation.central.collect(central);
  Journal(folder / "central").read(step, central);
  for (auto& site : federation.sites) {
    State<float> state;
    site.collect(state);
    const Journal journal(folder / site.name());
    journal.read(journal.covering(step).value(), state);
  }
}

/// Runs `stop` steps and leaves checkpoints.
void interrupt(const Float::Options& options, std::uint64_t stop,
               const std::filesystem::path& folder) {
  Float first(options);
  first.hooks.after_step = [stop](const auto& report) { return report.step < stop; };
  first.run();
  write_all(first, folder);
}

/// Stops in the middle and goes on in new objects; true if nothing tells the difference.
bool resumes_bit_for_bit(const Float::Options& options) {
  Float uninterrupted(options);
  uninterrupted.run();
  const TemporaryFolder folder;
  const std::uint64_t middle = options.central.steps / 2;
  interrupt(options, middle, folder.path());
  Float second(options);
  read_all(second, folder.path(), middle);
  second.run();
  return second.weights() == uninterrupted.weights();
}

TEST_CASE("A resumed run equals an uninterrupted one bit for bit", "[federation]") {
  for (const auto variant : {Variant::one_batch, Variant::two_phase}) {
    auto options = Float::defaults();
    options.central.steps = 5;
    options.central.variant = variant;
    options.central.discriminator_steps = 2;
    options.site.discriminator.norm = layers::NormKind::batch;  // running statistics too
    options.site.discriminator.spectral_norm = true;            // and a power iteration's vector
    CHECK(resumes_bit_for_bit(options));
  }
}

TEST_CASE("A run resumes bit for bit where small sites sit steps out", "[federation]") {
  CHECK(resumes_bit_for_bit(Float::pooled(8)));
  auto options = Float::pooled(8);
  options.central.variant = Variant::two_phase;
  options.central.discriminator_steps = 2;
  CHECK(resumes_bit_for_bit(options));
  options.central.norm_cap = 0.5;  // of what those who sit out sent last, too
  CHECK(resumes_bit_for_bit(options));
}

TEST_CASE("Losses told later are the same if a site stops before its policy lets it tell any",
          "[federation]") {
  auto options = Float::defaults();
  options.central.steps = 8;
  options.samples = 12;
  options.site.policy.minimum_batch = 9;  // images: losses of two are told at every fifth step
  const auto told = [](Float& federation) {
    std::vector<double> losses;
    federation.hooks.after_step = [&losses](const auto& report) {
      for (const auto& site : report.sites) losses.push_back(site ? site->generator : 0);
      return report.step < 8;
    };
    federation.run();
    return losses;
  };
  Float uninterrupted(options);
  const auto expected = told(uninterrupted);
  const TemporaryFolder folder;
  interrupt(options, 3, folder.path());
  Float second(options);
  read_all(second, folder.path(), 3);
  const auto rest = told(second);
  CHECK(std::count(expected.begin(), expected.end(), 0.0) <
        static_cast<std::ptrdiff_t>(expected.size()));
  CHECK(std::equal(rest.rbegin(), rest.rend(), expected.rbegin()));
}

TEST_CASE("A run resumes bit for bit with the statistics of its features", "[federation]") {
  auto options = Float::defaults();
  options.central.steps = 8;
  options.site.objective.feature_statistics = {.weight = 10, .minimum_images = 4};
  options.site.policy.minimum_batch = 2;
  CHECK(resumes_bit_for_bit(options));
}

TEST_CASE("A resumed site has not forgotten the queries it answered", "[federation]") {
  auto options = Float::defaults();
  options.sites = 1;
  options.central.steps = 8;
  options.site.policy.queries_per_site = 12;  // six steps of two
  const auto limit = Catch::Contains("\"queries_per_site\"");
  const TemporaryFolder folder;
  interrupt(options, 4, folder.path());
  Float second(options);
  read_all(second, folder.path(), 4);
  CHECK_THROWS_WITH(second.run(), limit);
  CHECK(second.central.step() == 6);
}

TEST_CASE("A site does not go on from another step than the centre's", "[federation]") {
  const auto options = Float::defaults();
  const TemporaryFolder folder;
  interrupt(options, 2, folder.path());
  Float second(options);
  State<float> state;
  second.sites[0].collect(state);
  Journal(folder.path() / second.sites[0].name()).read(2, state);
  CHECK_THROWS_WITH(second.run(),
                    "the centre goes on with step 0, this site's checkpoint with step 2");
}

TEST_CASE("A centre that is started again has not forgotten whom it put out", "[federation]") {
  auto options = Float::defaults();
  options.central.minimum_sites = 1;
  options.central.grace = std::chrono::minutes(1);
  const auto honest_round = [](Float::Central& central, test::HandMadeSite& honest) {
    honest.greet("honest");
    honest.send(protocol::Masks{central.step(), honest.maps()});
    central.admit();
    Tensor<float> d_fake({2, 1, Float::kSide, Float::kSide});
    float value = static_cast<float>(central.step());  // another gradient in every step
    for (float& each : d_fake.values()) each = value += 0.25F;
    honest.send(protocol::Gradient{central.step(), honest.gradient(d_fake), {}, honest.maps()});
    return central.round();
  };
  const TemporaryFolder folder;
  const Journal journal(folder.path());
  {
    transport::InProcessHub hub(2);
    Float::Central central(Float::generator(options), Float::Link(hub.join(transport::kCentral)), 2,
                           options.central);
    test::HandMadeSite honest(hub.join(1), options.central);
    test::HandMadeSite hostile(hub.join(2), options.central);
    hostile.send(protocol::Masks{7, hostile.maps()});  // without a hello
    (void)honest_round(central, honest);
    REQUIRE(central.roster()[1].presence == Presence::expelled);
    State<float> state;
    central.collect(state);
    Journal(folder.path()).write(central.step(), central.step(), state, {});
  }
  transport::InProcessHub hub(2);
  Float::Central central(Float::generator(options), Float::Link(hub.join(transport::kCentral)), 2,
                         options.central);
  State<float> state;
  central.collect(state);
  journal.read(1, state);
  test::HandMadeSite honest(hub.join(1), options.central);
  test::HandMadeSite hostile(hub.join(2), options.central);
  hostile.greet("hostile");
  CHECK(honest_round(central, honest).parts.size() == 1);
  CHECK(central.roster()[1].presence == Presence::expelled);
  CHECK(std::get<protocol::Refusal>(hostile.receive().message).reason ==
        "it was expelled from this run");
}

TEST_CASE("A journal keeps the last checkpoints and ignores other files", "[federation]") {
  const TemporaryFolder folder;
  Float federation(Float::defaults());
  State<float> state;
  federation.central.collect(state);
  Journal journal(folder.path(), 2);
  for (const std::uint64_t step : {1U, 20U, 300U}) journal.write(step, step, state, {});
  std::filesystem::create_directory(folder.path() / "step-x.safetensors");
  CHECK(journal.steps() == std::vector<std::uint64_t>{20, 300});
  CHECK(journal.file(300).filename() == "step-00000300.safetensors");
}

TEST_CASE("A journal removes the halves that killed programs have left", "[federation]") {
  const TemporaryFolder folder;
  Journal journal(folder.path());
  std::ofstream(folder.path() / "step-00000007.safetensors.part-0") << "half";
  const AtomicFile other(folder.path() / "step-00000008.safetensors");  // somebody is at work
  Float federation(Float::defaults());
  State<float> state;
  federation.central.collect(state);
  journal.write(10, 10, state, {});
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    left.insert(entry.path().filename().string());
  }
  CHECK(left ==
        std::set<std::string>{"step-00000008.safetensors.part-0", "step-00000010.safetensors"});
}

TEST_CASE("A journal keeps what was due, however often a run is interrupted", "[federation]") {
  using Occasion = Journal::Occasion;
  const TemporaryFolder folder;
  Float federation(Float::defaults());
  State<float> state;
  federation.central.collect(state);
  Journal journal(folder.path(), 2);
  journal.write(10, 10, state, {});
  for (const std::uint64_t step : {11U, 12U, 13U}) {
    journal.write(step, step, state, {}, Occasion::early);
  }
  journal.write(20, 25, state, {});
  journal.write(20, 25, state, {}, Occasion::early);  // the same, and not written twice
  using Ranges = std::vector<protocol::StepRange>;
  CHECK((journal.ranges() == Ranges{{10, 10}, {13, 13}, {20, 25}}));
  CHECK(journal.file(13).filename() == "early-00000013.safetensors");
  CHECK(std::filesystem::exists(journal.file(13)));
  // A run that goes back to its beginning keeps what it writes from there on.
  journal.write(5, 5, state, {});
  journal.write(6, 6, state, {}, Occasion::early);
  CHECK((journal.ranges() == Ranges{{5, 5}, {6, 6}, {10, 10}}));
}

TEST_CASE("A checkpoint stands for the steps that a site sits out", "[federation]") {
  const TemporaryFolder folder;
  Float federation(Float::defaults());
  State<float> state;
  federation.central.collect(state);
  Journal journal(folder.path());
  journal.write(5, 9, state, {});
  journal.write(10, 10, state, {});
  journal.write(14, 20, state, {});
  const auto covering = [&](std::uint64_t step) {
    return journal.covering(step).value_or(std::uint64_t{0});
  };
  CHECK(covering(4) == 0);
  CHECK(covering(5) == 5);
  CHECK(covering(9) == 5);
  CHECK(covering(10) == 10);
  CHECK(covering(11) == 0);
  CHECK(covering(20) == 14);
  CHECK(covering(21) == 0);
}

}  // namespace
}  // namespace asyndgan::federation
