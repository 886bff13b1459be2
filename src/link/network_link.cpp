// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/network_link.hpp"

#include <utility>

#include "asyndgan/core/error.hpp"
#include "link/endpoint.hpp"

namespace asyndgan::transport {

NetworkLink::NetworkLink(std::unique_ptr<net::Endpoint> endpoint)
    : endpoint_(std::move(endpoint)) {}
NetworkLink::NetworkLink(NetworkLink&&) noexcept = default;
NetworkLink& NetworkLink::operator=(NetworkLink&&) noexcept = default;
NetworkLink::~NetworkLink() = default;

Peer NetworkLink::rank() const { return endpoint().rank(); }
std::uint16_t NetworkLink::port() const { return endpoint().port(); }

void NetworkLink::send(Peer peer, std::span<const std::byte> message) {
  endpoint().mailbox().send(peer, message);
}

std::vector<std::byte> NetworkLink::receive(Peer peer, std::chrono::milliseconds limit) {
  return endpoint().mailbox().receive(peer, limit);
}

Arrival NetworkLink::receive_any(std::chrono::milliseconds limit) {
  return endpoint().mailbox().receive_any(limit);
}

void NetworkLink::close() {
  if (endpoint_) endpoint_->close();
}

net::Endpoint& NetworkLink::endpoint() const {
  if (!endpoint_) throw ContractViolation("network link: moved-from endpoint");
  return *endpoint_;
}

}  // namespace asyndgan::transport
