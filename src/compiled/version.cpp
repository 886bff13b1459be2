// SPDX-License-Identifier: Apache-2.0
namespace asyndgan {
int placeholder_for_glob() { return 0; }
}  // namespace asyndgan
