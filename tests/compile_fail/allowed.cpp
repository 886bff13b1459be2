// SPDX-License-Identifier: Apache-2.0
//
// The positive control: what the other cases try, in the way that is allowed.
#include "asyndgan/data/slices.hpp"
#include "asyndgan/privacy/release.hpp"
#include "asyndgan/privacy/sanitizers/pass_through.hpp"
#include "asyndgan/protocol/codec.hpp"
#include "asyndgan/protocol/site_outbox.hpp"

using namespace asyndgan;

std::vector<std::byte> send_maps(const privacy::Private<data::Slices>& loaded,
                                 const privacy::Release& release, protocol::SiteOutbox& outbox) {
  const auto maps = loaded.map([](const data::Slices& slices) { return slices.labels; });
  return outbox.encode(protocol::Masks{1, release.label_maps(maps, 1)}, 1);
}

std::vector<std::byte> send_gradient(privacy::SiteGradient<float> gradient,
                                     const privacy::Release& release,
                                     protocol::SiteOutbox& outbox) {
  auto d_fake = release.gradient(std::move(gradient), privacy::PassThrough{}, 1);
  return outbox.encode(protocol::Gradient{1, std::move(d_fake)}, 1);
}

std::vector<std::byte> send_fakes(privacy::Synthetic<float> images) {
  return protocol::encode(
      protocol::Fakes{1, protocol::Ask::both, privacy::Release::synthetic(std::move(images))}, 1);
}
