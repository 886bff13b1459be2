// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/impl/in_process.hpp"
