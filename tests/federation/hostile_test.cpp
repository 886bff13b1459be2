// SPDX-License-Identifier: Apache-2.0
//
// A run with a site that wants to spoil it.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "federation/hand_made_site.hpp"
#include "federation/put_nan.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using Float = test::Federation<float>;
using Link = transport::InProcess;
using Hostile = std::function<float(std::uint64_t step, std::size_t pixel)>;

struct HostileOutcome {
  std::vector<std::string> changes;   // that name the hostile site
  std::vector<int> parts_of_hostile;  // the steps that its gradients were used in
  std::string error;
  std::string last_word;       // that the centre had for it
  std::vector<float> weights;  // of convolutions
};

/// Keeps to the protocol, and answers with what `gradient` says. What the centre says at last.
std::string spoil(Link link, const CentralOptions& options, const Hostile& gradient) {
  test::HandMadeSite site(std::move(link), options);
  try {
    site.greet("hostile");
    for (;;) {
      const auto received = site.receive();
      if (const auto* goodbye = std::get_if<protocol::Goodbye>(&received.message)) {
        return "goodbye: " + goodbye->reason;
      }
      if (const auto* refusal = std::get_if<protocol::Refusal>(&received.message)) {
        return "refusal: " + refusal->reason;
      }
      if (const auto* welcome = std::get_if<protocol::Welcome>(&received.message)) {
        site.send(protocol::Masks{welcome->first_step, site.maps()});
        continue;
      }
      const auto& fakes = std::get<protocol::Fakes>(received.message);
      Tensor<float> d_fake({options.batch, 1, options.height, options.width});
      for (std::size_t i = 0; i < d_fake.size(); ++i) d_fake.values()[i] = gradient(fakes.step, i);
      const bool nan = std::isnan(d_fake.values()[0]);
      if (nan) d_fake.zero();
      protocol::Gradient answer{fakes.step, site.gradient(std::move(d_fake))};
      if (fakes.next_batch > 0) answer.next_maps = site.maps();
      auto frame = site.frame(answer);
      if (nan) test::put_nan(frame);
      site.send_frame(frame);
    }
  } catch (const TransportError& error) {  // the run is over
    return error.what();
  }
}

/// Two honest sites and a hostile one, of which the first and the last begin.
HostileOutcome run(CentralOptions options, const Hostile& gradient) {
  auto federation = Float::defaults();
  federation.dropout = 0;
  transport::InProcessHub hub(3);
  federation::Central<Float::G, Link> central(Float::generator(federation),
                                              hub.join(transport::kCentral), 3, options);
  std::vector<std::thread> threads;
  const auto start_honest = [&](int i) {
    threads.emplace_back([&, i, link = hub.join(i)]() mutable {
      privacy::EgressLedger ledger;
      auto own = federation.site;
      own.name = "phantom-" + std::to_string(i);
      own.secret = 100 + static_cast<std::uint64_t>(i);
      Site<Float::Net, test::PhantomModality, Link> site(Float::data(federation, i), {},
                                                         std::move(link), ledger, own);
      try {
        site.serve();
      } catch (const TransportError&) {  // the centre has ended the run
      }
    });
  };
  const bool strict = options.minimum_sites == 0;
  HostileOutcome outcome;
  threads.emplace_back([&, link = hub.join(3)]() mutable {
    outcome.last_word = spoil(std::move(link), options, gradient);
  });
  start_honest(1);
  if (strict) start_honest(2);
  try {
    central.admit();
    if (!strict) start_honest(2);  // so that the hostile one is there from the first step on
    while (central.step() < central.steps()) {
      const auto report = central.round();
      for (const auto& change : report.changes) {
        if (change.find("hostile") != std::string::npos) outcome.changes.push_back(change);
      }
      for (const auto& part : report.parts) {
        if (part.site == 2) outcome.parts_of_hostile.push_back(static_cast<int>(report.step));
      }
    }
    central.finish("the run is complete");
  } catch (const Error& error) {
    outcome.error = error.what();
  }
  central.leave();  // whoever came too late to be told
  for (auto& thread : threads) thread.join();
  State<float> state;
  central.generator().collect("", state);
  for (const auto& [name, parameter] : state.parameters) {
    // The gradient of a bias before an instance norm is rounding noise, which Adam blows up.
    if (parameter->rank < 4) continue;
    const auto values = parameter->value.to_host();
    outcome.weights.insert(outcome.weights.end(), values.begin(), values.end());
  }
  return outcome;
}

CentralOptions elastic() {
  auto options = Float::defaults().central;
  options.steps = 6;
  options.minimum_sites = 2;
  options.grace = std::chrono::minutes(1);  // for the second honest site to come
  return options;
}

float ramp(std::uint64_t step, std::size_t pixel) {
  return 1e-3F * static_cast<float>((pixel * 7 + step) % 13);
}

