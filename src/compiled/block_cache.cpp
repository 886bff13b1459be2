// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/impl/block_cache.hpp"
