// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "asyndgan/core/tensor.hpp"

int main() {
  const asyndgan::Tensor<float> x({1, 1, 2, 2});
  std::cout << "hello, " << to_string(x.shape()) << '\n';
  return x.size() == 4 ? 0 : 1;
}
