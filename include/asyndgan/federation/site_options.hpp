// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/objective.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/network.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/optim/schedule.hpp"
#include "asyndgan/privacy/policy.hpp"
#include "asyndgan/privacy/sanitizer.hpp"
#include "asyndgan/privacy/sanitizers/pass_through.hpp"
#include "asyndgan/protocol/any_label_encoding.hpp"
#include "asyndgan/transport/timeouts.hpp"

namespace asyndgan::federation {

/// Which real images D sees beside the fakes of a batch.
enum class Pairing {
  independent,  // drawn on their own: the fakes' own images take no part in their gradient
  paired,       // the images of the fakes' label maps, as published; paired terms need it
};

/// How a site's discriminators divide its channels.
enum class Judging {
  jointly,       // one discriminator over all channels the site has
  per_modality,  // one for each channel
};

/// What a site decides for itself.
template <networks::Discriminator Net>
struct SiteOptions {
  using T = typename Net::Scalar;
  using D = typename Net::Place;

  std::string name;
  std::uint64_t secret = 0;  // privacy::draw_secret(): keys its draws and its noise; 0 is refused
  typename Net::Options discriminator;  // in_channels is set from the data
  layers::Initialization initialization = {};
  typename optim::Adam<T, D>::Options adam = {};
  optim::ConstantThenLinear schedule = kConstantRate;
  Objective<T, D> objective = {};
  Pairing pairing = Pairing::independent;
  Judging judging = Judging::jointly;
  bool flip = true;  // mirror half of the samples left to right
  privacy::SitePolicy policy = {};
  privacy::AnySanitizer sanitizer = privacy::PassThrough{};  // what dL/dfake goes through
  protocol::AnyLabelEncoding label_maps_encoding = {};       // of what it sends
  int largest_batch = 1024;  // label maps and fakes in one message; what asks for more is refused
  std::chrono::milliseconds patience = transport::Timeouts{}.answer();  // with the centre
};

}  // namespace asyndgan::federation
