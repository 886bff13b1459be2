// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>

#include "asyndgan/privacy/private.hpp"

void print(const asyndgan::privacy::Private<std::string>& loaded) { std::cout << loaded; }
