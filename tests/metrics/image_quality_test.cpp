// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/metrics/image_quality.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::metrics {
namespace {

TEST_CASE("PSNR of a constant error is known", "[metrics]") {
  Tensor<double> reference({1, 2, 3, 5});
  Tensor<double> image = reference;
  for (double& value : image.values()) value += 0.2;
  CHECK(std::abs(psnr(image, reference) - 20) < 1e-12);  // 10 log10(4 / 0.04); 4e-15 measured
  CHECK(std::abs(psnr(image, reference, 0.2)) < 1e-12);
  CHECK(std::isinf(psnr(image, image)));
  CHECK_THROWS_AS(psnr(image, Tensor<double>({1, 2, 5, 3})), ShapeError);
}

TEST_CASE("SSIM of two constant images is the luminance term alone", "[metrics]") {
  Tensor<double> a({1, 1, 12, 13});
  Tensor<double> b({1, 1, 12, 13});
  for (double& value : a.values()) value = 0.5;
  for (double& value : b.values()) value = 0.25;
  const double c1 = 0.02 * 0.02;
  const double expected = (2 * 0.5 * 0.25 + c1) / (0.5 * 0.5 + 0.25 * 0.25 + c1);
  CHECK(std::abs(ssim(a, b) - expected) < 1e-10);  // 6e-15 measured
  CHECK(std::abs(ssim(a, a) - 1) < 1e-12);
}

/// One window by the definitions, with two-dimensional weights and centred moments.
double slow_window(const Tensor<double>& a, const Tensor<double>& b, int n, int c, int y0, int x0,
                   double range) {
  double weight_sum = 0;
  double mean_a = 0;
  double mean_b = 0;
  const auto weight = [](int y, int x) {
    return std::exp(-((y - 5) * (y - 5) + (x - 5) * (x - 5)) / (2 * 1.5 * 1.5));
  };
  for (int y = 0; y < 11; ++y) {
    for (int x = 0; x < 11; ++x) {
      weight_sum += weight(y, x);
      mean_a += weight(y, x) * a(n, c, y0 + y, x0 + x);
      mean_b += weight(y, x) * b(n, c, y0 + y, x0 + x);
    }
  }
  mean_a /= weight_sum;
  mean_b /= weight_sum;
  double aa = 0;
  double bb = 0;
  double ab = 0;
  for (int y = 0; y < 11; ++y) {
    for (int x = 0; x < 11; ++x) {
      const double da = a(n, c, y0 + y, x0 + x) - mean_a;
      const double db = b(n, c, y0 + y, x0 + x) - mean_b;
      aa += weight(y, x) / weight_sum * da * da;
      bb += weight(y, x) / weight_sum * db * db;
      ab += weight(y, x) / weight_sum * da * db;
    }
  }
  const double c1 = std::pow(0.01 * range, 2);
  const double c2 = std::pow(0.03 * range, 2);
  return (2 * mean_a * mean_b + c1) * (2 * ab + c2) /
         ((mean_a * mean_a + mean_b * mean_b + c1) * (aa + bb + c2));
}

TEST_CASE("SSIM agrees with the definition, window by window", "[metrics]") {
  const auto a = test::uniform<double>({2, 2, 14, 17}, 1);
  auto b = test::uniform<double>({2, 2, 14, 17}, 2);
  for (std::size_t i = 0; i < b.size(); ++i) b.values()[i] = 0.4 * b.values()[i] + a.values()[i];
  double sum = 0;
  for (int n = 0; n < 2; ++n) {
    for (int c = 0; c < 2; ++c) {
      for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 7; ++x) sum += slow_window(a, b, n, c, y, x, 1.5);
      }
    }
  }
  CHECK(std::abs(ssim(a, b, 1.5) - sum / (4 * 28)) < 1e-12);  // below 1e-16 measured
}

TEST_CASE("SSIM of a known pair is what scikit-image 0.26 gives", "[metrics]") {
  // structural_similarity(a, b, data_range=2, gaussian_weights=True, sigma=1.5,
  // use_sample_covariance=False) and peak_signal_noise_ratio(a, b, data_range=2) of
  // a = sin(0.3 y) cos(0.2 x), b = a + 0.1 sin(0.9 x + 0.7 y), 32 rows of 40.
  Tensor<double> a({1, 1, 32, 40});
  Tensor<double> b({1, 1, 32, 40});
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 40; ++x) {
      a(0, 0, y, x) = std::sin(0.3 * y) * std::cos(0.2 * x);
      b(0, 0, y, x) = a(0, 0, y, x) + 0.1 * std::sin(0.9 * x + 0.7 * y);
    }
  }
  CHECK(std::abs(ssim(b, a) - 0.9268352104137002) < 1e-12);  // below 1e-16 measured
  CHECK(std::abs(psnr(b, a) - 29.0334683503185) < 1e-12);    // 4e-15 measured
}

TEST_CASE("SSIM refuses an image smaller than its window", "[metrics]") {
  CHECK_THROWS_WITH(ssim(Tensor<double>({1, 1, 10, 20}), Tensor<double>({1, 1, 10, 20})),
                    "ssim: image (1, 1, 10, 20) is smaller than the 11x11 window");
}

}  // namespace
}  // namespace asyndgan::metrics
