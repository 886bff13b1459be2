// SPDX-License-Identifier: Apache-2.0
//
// Real images of one marked value: whatever befalls a federation, no message that leaves a site has
// that value in it, however it may be written.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asyndgan/protocol/encodings/float16.hpp"
#include "simulation/fates.hpp"
#include "support/catch.hpp"

namespace asyndgan::federation {
namespace {

constexpr auto kMarker = std::bit_cast<float>(0x3ECDFE43U);  // 0.40233049

template <class T>
std::string bytes_of(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::string twice(const std::string& bytes) { return bytes + bytes; }

/// The marker in single and double precision, two pixels of it side by side where one has 2 bytes,
/// eight where it has one; and each of its negative.
std::vector<std::string> traces() {
  std::vector<std::string> found;
  for (const float value : {kMarker, -kMarker}) {
    found.push_back(bytes_of(value));
    found.push_back(bytes_of(static_cast<double>(value)));
    found.push_back(twice(bytes_of(protocol::encodings::to_float16(value))));
    found.push_back(
        twice(bytes_of(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16))));
    found.emplace_back(8, static_cast<char>(static_cast<int>(value * 127.5F + 127.5F + 0.5F)));
  }
  return found;
}

/// Looks at what leaves a site.
class Watch {
 public:
  void see(std::span<const std::byte> message) {
    const std::string_view text(reinterpret_cast<const char*>(message.data()), message.size());
    for (const auto& trace : traces_) {
      if (text.find(trace) != std::string_view::npos) ++found_;
    }
    ++seen_;
  }
  [[nodiscard]] int seen() const { return seen_; }
  [[nodiscard]] int found() const { return found_; }

 private:
  std::vector<std::string> traces_ = traces();
  int seen_ = 0;
  int found_ = 0;
};

test::Simulator<Lockstep>::Options marked(Watch& watch) {
  auto options = test::disturbed(Lockstep{});
  options.federation.marker = kMarker;
  options.tap = [&watch](std::span<const std::byte> message) { watch.see(message); };
  return options;
}

TEST_CASE("No message of a site has a pixel of a real image in it", "[simulation]") {
  Watch watch;
  const auto seeds = test::fates(200);
  for (const std::uint64_t seed : seeds) {
    INFO("seed " << seed);
    auto options = marked(watch);
    options.seed = seed;
    test::Simulator<Lockstep>(options).run();
    REQUIRE(watch.found() == 0);
  }
  // A Hello, the first masks and six gradients of each of two sites, and more where faults are.
  CHECK(watch.seen() >= 16 * static_cast<int>(seeds.size()));
}

/// Lets a pixel of a real image through.
struct Leak {
  void sanitize(privacy::HostTensor& d_fake, const random::Key& /*key*/) const {
    std::get<Tensor<float>>(d_fake.storage()).values()[5] = kMarker;
  }
  [[nodiscard]] bool accepts(privacy::Reveals /*reveals*/) const { return true; }
  [[nodiscard]] std::string describe() const { return "leak"; }
};

TEST_CASE("A single pixel that leaks is found", "[simulation]") {
  Watch watch;
  auto options = marked(watch);
  options.faults = {};
  options.federation.site.sanitizer = Leak();
  test::Simulator<Lockstep>(options).run();
  CHECK(watch.found() == 12);  // the gradients of two sites in six steps
}

}  // namespace
}  // namespace asyndgan::federation
