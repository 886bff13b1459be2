// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/safetensors.hpp"
#include "asyndgan/federation/critic.hpp"
#include "asyndgan/federation/make_critics.hpp"
#include "asyndgan/federation/site_options.hpp"
#include "asyndgan/federation/site_samples.hpp"
#include "asyndgan/networks/network.hpp"

/// In a site's checkpoints a discriminator is known by the channels that it judges, so that a site
/// that comes back with other channels finds the right ones.
namespace asyndgan::federation {

/// "discriminator[t1,flair]", of channels by their numbers in `run_channels`.
[[nodiscard]] inline std::string critic_name(const std::vector<int>& channels,
                                             const std::vector<std::string>& run_channels) {
  std::string names;
  for (const int channel : channels) {
    names += (names.empty() ? "" : ",") + run_channels.at(static_cast<std::size_t>(channel));
  }
  return "discriminator[" + names + "]";
}

/// The way back: the numbers of channels whose names stand between commas.
///
/// Errors  CheckpointError naming `source` for a channel that the run does not have.
[[nodiscard]] inline std::vector<int> channels_of(std::string_view names,
                                                  const std::vector<std::string>& run_channels,
                                                  const std::string& source) {
  std::vector<int> channels;
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    const std::string_view name = names.substr(begin, end - begin);
    const auto at = std::find(run_channels.begin(), run_channels.end(), name);
    if (at == run_channels.end()) {
      throw CheckpointError(source + " has a discriminator of the channel '" + std::string(name) +
                            "', which this run does not have");
    }
    channels.push_back(static_cast<int>(at - run_channels.begin()));
    begin = end + 1;
  }
  return channels;
}

/// The discriminators that a checkpoint has, by critic_name(), with their channels.
///
/// Errors  as channels_of(); CheckpointError where they are numbered: an earlier version did not
///         say what they judge.
[[nodiscard]] inline std::map<std::string, std::vector<int>> critics_in(
    const safetensors::File& file, const std::vector<std::string>& run_channels) {
  constexpr std::string_view kBegin = "discriminator[";
  std::map<std::string, std::vector<int>> found;
  for (const auto& [name, array] : file.arrays()) {
    if (name.starts_with("discriminator.")) {
      throw CheckpointError(file.source() +
                            " numbers its discriminators and does not say which channels they "
                            "judge: go on with the version of the program that wrote it");
    }
    const auto end = name.find("].");
    if (!name.starts_with(kBegin) || end == std::string::npos) continue;
    auto& channels = found[name.substr(0, end + 1)];
    if (!channels.empty()) continue;  // another tensor of the same one
    const auto names = std::string_view(name).substr(kBegin.size(), end - kBegin.size());
    channels = channels_of(names, run_channels, file.source());
  }
  return found;
}

/// A site's discriminators as a checkpoint leaves them.
template <networks::Discriminator Net>
struct RecalledCritics {
  Critics<Net> judging;           // of what the site has images of: new, until they are read
  Critics<Net> waiting;           // of channels that it has lost since, for when it has them again
  std::vector<std::string> news;  // where the two differ, for people
};

/// Makes the discriminators that a site needs beside `file`, and enters in `state` those that are
/// to be read from it.
///
/// Errors  as critics_in() and make_critics().
template <networks::Discriminator Net, class T, class D>
[[nodiscard]] RecalledCritics<Net> recall_critics(const safetensors::File& file,
                                                  const SiteSamples<T, D>& samples,
                                                  const SiteOptions<Net>& options,
                                                  State<T, D>& state) {
  auto saved = critics_in(file, samples.channel_names());
  RecalledCritics<Net> recalled{make_critics(samples, options), {}, {}};
  for (auto& critic : recalled.judging) {
    const std::string name = critic_name(critic.channels, samples.channel_names());
    if (saved.erase(name) > 0) {
      critic.collect(name, state);
    } else {
      recalled.news.push_back(name + " begins anew: " + file.source() + " has none");
    }
  }
  for (auto& [name, channels] : saved) {
    add_critic(recalled.waiting, std::move(channels), samples, options);
    recalled.waiting.back().collect(name, state);
    recalled.news.push_back(name + " waits until this site has such images again");
  }
  return recalled;
}

}  // namespace asyndgan::federation
