// SPDX-License-Identifier: Apache-2.0
#include "nearest.hpp"

#include "support/catch.hpp"

namespace asyndgan::program {
namespace {

TEST_CASE("Edit distance counts insertions, deletions, replacements and swaps", "[program]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("steps", "step") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("bacth", "batch") == 1);
  CHECK(edit_distance("ca", "abc") == 3);  // restricted: no edit inside a swap
}

TEST_CASE("The nearest key is offered if it is near, or the same in another section", "[program]") {
  const std::vector<std::string> keys = {"training.steps", "training.batch", "segmenter.batch",
                                         "run.seed"};
  CHECK(nearest("training.step", keys) == "training.steps");
  CHECK(nearest("training.bacth", keys) == "training.batch");
  CHECK(nearest("segmentr.batch", keys) == "segmenter.batch");
  CHECK(nearest("training.seed", keys) == "run.seed");
  CHECK_FALSE(nearest("colour", keys));
  CHECK_FALSE(nearest("x", {}));
  // A hundred megabytes for each key, were it compared letter by letter.
  CHECK_FALSE(nearest(std::string(1'000'000, 'x'), keys));
}

}  // namespace
}  // namespace asyndgan::program
