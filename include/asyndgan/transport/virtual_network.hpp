// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport {

class Virtual;

/// A network of one thread with a clock of its own, to simulate a federation in: nothing happens
/// but in the centre's receive_any(), which lets time pass from one event to the next. The same
/// calls give the same run, whatever the machine does meanwhile.
///
/// A site is a function that is called when a message for it is there, and then receives exactly
/// that one. What it sends leaves when its work is done, work() after it was called.
///
/// Threads  one.
class VirtualNetwork {
 public:
  using Clock = std::chrono::steady_clock;  // of which now() is a made up time
  using Duration = Clock::duration;

  struct Options {
    /// From one end to the other, for a message of so many bytes to or from a site.
    std::function<Duration(Peer site, std::size_t bytes)> delay;
    /// That a site takes for a message.
    std::function<Duration(Peer site)> work;
  };

  VirtualNetwork(int sites, Options options)
      : state_(std::make_shared<State>(sites, std::move(options))) {}

  /// The centre's end, or a site's. A rank may be joined anew once its end is closed or cut.
  [[nodiscard]] Virtual join(Peer rank);

  /// Calls `serve` whenever a message for `site` has come.
  void on_message(Peer site, std::function<void()> serve) {
    state_->lines.at(static_cast<std::size_t>(site)).serve = std::move(serve);
  }

  /// Calls `lost` when the site's connection has been cut, as soon as it can notice.
  void on_cut(Peer site, std::function<void()> lost) {
    state_->lines.at(static_cast<std::size_t>(site)).lost = std::move(lost);
  }

  /// Calls `event` after `wait`.
  void after(Duration wait, std::function<void()> event) { state_->after(wait, std::move(event)); }

  /// The connection breaks: what is on its way is lost, and each side finds the other gone.
  void cut(Peer site) { state_->cut(site); }

  [[nodiscard]] Clock::time_point now() const { return state_->now; }
  /// Lets time pass for the centre's own work.
  void spend(Duration work) {
    state_->run_until(state_->now + work, [] { return false; });
  }

 private:
  friend class Virtual;

  struct Event {
    Clock::time_point when;
    std::uint64_t number;  // of equal times, the first one first
    std::function<void()> what;

    [[nodiscard]] bool operator>(const Event& other) const {
      return std::pair(when, number) > std::pair(other.when, other.number);
    }
  };
  /// Between the centre and a site.
  struct Line {
    bool open = false;
    std::uint64_t session = 0;                     // what an earlier one had sent arrives no more
    std::deque<std::vector<std::byte>> to_centre;  // an empty one says that the site is gone
    std::deque<std::vector<std::byte>> to_site;
    std::function<void()> serve;
    std::function<void()> lost;
    Clock::time_point sent_to_centre = {};  // the last arrives then: order is kept
    Clock::time_point sent_to_site = {};
    Clock::time_point idle = {};  // when the site has done its work
  };

  struct State {
    State(int sites, Options options_)
        : options(std::move(options_)), lines(static_cast<std::size_t>(sites) + 1) {}

    void after(Duration wait, std::function<void()> what) {
      events.push({now + wait, count++, std::move(what)});
    }
    void cut(Peer site) {
      Line& line = lines.at(static_cast<std::size_t>(site));
      ++line.session;
      line.to_site.clear();
      if (!std::exchange(line.open, false)) return;
      tell_centre(site, {});
      if (line.lost) after({}, line.lost);
    }

    void tell_centre(Peer site, std::vector<std::byte> message) {
      lines[static_cast<std::size_t>(site)].to_centre.push_back(std::move(message));
      heard_of.insert(site);
    }

    /// True as soon as `done` is; false once the time has come.
    template <class Done>
    bool run_until(Clock::time_point end, const Done& done) {
      while (!done()) {
        if (events.empty() || events.top().when > end) {
          now = std::max(now, end);
          return false;
        }
        const Event event = events.top();
        events.pop();
        now = std::max(now, event.when);
        event.what();
      }
      return true;
    }

    Options options;
    std::vector<Line> lines;  // by rank
    std::set<Peer> heard_of;  // sites with something in to_centre
    Clock::time_point now = {};
    std::uint64_t count = 0;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
    Peer last_served = 0;
  };

  std::shared_ptr<State> state_;
};

/// One end in a VirtualNetwork.
class Virtual {
 public:
  Virtual(Virtual&&) noexcept = default;
  Virtual& operator=(Virtual&& other) noexcept {
    close();
    state_ = std::move(other.state_);
    rank_ = other.rank_;
    session_ = other.session_;
    return *this;
  }
  ~Virtual() { close(); }

