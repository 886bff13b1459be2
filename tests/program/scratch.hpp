// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/temporary_folder.hpp"

namespace asyndgan::program::test {

using Scratch = asyndgan::test::TemporaryFolder;

}  // namespace asyndgan::program::test
