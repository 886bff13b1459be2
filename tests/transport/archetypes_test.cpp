// SPDX-License-Identifier: Apache-2.0
#include "support/archetypes.hpp"

#include <utility>

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/federation/central.hpp"
#include "asyndgan/federation/site.hpp"
#include "asyndgan/networks/pixel_discriminator.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/transport/counted.hpp"
#include "support/catch.hpp"

namespace asyndgan {
namespace {

using namespace std::chrono_literals;
using test::SilentTransport;
using Generator = networks::ResnetGenerator<float>;
using Discriminator = networks::PixelDiscriminator<float>;

static_assert(transport::Transport<SilentTransport>);
static_assert(transport::Transport<transport::Counted<SilentTransport>>);
static_assert(!transport::Transport<test::TransportWithoutLimit>);

struct OneChannel {
  [[nodiscard]] std::vector<std::string> channels() const { return {"c0"}; }
};

}  // namespace

// Every member, so that none asks more of a transport than the concept does.
template class transport::Counted<SilentTransport>;
template class federation::Central<Generator, SilentTransport>;
template class federation::Site<Discriminator, OneChannel, SilentTransport>;

namespace {

TEST_CASE("The centre gives up on a silent transport when its patience ends, naming the site",
          "[transport]") {
  const federation::CentralOptions options{
      .input = {.classes = 3, .noise_channels = 0}, .height = 16, .width = 16, .patience = 25ms};
  federation::Central<Generator, SilentTransport> central(
      Generator({.in_channels = 3, .out_channels = 1, .base_channels = 2, .blocks = 1}),
      SilentTransport(), 2, options);
  CHECK_THROWS_WITH(central.admit(), "site 1 did not come within 25 ms");
  central.finish("enough");
  CHECK(central.link().sent.empty());  // there is nobody to say goodbye to
  central.leave();
  CHECK(central.link().closed);
}

TEST_CASE("A site greets over a silent transport, then gives up on the centre", "[transport]") {
  privacy::EgressLedger ledger;
  auto slices = privacy::Private(
      data::phantom({.count = 4, .height = 16, .width = 16, .classes = 3, .seed = 1}));
  federation::Site<Discriminator, OneChannel, transport::Counted<SilentTransport>> site(
      std::move(slices), OneChannel(), transport::Counted(SilentTransport()), ledger,
      {.name = "north",
       .secret = 1,
       .discriminator = {.in_channels = 1, .base_channels = 2},
       .patience = 35ms});
  CHECK_THROWS_WITH(site.join(), Catch::Contains("silent for 35 ms"));
  CHECK_THROWS_AS(site.join(), TransportTimeout);
  CHECK(ledger.by_message().size() == 1);  // greetings, which say nothing of its images
}

}  // namespace
}  // namespace asyndgan