TEST_CASE("A site is allowed a slip, and put out after some in a row", "[federation]") {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  const auto once =
      run(elastic(), [&](auto step, auto pixel) { return step == 1 ? nan : ramp(step, pixel); });
  CHECK(once.error.empty());
  CHECK(once.changes == std::vector<std::string>{"site 'hostile': gradient of step 1 has a value "
                                                 "that is not finite; it is not used"});
  CHECK(once.parts_of_hostile == std::vector<int>{1, 3, 4, 5, 6});
  CHECK(once.last_word == "goodbye: the run is complete");

  const auto always = run(elastic(), [&](auto, auto) { return nan; });
  CHECK(always.error.empty());
  CHECK(always.parts_of_hostile.empty());
  CAPTURE(always.changes);
  REQUIRE(always.changes.size() == 3);
  CHECK(always.changes.back() ==
        "site 'hostile': gradient of step 2 has a value that is not finite");
  CHECK(always.last_word == "refusal: gradient of step 2 has a value that is not finite");
}

TEST_CASE("A constant, a repeated and a huge gradient are no gradients", "[federation]") {
  const auto constant = run(elastic(), [](auto, auto) { return 0.1F; });
  CHECK(constant.parts_of_hostile.empty());
  CHECK_THAT(constant.changes.at(0), Catch::Contains("is the same in every pixel"));

  const auto repeated = run(elastic(), [](auto, auto pixel) { return ramp(0, pixel); });
  CHECK(repeated.parts_of_hostile == std::vector<int>{1});
  CHECK_THAT(repeated.changes.at(0), Catch::Contains("bit for bit"));

  auto longer = elastic();
  longer.steps = 100;  // the second honest site comes at some point, and then there is a median
  const auto huge = run(longer, [](auto step, auto pixel) { return 1e6F * ramp(step, pixel); });
  CHECK(huge.error.empty());
  REQUIRE(huge.changes.size() == 3);
  CHECK_THAT(huge.changes.at(0), Catch::Contains("times as large as the other sites'"));
  CHECK(huge.parts_of_hostile.size() < 97);
}

TEST_CASE("Where every site counts, an unusable gradient ends the run and names the site",
          "[federation]") {
  auto strict = elastic();
  strict.minimum_sites = 0;
  const auto outcome = run(strict, [](auto, auto) { return 0.1F; });
  CHECK(outcome.error == "site 'hostile': gradient of step 0 is the same in every pixel");
  // The first one of all, whoever's is there before the others'.
  const auto first = run(strict, [](auto, auto pixel) { return pixel % 2 == 0 ? 3e38F : -3e38F; });
  CHECK_THAT(first.error, Catch::StartsWith("site 'hostile': gradient of step 0 is ") &&
                              Catch::EndsWith(" times as large as the other sites'"));
  CHECK(std::all_of(first.weights.begin(), first.weights.end(),
                    [](float weight) { return std::isfinite(weight); }));
}

TEST_CASE("The cap holds a loud site down to what the others say", "[federation]") {
  auto options = elastic();
  options.minimum_sites = 0;
  options.norm_cap = 1;
  // Of three magnitudes the median is an honest one, however loud the third is.
  const auto loud = run(options, [](auto step, auto pixel) { return 20 * ramp(step, pixel); });
  const auto louder = run(options, [](auto step, auto pixel) { return 100 * ramp(step, pixel); });
  CHECK(loud.error.empty());
  CHECK(louder.error.empty());
  double largest = 0;
  double moved = 0;
  options.norm_cap = 0;
  const auto uncapped = run(options, [](auto step, auto pixel) { return 20 * ramp(step, pixel); });
  for (std::size_t i = 0; i < loud.weights.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(louder.weights[i] - loud.weights[i])));
    moved = std::max(moved, std::abs(static_cast<double>(uncapped.weights[i] - loud.weights[i])));
  }
  CAPTURE(largest, moved);
  CHECK(largest < 1e-6);  // seen: 7.5e-9
  CHECK(moved > 1e-4);
}

TEST_CASE("An expelled site that comes anew is told so and not heard, and the run goes on",
          "[federation]") {
  auto options = elastic();
  options.minimum_sites = 1;
  transport::InProcessHub hub(2);
  test::HandMadeSite honest(hub.join(1), options);
  auto hostile = std::make_optional<test::HandMadeSite>(hub.join(2), options);
  std::vector<std::string> refusals;
  const auto hear_refusal = [&] {
    for (;;) {
      const auto received = hostile->receive();
      if (const auto* refusal = std::get_if<protocol::Refusal>(&received.message)) {
        return refusals.push_back(refusal->reason);
      }
    }
  };
  options.while_waiting = [&, turn = 0]() mutable {  // the centre has heard all there is
    if (turn == 0) {
      hear_refusal();
      hostile.reset();
    } else if (turn == 1) {
      hostile.emplace(hub.join(2), options);
      hostile->greet("hostile");
    } else {
      hear_refusal();
      honest.send(protocol::Gradient{0, honest.gradient(), {}, honest.maps()});
    }
    ++turn;
  };
  Central<Float::G, Link> central(Float::generator(Float::defaults()),
                                  hub.join(transport::kCentral), 2, options);
  hostile->greet("hostile");
  hostile->send(protocol::Masks{7, hostile->maps()});
  honest.greet("honest");
  honest.send(protocol::Masks{0, honest.maps()});
  central.admit();
  const auto report = central.round();
  CHECK(report.parts.size() == 1);
  CHECK(std::count(report.changes.begin(), report.changes.end(),
                   "site 'hostile': label maps of step 7, expected 0") == 1);
  CHECK(refusals == std::vector<std::string>{"label maps of step 7, expected 0",
                                             "it was expelled from this run"});
}

}  // namespace
}  // namespace asyndgan::federation
