// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <functional>
#include <iostream>
#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "asyndgan/core/error.hpp"
#include "command_line.hpp"
#include "console.hpp"
#include "verbs.hpp"

namespace {

using namespace asyndgan::program;

/// Turns what `work` throws into a message and an exit code.
int guarded(const Voice& voice, const std::function<int()>& work) {
  const auto fail = [&](const std::string& kind, const std::exception& error, int code) {
    const std::string problem = kind + error.what();
    std::cerr << "asyndgan: " << problem << std::endl;
    if (voice.json) print({{"ok", false}, {"problems", nlohmann::json::array({problem})}});
    return code;
  };
  try {
    return work();
  } catch (const Interrupted&) {
    return kInterrupted;
  } catch (const asyndgan::ConfigError& error) {
    return fail("", error, kWrongUse);
  } catch (const asyndgan::Error& error) {
    return fail("", error, kFailed);
  } catch (const std::bad_alloc& error) {
    return fail("out of memory: ", error, kFailed);
  } catch (const std::exception& error) {
    return fail("please report this fault of the program: ", error, kFailed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Voice voice;
  return guarded(voice, [&] {
    return with_command_line(argc, argv, voice, [](const std::function<int()>& verb) {
      watch_for_interrupts();
      return verb();
    });
  });
}
