// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "asyndgan/core/error.hpp"

namespace asyndgan::federation {

/// What a simulation tells whoever watches. Empty functions are not called.
template <class Central, class Site>
struct SimulationHooks {
  /// After every step of the generator, on the caller's thread. False ends the run early, with
  /// every site told.
  std::function<bool(const typename Central::Report&)> after_step;
  /// When a site has joined and after every step that it has answered, on the site's thread.
  std::function<void(Site&)> after_site_step;
};

/// A whole run in one process, from where the centre stands to its last step: every site on a
/// thread of its own, the centre on the caller's.
/// Returns when all have ended.
///
/// Errors  what a site threw, else what the centre threw, or std::system_error where a site gets
///         no thread; the others are ended first. A site that the centre has refused throws, though
///         the run may have gone on without it.
template <class Central, class Site>
void simulate(Central& central, std::deque<Site>& sites,
              const SimulationHooks<Central, Site>& hooks = {}) {
  std::vector<std::exception_ptr> errors(sites.size());
  const auto serve = [&](std::size_t i) {
    Site& site = sites[i];
    try {
      site.serve({.after_step = hooks.after_site_step});
    } catch (...) {
      errors[i] = std::current_exception();
      site.leave();  // the centre finds it gone
    }
  };

  std::vector<std::thread> threads;
  threads.reserve(sites.size());
  std::exception_ptr central_error;
  try {
    for (std::size_t i = 0; i < sites.size(); ++i) threads.emplace_back(serve, i);
    central.admit();
    bool going = true;
    while (going && central.step() < central.steps()) {
      const auto report = central.round();
      if (hooks.after_step) going = hooks.after_step(report);
    }
    central.finish(going ? "the run is complete" : "the run was interrupted");
  } catch (const std::exception& error) {
    central_error = std::current_exception();
    central.leave(error.what());  // the sites find it gone
  } catch (...) {
    central_error = std::current_exception();
    central.leave();
  }
  for (std::thread& thread : threads) thread.join();

  // A site that fails takes the centre down with it, and the centre the other sites: the cause
  // is the error that is not about a peer.
  const auto is_consequence = [](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const TransportError&) {
      return true;
    } catch (...) {
      return false;
    }
  };
  for (const auto& error : errors) {
    if (error && !is_consequence(error)) std::rethrow_exception(error);
  }
  if (central_error) std::rethrow_exception(central_error);
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace asyndgan::federation
