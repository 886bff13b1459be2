// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/privacy/private.hpp"

#include <ostream>
#include <string>
#include <type_traits>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/privacy/host_tensor.hpp"
#include "asyndgan/privacy/shareable.hpp"
#include "support/catch.hpp"

namespace asyndgan::privacy {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept ReadableFromTemporary = requires {
  std::declval<Private<T>>().at_site();
};

using Image = Tensor<float>;

// The barrier, as far as types go; tests/compile_fail shows what the compiler says.
static_assert(!std::is_convertible_v<Private<Image>, Image>);
static_assert(!std::is_constructible_v<Image, Private<Image>>);
static_assert(!std::is_convertible_v<Image, Private<Image>>, "becoming private is explicit");
static_assert(Streamable<int> && !Streamable<Private<int>> && !Streamable<Private<std::string>>);
static_assert(!ReadableFromTemporary<Image>, "a reference into a temporary would dangle");

static_assert(!std::is_constructible_v<Shareable<LabelMap>, LabelMap>);
static_assert(!std::is_constructible_v<Shareable<LabelMap>, LabelMap, Provenance>);
static_assert(!std::is_constructible_v<Shareable<LabelMap>, Private<LabelMap>>);
static_assert(!std::is_default_constructible_v<Shareable<LabelMap>>);
static_assert(!std::is_constructible_v<Shareable<HostTensor>, HostTensor>);
static_assert(!std::is_constructible_v<Shareable<HostTensor>, Private<Image>>);
static_assert(!std::is_convertible_v<Shareable<LabelMap>, Shareable<HostTensor>>);
static_assert(std::is_copy_constructible_v<Shareable<LabelMap>>);

TEST_CASE("A private value is read at the site, and what is made of it stays private",
          "[privacy]") {
  const Private<std::vector<int>> loaded(std::vector<int>{3, 1, 2});
  CHECK(loaded.at_site().size() == 3);
  const auto sum = loaded.map([](const std::vector<int>& values) {
    int total = 0;
    for (const int value : values) total += value;
    return total;
  });
  static_assert(std::is_same_v<decltype(sum), const Private<int>>);
  CHECK(sum.at_site() == 6);
}

}  // namespace
}  // namespace asyndgan::privacy
