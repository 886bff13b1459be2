// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace asyndgan::data::files {

/// Lets `write` make a file under a temporary name in the same folder that ends in `extension`
/// (ITK's writers choose format and compression by it), makes it durable and gives it the name
/// `target`. If anything fails the temporary file goes and the old version stays.
///
/// Errors  WriteError naming the target, or whatever `write` throws.
void replace_file(const std::filesystem::path& target, const std::string& extension,
                  const std::function<void(const std::filesystem::path&)>& write);

}  // namespace asyndgan::data::files
