// SPDX-License-Identifier: Apache-2.0
//
// PEM: a certificate (judged by itself), a request, a list of revoked certificates or a key, as
// the first byte says.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "asyndgan/transport/certificates.hpp"
#include "fuzz/fuzz.hpp"
#include "net/certificate_pem.hpp"

using namespace asyndgan;

namespace {

/// A file in memory, with a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes) : number_(::memfd_create("pem", 0)) {
    (void)!::write(number_, bytes.data(), bytes.size());
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(number_); }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(number_); }

 private:
  int number_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const MemoryFile file(fuzz::bytes_of(data, size).subspan(1));
  fuzz::refused_or_read([&]() -> int {
    switch (data[0] % 4) {
      case 0: {
        const auto found = transport::read_certificate(file.path());
        (void)transport::title_of(*found);
        (void)transport::why_refused(*found, *found, nullptr, transport::Role::site,
                                     transport::utc_now());
        (void)transport::describe(*found);
        return 0;
      }
      case 1:
        (void)transport::describe_request(file.path());
        return 0;
      case 2:
        (void)transport::read_revocations(file.path());
        return 0;
      default:
        (void)transport::read_key(file.path());
        return 0;
    }
  });
  return 0;
}
