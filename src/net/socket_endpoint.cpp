// SPDX-License-Identifier: Apache-2.0
#include "net/socket_endpoint.hpp"

#include <algorithm>
#include <utility>

#include "asyndgan/core/error.hpp"

namespace asyndgan::transport::net {
namespace {

std::vector<std::string> labels_of(const std::vector<std::string>& sites) {
  std::vector<std::string> labels;
  labels.reserve(sites.size());
  for (const auto& site : sites) labels.push_back("site '" + printable(site) + "'");
  return labels;
}

void require_name(const std::string& name) {
  if (name.empty() || name.size() > kLongestText || printable(name) != name) {
    throw ContractViolation("'" + printable(name) +
                            "' is no name of a site: 1 to 255 printable bytes expected");
  }
}

void require_options(const NetworkOptions& options) {
  using namespace std::chrono_literals;
  if (options.capacity < 1 || options.largest_message < 1 || options.heartbeat < 10ms ||
      options.patience < 1ms) {
    throw ContractViolation(
        "network options: room for one message, a largest message of one byte, a heartbeat of 10 "
        "ms and a patience of 1 ms are the least");
  }
}

}  // namespace

SocketEndpoint::SocketEndpoint(const Listening& listening, const NetworkOptions& options,
                               std::unique_ptr<Security> security)
    : options_(options),
      security_(std::move(security)),
      roster_(listening.sites),
      mailbox_(1, labels_of(listening.sites), options, Mailbox::Returns::yes) {
  require_options(options);
  if (roster_.empty()) throw ContractViolation("a centre needs the name of at least one site");
  for (const auto& name : roster_) {
    require_name(name);
    if (std::count(roster_.begin(), roster_.end(), name) > 1) {
      throw ContractViolation("site '" + name + "' is in the roster twice");
    }
  }
  listen(listening.address, listening.port);
  asio::co_spawn(io_, accept(), [](const std::exception_ptr&) {});
  launch();
}

SocketEndpoint::SocketEndpoint(const Joining& joining, const NetworkOptions& options,
                               std::unique_ptr<Security> security)
    : options_(options),
      security_(std::move(security)),
      port_(joining.port),
      mailbox_(kCentral, {"the centre"}, options, Mailbox::Returns::no) {
  require_options(options);
  if (!security_->proves_names()) require_name(joining.name);
  launch();
  try {
    asio::co_spawn(io_, join(joining), asio::use_future).get();
  } catch (...) {
    close();
    throw;
  }
}

void SocketEndpoint::launch() {
  asio::co_spawn(io_, watch(), [](const std::exception_ptr&) {});
  thread_ = std::thread([this] { io_.run(); });
}

// Once everything has ended, the io thread has nothing left to do and comes to its end.
void SocketEndpoint::close() {
  if (!thread_.joinable()) return;
  mailbox_.close();
  asio::post(io_, [this] { stop(); });
  thread_.join();
}

void SocketEndpoint::stop() {
  closing_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  gate_.cancel();
  for (const auto& connection : greeting_) connection->close("this side closed");
  for (const auto& session : sessions_) session->finish();
  if (sessions_.empty()) watch_.cancel();
  work_.reset();
}

std::shared_ptr<Session> SocketEndpoint::begin(Peer peer, std::shared_ptr<Connection> connection) {
  auto session = std::make_shared<Session>(
      peer, std::move(connection), mailbox_, options_, [this](Session& over) {
        sessions_.erase(std::static_pointer_cast<Session>(over.shared_from_this()));
        if (closing_ && sessions_.empty()) watch_.cancel();
      });
  const auto old = mailbox_.opened(session);
  sessions_.insert(session);
  if (old) std::static_pointer_cast<Session>(old)->end("a newer connection took its place");
  if (closing_) session->finish();
  return session;
}

// Looks after all connections at once: a quarter of a heartbeat more or less matters to none.
awaitable<void> SocketEndpoint::watch() {
  auto refreshed = Clock::now();
  error_code ignored;
  while (!closing_ || !sessions_.empty()) {
    watch_.expires_after(options_.heartbeat / 4);
    co_await watch_.async_wait(resume_with(ignored));
    tell_refused();
    const auto now = Clock::now();
    const bool judge_all = now - refreshed >= options_.timeouts().judgement();
    if (judge_all) {
      refreshed = now;
      security_->refresh();
    }
    const auto sessions = sessions_;  // ending one changes the set
    for (const auto& session : sessions) {
      session->judge(now);
      if (!judge_all) continue;
      if (const auto why = security_->objection(session->stream())) session->end(*why);
    }
  }
}

}  // namespace asyndgan::transport::net
