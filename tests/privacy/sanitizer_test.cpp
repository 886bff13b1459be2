// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/privacy/sanitizer.hpp"

#include <cmath>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/privacy/sanitizers/clip_norm.hpp"
#include "asyndgan/privacy/sanitizers/gaussian_noise.hpp"
#include "asyndgan/privacy/sanitizers/pass_through.hpp"
#include "asyndgan/privacy/sanitizers/sign_only.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::privacy {
namespace {

struct NoDescription {  // all of a sanitizer but one requirement
  void sanitize(HostTensor&, const random::Key&) const {}
  bool accepts(Reveals) const { return true; }
};
static_assert(!Sanitizer<NoDescription>);
static_assert(!Sanitizer<int>);

template <class T>
double norm(const Tensor<T>& tensor, int sample) {
  const std::size_t size = tensor.shape().image();
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double value = tensor.values()[static_cast<std::size_t>(sample) * size + i];
    sum += value * value;
  }
  return std::sqrt(sum);
}

TEMPLATE_TEST_CASE("ClipNorm bounds each sample for itself and leaves short ones alone",
                   "[privacy]", float, double) {
  auto tensor = test::uniform<TestType>({3, 2, 5, 3}, 1);
  for (int c = 0; c < 2; ++c) {
    for (int y = 0; y < 5; ++y) {
      for (int x = 0; x < 3; ++x) {
        tensor(1, c, y, x) *= TestType(0.01);  // well below the bound
        tensor(2, c, y, x) = 0;
      }
    }
  }
  HostTensor host(tensor);
  ClipNorm(0.5).sanitize(host, {});
  const auto clipped = std::move(host).to<TestType>();
  CHECK(norm(clipped, 0) == Approx(0.5).epsilon(1e-6));  // 2e-9 measured in float
  CHECK(norm(clipped, 1) == norm(tensor, 1));
  CHECK(norm(clipped, 2) == 0);
  // The direction is kept.
  CHECK(clipped(0, 1, 2, 1) / clipped(0, 0, 0, 0) ==
        Approx(tensor(0, 1, 2, 1) / tensor(0, 0, 0, 0)).epsilon(1e-6));  // measured 8e-8
}

TEST_CASE("ClipNorm scales by the bound over the norm, and by no more than 1", "[privacy]") {
  const std::vector<double> norms{0.1, 0.5, 2};
  const std::vector<double> factors{1, 0.406, 0.1015};  // 0.203 / norm
  Tensor<double> tensor({3, 1, 1, 2});
  for (int n = 0; n < 3; ++n) {
    tensor(n, 0, 0, 0) = 0.6 * norms[static_cast<std::size_t>(n)];
    tensor(n, 0, 0, 1) = -0.8 * norms[static_cast<std::size_t>(n)];
  }
  HostTensor host(tensor);
  ClipNorm(0.203).sanitize(host, {});
  const auto clipped = host.to<double>();
  for (int n = 0; n < 3; ++n) {
    for (int x = 0; x < 2; ++x) {
      CHECK(clipped(n, 0, 0, x) / tensor(n, 0, 0, x) ==
            Approx(factors[static_cast<std::size_t>(n)]).epsilon(1e-12));
    }
  }
}

TEST_CASE("GaussianNoise adds noise of the stated deviation to the clipped gradient", "[privacy]") {
  constexpr double kDeviation = 0.5 * 3;
  const Shape shape{2, 1, 200, 250};  // 10^5 elements
  HostTensor host(test::uniform<float>(shape, 1));
  HostTensor clipped = host;
  ClipNorm(0.5).sanitize(clipped, {});
  GaussianNoise({.norm = 0.5, .multiplier = 3}).sanitize(host, {.seed = 1});
  const auto noisy = std::move(host).to<float>();
  const auto base = std::move(clipped).to<float>();
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < noisy.size(); ++i) {
    const double noise = static_cast<double>(noisy.values()[i]) - base.values()[i];
    sum += noise;
    squares += noise * noise;
  }
  const auto count = static_cast<double>(noisy.size());
  // Standard errors: 1.5 / sqrt(1e5) = 0.005 of the mean, 1.5 / sqrt(2e5) = 0.003 of the
  // deviation; four of them allowed. Measured: 0.0033 and 0.0012.
  CHECK(std::abs(sum / count) < 0.02);
  CHECK(std::abs(std::sqrt(squares / count) - kDeviation) < 0.013);
}

TEST_CASE("SignOnly keeps signs, zeros and the mean magnitude", "[privacy]") {
  HostTensor host(
      Tensor<float>::from_host({2, 1, 1, 4}, std::vector<float>{1, -2, 0, 5, -8, 8, -8, 8}));
  SignOnly().sanitize(host, {});
  CHECK(host.to<float>().to_host() == std::vector<float>{2, -2, 0, 2, -8, 8, -8, 8});
  CHECK_FALSE(SignOnly().accepts(Reveals::paired_image));  // the sign is what gives it away
}

TEST_CASE("Sanitizers say what they are and what they take", "[privacy]") {
  CHECK(PassThrough().describe() == "unsanitized");
  CHECK(PassThrough().accepts(Reveals::site_statistics));
  CHECK_FALSE(PassThrough().accepts(Reveals::paired_image));
  CHECK(ClipNorm(0.25).describe() == "clip_norm(0.25)");
  const AnySanitizer any = GaussianNoise({.norm = 1, .multiplier = 0.5});
  CHECK(any.describe() == "gaussian_noise(1, 0.5)");
  CHECK(any.accepts(Reveals::paired_image));
  AnySanitizer copy = PassThrough();
  copy = any;
  HostTensor one(test::uniform<double>({1, 1, 3, 3}, 1));
  HostTensor two = one;
  any.sanitize(one, {.seed = 5});
  copy.sanitize(two, {.seed = 5});
  CHECK(test::relative_error(one.to<double>(), two.to<double>()) == 0);
}

TEST_CASE("Sanitizers refuse bounds that bound nothing", "[privacy]") {
  CHECK_THROWS_AS(ClipNorm(0), ContractViolation);
  CHECK_THROWS_AS(ClipNorm(-1), ContractViolation);
  CHECK_THROWS_AS(ClipNorm(std::nan("")), ContractViolation);
  CHECK_THROWS_AS(GaussianNoise({.norm = 1, .multiplier = 0}), ContractViolation);
  CHECK_THROWS_AS(GaussianNoise({.norm = 0, .multiplier = 1}), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::privacy
