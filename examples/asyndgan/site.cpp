// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/site.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/federation/journal.hpp"
#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/privacy/secret.hpp"
#include "asyndgan/protocol/message.hpp"
#include "asyndgan/transport/backoff.hpp"
#include "best_effort.hpp"
#include "federation_data.hpp"
#include "network.hpp"
#include "networks.hpp"
#include "site_settings.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// What keys the site's draws and noise: made once, and never told to anybody.
std::uint64_t secret_in(const fs::path& folder) {
  const fs::path file = folder / "secret";
  std::uint64_t secret = 0;
  if (!fs::exists(file)) {
    secret = privacy::draw_secret();
    write_file_atomically(file, std::as_bytes(std::span(&secret, 1)), 0600);
    return secret;
  }
  const auto bytes = read_file(file, 1024);
  if (bytes.size() != sizeof secret) {
    throw DataError(file.string() + ": " + std::to_string(bytes.size()) +
                    " bytes, expected the 8 of a secret");
  }
  std::memcpy(&secret, bytes.data(), sizeof secret);
  return secret;
}

template <networks::Discriminator Net>
class SiteRun {
 public:
  using Site = federation::Site<Net, federation::Channels, NetworkLink>;
  using Occasion = federation::Journal::Occasion;

  SiteRun(const RunConfig& config, const SiteArguments& arguments,
          const typename Net::Options& discriminator)
      : config_(config),
        index_(site_index(config, arguments.name)),
        ledger_(arguments.folder / "ledger.jsonl"),
        journal_(arguments.folder / "checkpoints"),
        backoff_({.base = timeouts(config).first_pause(),
                  .cap = timeouts(config).longest_pause(),
                  .seed = protocol::digest(arguments.name)}),
        options_(site_options<Net>(config, index_)) {
    options_.discriminator = discriminator;
    options_.patience = timeouts(config).answer();
    options_.secret = secret_in(arguments.folder);
  }

  /// Until the centre says goodbye. A link that breaks is made anew, for as long as it takes.
  void run(const Voice& voice) {
    std::optional data(load_source(config_, config_.data.sites[index_]));
    const typename Site::Hooks hooks{
        .before_answer = [&](Site& site) { write_if_due(site, voice); },
        .after_step = [&](Site& site) { after_step(site, voice); },
        .rewind =
            [&](Site& site, std::uint64_t step) {
              const auto saved = journal_.covering(step);
              if (saved) read(site, *saved, voice);
              return saved.has_value();
            },
        .while_waiting = [this](Site& site) { stop_if_asked(site); },
        .checkpoints = [this] { return journal_.ranges(); }};
    for (;;) {
      std::optional<Clock::time_point> tried = Clock::now();
      const auto wait_after = [&](const Error& error) {
        this->wait_after(error, tried.value_or(Clock::now()), voice);
      };
      try {
        auto link = program::connect(config_, options_.name);
        tried.reset();
        voice.say("connected to the centre at " +
                  meeting_place(config_, centre_of_site(config_, index_)));
        joined_at_.reset();
        if (site_) {
          site_->reconnect(std::move(link));
        } else {
          site_.emplace(std::exchange(data, std::nullopt).value(),
                        federation::Channels{config_.data.channels}, std::move(link), ledger_,
                        options_);
          if (const auto saved = journal_.steps(); !saved.empty())
            read(*site_, saved.back(), voice);
        }
        site_->serve(hooks);
        voice.say("the centre says: " + site_->farewell());
        return;
      } catch (const TransportReplaced&) {
        throw;
      } catch (const TransportError& error) {
        wait_after(error);
      } catch (const WriteError& error) {  // of the ledger: what it has no room for does not leave
        if (!site_ || interrupted()) throw;
        site_->leave();
        wait_after(error);
      } catch (const CertificateError& error) {  // it expired: until there is a new one
        if (!site_) throw;
        wait_after(error);
      }
    }
  }

 private:
  void write_if_due(Site& site, const Voice& voice) {
    const auto every = static_cast<std::uint64_t>(config_.training.checkpoint_every);
    if (federation::checkpoint_due(site.answered(), last_step(site), every)) {
      checkpoints_(voice, [&] { write(site, Occasion::due); });
    }
  }

  void after_step(Site& site, const Voice& voice) {
    // A site that joins and is dropped at once, over and over, goes on to back off.
    if (site.answered() > joined_at_.value_or(site.answered())) backoff_.reset();
    if (!joined_at_) joined_at_ = site.answered();
    if (site.answered() == 0 && journal_.steps().empty()) write_if_due(site, voice);
    stop_if_asked(site);
  }

  /// A step that has begun is begun anew by whoever goes on. A site that has answered nothing has
  /// learned nothing: a checkpoint would only bind it to the first step.
  void stop_if_asked(Site& site) {
    if (!interrupted()) return;
    if (saves_early(config_) && site.answered() > 0 && site.between_steps()) {
      write(site, Occasion::early);
    }
    throw Interrupted{};
  }

  /// That the site is the same after: it may sit some out.
  [[nodiscard]] static std::uint64_t last_step(const Site& site) {
    return std::max(site.answered(), site.step());
  }

  void write(Site& site, Occasion occasion) {
    State<float> state;
    site.collect(state);
    journal_.write(site.answered(), last_step(site), state, {{"site", site.name()}}, occasion);
  }
  void read(Site& site, std::uint64_t step, const Voice& voice) const {
    for (const auto& news : site.restore(journal_.open(step))) voice.say(news);
  }

  /// To be called where `error` is caught. Attempts are so far apart from beginning to beginning:
  /// one that waited in vain for an answer has waited already.
  void wait_after(const Error& error, Clock::time_point tried, const Voice& voice) {
    using std::chrono::milliseconds;
    if (config_.network.link == LinkKind::mpi) throw;  // whose processes cannot come back
    const auto end = tried + backoff_.next();
    const auto left = std::max<Clock::duration>(end - Clock::now(), milliseconds(0));
    voice.say(std::string(error.what()) + "; trying again in " +
              std::to_string(std::chrono::duration_cast<milliseconds>(left).count()) + " ms");
    while (!interrupted()) {  // asked once where there is nothing left to wait for, too
      if (Clock::now() >= end) return;
      std::this_thread::sleep_for(milliseconds(20));
    }
    throw Interrupted{};
  }

  const RunConfig& config_;
  std::size_t index_;
  privacy::EgressLedger ledger_;
  federation::Journal journal_;
  BestEffort checkpoints_{"checkpoints"};
  transport::Backoff backoff_;
  std::optional<std::uint64_t> joined_at_;  // steps that it had answered when it was last let in
  federation::SiteOptions<Net> options_;
  std::optional<Site> site_;
};

}  // namespace

int site(const SiteArguments& arguments, const Voice& voice) {
  const RunConfig config = load_config(arguments.from.config, arguments.from.changes);
  set_up_kernels(config);
  std::error_code code;
  fs::create_directories(arguments.folder, code);
  if (code) {
    throw WriteError("cannot create folder " + arguments.folder.string() + ": " + code.message());
  }
  if (config.discriminator.kind == DiscriminatorKind::pixel) {
    SiteRun<Pixel>(config, arguments, pixel_options(config)).run(voice);
  } else {
    SiteRun<Patch>(config, arguments, patch_options(config)).run(voice);
  }
  return kDone;
}

}  // namespace asyndgan::program
