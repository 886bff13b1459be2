# SPDX-License-Identifier: Apache-2.0

# Filled with the package files by a later commit of this file.
