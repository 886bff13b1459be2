// SPDX-License-Identifier: Apache-2.0
//
// PEM: a certificate (judged by itself), a request, a list of revoked certificates or a key, as
// the first byte says.
#include "asyndgan/transport/certificates.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/scratch.hpp"
#include "net/certificate_pem.hpp"

using namespace asyndgan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto file = fuzz::file_of(fuzz::bytes_of(data, size).subspan(1), "pem");
  fuzz::refused_or_read([&]() -> int {
    switch (data[0] % 4) {
      case 0: {
        const auto found = transport::read_certificate(file);
        (void)transport::title_of(*found);
        (void)transport::why_refused(*found, *found, nullptr, transport::Role::site,
                                     transport::utc_now());
        (void)transport::describe(*found);
        return 0;
      }
      case 1:
        (void)transport::describe_request(file);
        return 0;
      case 2:
        (void)transport::read_revocations(file);
        return 0;
      default:
        (void)transport::read_key(file);
        return 0;
    }
  });
  return 0;
}
