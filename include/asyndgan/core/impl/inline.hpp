// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stands before the bodies in impl/ that are no templates. They need headers that cost a
// compiler seconds: with ASYNDGAN_COMPILED they are compiled once, in the library, else in every
// user's file.
#ifdef ASYNDGAN_COMPILED
#define ASYNDGAN_INLINE
#else
#define ASYNDGAN_INLINE inline
#endif
