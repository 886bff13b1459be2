// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "asyndgan/transport/network_link.hpp"
#include "net/reach.hpp"
#include "net/stream.hpp"

namespace asyndgan::transport::net {

/// Goes to the centre as a site that joins does, up to where both ends have proved who they are,
/// and leaves without a greeting. `seen` gets the stream then.
///
/// Errors  TransportError, TransportTimeout after two heartbeats.
void visit(const Joining& joining, const NetworkOptions& options, Security& security,
           const std::function<void(const Stream&)>& seen = {});

}  // namespace asyndgan::transport::net
