// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "asyndgan/core/shape.hpp"
#include "asyndgan/kernels/conv_geometry.hpp"

namespace asyndgan::benchmark {

/// A convolution of the project's networks.
struct Convolution {
  std::string name;
  Shape input;
  int filters;
  kernels::ConvGeometry g;
};

/// A transposed convolution ("up") is here as the convolution whose gradient of the input it is:
/// its forward is that one's BD, its BD that one's F. The number behind @ is the size of its own
/// input.
[[nodiscard]] inline const std::vector<Convolution>& convolutions() {
  using kernels::ConvGeometry;
  using kernels::PaddingMode;
  constexpr ConvGeometry kEdge{.kernel = 7, .padding = 3, .mode = PaddingMode::reflect};
  constexpr ConvGeometry kBlock{.kernel = 3, .padding = 1, .mode = PaddingMode::reflect};
  constexpr ConvGeometry kDown{.kernel = 3, .stride = 2, .padding = 1};
  constexpr ConvGeometry kPatch{.kernel = 4, .stride = 2, .padding = 1};
  constexpr ConvGeometry kPatchEnd{.kernel = 4, .padding = 1};
  constexpr ConvGeometry kSegment{.kernel = 3, .padding = 1};
  constexpr ConvGeometry kHalve{.kernel = 2, .stride = 2};
  static const std::vector<Convolution> kAll = {
      {"resnet256 7x7 3->64", {1, 3, 256, 256}, 64, kEdge},
      {"resnet256 3x3s2 64->128", {1, 64, 256, 256}, 128, kDown},
      {"resnet256 3x3s2 128->256", {1, 128, 128, 128}, 256, kDown},
      {"resnet256 3x3 256->256", {1, 256, 64, 64}, 256, kBlock},
      {"resnet256 7x7 64->3", {1, 64, 256, 256}, 3, kEdge},
      {"patch256 4x4s2 6->64", {1, 6, 256, 256}, 64, kPatch},
      {"patch256 4x4s2 64->128", {1, 64, 128, 128}, 128, kPatch},
      {"patch256 4x4s2 128->256", {1, 128, 64, 64}, 256, kPatch},
      {"patch256 4x4 256->512", {1, 256, 32, 32}, 512, kPatchEnd},
      {"patch256 4x4 512->1", {1, 512, 31, 31}, 1, kPatchEnd},
      {"unet256 4x4s2 512->512 @16", {1, 512, 16, 16}, 512, kPatch},
      {"unet256 4x4s2 512->512 @4", {1, 512, 4, 4}, 512, kPatch},
      {"unet256 4x4s2 512->512 @2", {1, 512, 2, 2}, 512, kPatch},
      {"unet256 4x4s2 up 1024->512 @8", {1, 512, 16, 16}, 1024, kPatch},
      {"unet256 4x4s2 up 512->128 @32", {1, 128, 64, 64}, 512, kPatch},
      {"unet256 4x4s2 up 256->64 @64", {1, 64, 128, 128}, 256, kPatch},
      {"main job 7x7 10->16", {4, 10, 64, 64}, 16, kEdge},
      {"main job 3x3s2 16->32", {4, 16, 64, 64}, 32, kDown},
      {"main job 3x3 64->64", {4, 64, 16, 16}, 64, kBlock},
      {"main job 7x7 16->1", {4, 16, 64, 64}, 1, kEdge},
      {"main job 4x4s2 10->32", {4, 10, 64, 64}, 32, kPatch},
      {"main job 4x4s2 32->64", {4, 32, 32, 32}, 64, kPatch},
      {"main job 4x4 64->128", {4, 64, 16, 16}, 128, kPatchEnd},
      {"main job 4x4 128->1", {4, 128, 15, 15}, 1, kPatchEnd},
      {"main job 3x3 16->16 @64", {8, 16, 64, 64}, 16, kSegment},
      {"main job 3x3 64->64 @16", {8, 64, 16, 16}, 64, kSegment},
      {"main job 3x3 128->128 @8", {8, 128, 8, 8}, 128, kSegment},
      {"main job 3x3 256->256 @4", {8, 256, 4, 4}, 256, kSegment},
      {"main job 3x3 256->128 @8", {8, 256, 8, 8}, 128, kSegment},
      {"main job 2x2s2 up 32->16 @32", {8, 16, 64, 64}, 32, kHalve},
      {"main job 2x2s2 up 256->128 @4", {8, 128, 8, 8}, 256, kHalve},
  };
  return kAll;
}

}  // namespace asyndgan::benchmark