  void send(Peer peer, std::span<const std::byte> message) {
    const Peer site = rank_ == kCentral ? peer : rank_;
    auto& line = at(site);
    const bool up = rank_ != kCentral;
    // A site that is back already is gone to the centre until that has been told.
    const bool lost = up ? line.session != session_
                         : std::any_of(line.to_centre.begin(), line.to_centre.end(),
                                       [](const auto& waiting) { return waiting.empty(); });
    if (!line.open || lost) throw TransportError(name(peer) + " is gone");
    const auto leaves = up ? std::max(state_->now, line.idle) : state_->now;
    auto& last = up ? line.sent_to_centre : line.sent_to_site;
    last = std::max(last, leaves + state_->options.delay(site, message.size()));
    state_->after(last - state_->now,
                  [state = state_.get(), site, session = line.session, up,
                   copy = std::vector<std::byte>(message.begin(), message.end())]() mutable {
                    arrive(*state, site, session, up, std::move(copy));
                  });
  }

  [[nodiscard]] std::vector<std::byte> receive(Peer peer, std::chrono::milliseconds limit) {
    const bool central = rank_ == kCentral;
    auto& inbox = central ? at(peer).to_centre : at(rank_).to_site;
    const auto there = [&] { return !inbox.empty(); };
    if (central ? !state_->run_until(state_->now + limit, there) : !there()) {
      throw TransportTimeout(name(peer) + " did not answer within " +
                             std::to_string(limit.count()) + " ms");
    }
    auto message = central ? take_from(peer) : take(inbox);
    if (message.empty()) throw TransportError(name(peer) + " is gone");
    return message;
  }

  /// Requires  the centre's end.
  [[nodiscard]] Arrival receive_any(std::chrono::milliseconds limit) {
    Peer ready = kCentral;
    const bool some = state_->run_until(state_->now + limit, [&] { return (ready = next()) != 0; });
    if (!some) {
      throw TransportTimeout("no peer sent anything within " + std::to_string(limit.count()) +
                             " ms");
    }
    state_->last_served = ready;
    return {ready, take_from(ready)};
  }

  void close() {
    if (!state_) return;
    if (rank_ == kCentral) {
      for (Peer site = 1; site < static_cast<Peer>(state_->lines.size()); ++site) {
        state_->cut(site);
        at(site).to_centre.clear();
      }
      state_->heard_of.clear();
    } else if (auto& line = at(rank_); line.session == session_ && line.open) {
      line.open = false;
      state_->after(std::max(line.sent_to_centre - state_->now, Duration{}),  // behind the last
                    [state = state_.get(), site = rank_, session = session_] {
                      arrive(*state, site, session, true, {});
                    });
    }
    state_.reset();
  }

 private:
  friend class VirtualNetwork;
  using State = VirtualNetwork::State;
  using Duration = VirtualNetwork::Duration;

  Virtual(std::shared_ptr<State> state, Peer rank)
      : state_(std::move(state)), rank_(rank), session_(at(rank).session) {}

  static void arrive(State& state, Peer site, std::uint64_t session, bool up,
                     std::vector<std::byte> message) {
    auto& line = state.lines[static_cast<std::size_t>(site)];
    if (line.session != session) return;  // lost with its connection
    if (up) {
      state.tell_centre(site, std::move(message));
      return;
    }
    if (!line.open) return;
    line.to_site.push_back(std::move(message));
    const auto begin = std::max(state.now, line.idle);
    line.idle = begin + state.options.work(site);
    line.serve();
  }

  [[nodiscard]] VirtualNetwork::Line& at(Peer site) const {
    return state_->lines.at(static_cast<std::size_t>(site));
  }
  /// The next site in turn that has sent something or is gone; 0 for none.
  [[nodiscard]] Peer next() const {
    const auto& ready = state_->heard_of;
    const auto behind = ready.upper_bound(state_->last_served);
    if (behind != ready.end()) return *behind;
    return ready.empty() ? kCentral : *ready.begin();
  }
  [[nodiscard]] std::vector<std::byte> take_from(Peer site) const {
    auto& inbox = at(site).to_centre;
    auto message = take(inbox);
    if (inbox.empty()) state_->heard_of.erase(site);
    return message;
  }
  [[nodiscard]] static std::vector<std::byte> take(std::deque<std::vector<std::byte>>& inbox) {
    auto message = std::move(inbox.front());
    inbox.pop_front();
    return message;
  }
  [[nodiscard]] static std::string name(Peer peer) {
    return peer == kCentral ? "the centre" : "site " + std::to_string(peer);
  }

  std::shared_ptr<State> state_;
  Peer rank_;
  std::uint64_t session_;
};
static_assert(Transport<Virtual>);

inline Virtual VirtualNetwork::join(Peer rank) {
  if (rank != kCentral) {
    auto& line = state_->lines.at(static_cast<std::size_t>(rank));
    if (line.open) throw TransportError("rank " + std::to_string(rank) + " has already joined");
    ++line.session;
    line.open = true;
  }
  return {state_, rank};
}

}  // namespace asyndgan::transport
