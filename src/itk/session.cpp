// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <itkNiftiImageIO.h>
#include <itkOutputWindow.h>

#include <mutex>

#include "asyndgan/core/log.hpp"

namespace asyndgan::data::files {
namespace {

/// Where ITK's own warnings go.
class LogWindow : public itk::OutputWindow {
 public:
  using Self = LogWindow;
  using Superclass = itk::OutputWindow;
  using Pointer = itk::SmartPointer<Self>;
  itkFactorylessNewMacro(Self);

  void DisplayText(const char* text) override { log(LogLevel::warning, "ITK: " + one_line(text)); }
  void DisplayDebugText(const char* text) override {
    log(LogLevel::debug, "ITK: " + one_line(text));
  }
};

}  // namespace

void prepare_itk() {
  static std::once_flag once;
  std::call_once(once, [] {
    itk::OutputWindow::SetInstance(LogWindow::New());
    // The first object made of any class fills the factories' tables, without a lock.
    (void)itk::NiftiImageIO::New();
  });
}

std::string one_line(const std::string& text) {
  std::string line;
  bool space = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == '\t' || c == ' ') {
      space = !line.empty();
      continue;
    }
    if (space) line += ' ';
    space = false;
    line += c;
  }
  return line;
}

}  // namespace asyndgan::data::files
