// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "asyndgan/transport/tls.hpp"
#include "net/stream.hpp"

namespace asyndgan::transport::net {

/// TLS as the centre speaks it.
/// Errors  as in transport/certificates.hpp, for files that cannot be used.
[[nodiscard]] std::unique_ptr<Security> tls_of_centre(const Tls::Files& files);

/// TLS as a site speaks it, with a centre of the name `centre`.
[[nodiscard]] std::unique_ptr<Security> tls_of_site(const Tls::Files& files, std::string centre);

/// What the other end of such a stream has shown in the handshake.
[[nodiscard]] Certificate certificate_of(const Stream& stream);

}  // namespace asyndgan::transport::net
