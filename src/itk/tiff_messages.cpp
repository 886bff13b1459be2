// SPDX-License-Identifier: Apache-2.0
#include "tiff_messages.hpp"

#include <dlfcn.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <utility>

#include "asyndgan/core/log.hpp"

namespace asyndgan::data::files {
namespace {

thread_local std::string first_error;

std::string text_of(const char* format, std::va_list arguments) {
  std::array<char, 256> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  return text.data();
}

extern "C" void tiff_warning(const char* /*module*/, const char* format, std::va_list arguments) {
  log(LogLevel::debug, "libtiff: " + text_of(format, arguments));
}

extern "C" void tiff_error(const char* /*module*/, const char* format, std::va_list arguments) {
  if (first_error.empty()) first_error = text_of(format, arguments);
}

using Handler = void (*)(const char*, const char*, std::va_list);

void set_handler(const std::string& name, Handler handler) {
  if (void* symbol = ::dlsym(RTLD_DEFAULT, name.c_str())) {
    (void)reinterpret_cast<Handler (*)(Handler)>(symbol)(handler);
  }
}

}  // namespace

// ITK brings its own libtiff under changed names, or uses the system's, and installs the headers
// of neither; the functions are there once ITK is loaded.
void redirect_tiff_messages() {
  for (const std::string prefix : {"itk_", ""}) {
    set_handler(prefix + "TIFFSetWarningHandler", tiff_warning);
    set_handler(prefix + "TIFFSetErrorHandler", tiff_error);
  }
}

std::string take_tiff_error() { return std::exchange(first_error, {}); }

}  // namespace asyndgan::data::files
