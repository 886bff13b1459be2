// SPDX-License-Identifier: Apache-2.0
//
// The first bytes of a network connection, and what becomes of the text in them.
#include "net/greeting.hpp"

#include <cstdlib>
#include <string>

#include "fuzz/fuzz.hpp"

using namespace asyndgan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transport::net;
  if (size < kGreetingHeader) return 0;
  const auto bytes = fuzz::bytes_of(data, size);
  fuzz::refused_or_read([&] {
    const auto header = decode_greeting(bytes.first<kGreetingHeader>());
    if (header.text > kLongestText || header.number < 0) std::abort();
    const std::string text(reinterpret_cast<const char*>(data) + kGreetingHeader,
                           size - kGreetingHeader);
    const std::string shown = printable(text);
    if (shown.size() > kLongestText || shown.find('\n') != std::string::npos) std::abort();
    return encode({header.number, shown});
  });
  return 0;
}
