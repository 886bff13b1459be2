// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/privacy/ledger_entry.hpp"
#include "asyndgan/privacy/shareable.hpp"
#include "asyndgan/protocol/any_encoding.hpp"
#include "asyndgan/protocol/any_label_encoding.hpp"
#include "asyndgan/protocol/frame.hpp"
#include "asyndgan/protocol/limits.hpp"
#include "asyndgan/protocol/message.hpp"
#include "asyndgan/protocol/payload.hpp"
#include "asyndgan/protocol/tensor_payload.hpp"

namespace asyndgan::protocol {

/// Choices of the sender; a receiver takes any.
struct EncodeOptions {
  AnyLabelEncoding label_maps = {};
  AnyEncoding tensors = {};              // those of single precision
  std::uint16_t version = kWireVersion;  // the receiver's, if it is older
};

namespace detail {

/// Writes one message and notes what each of its shared parts takes.
class MessageWriter {
 public:
  explicit MessageWriter(const EncodeOptions& options) : options_(options) {
    (void)writer_.grow(FrameHeader::kSize);
  }

  void write(const Hello& hello) {
    writer_.text(hello.site_name);
    part(hello.facts, [&](const auto& facts) { write_facts(facts, writer_); });
    writer_.number(static_cast<std::uint32_t>(hello.goes_on_with.size()));
    for (const StepRange& range : hello.goes_on_with) {
      writer_.number(range.first);
      writer_.number(range.last);
    }
  }
  void write(const Welcome& welcome) {
    writer_.number(welcome.rank);
    writer_.number(welcome.first_step);
    writer_.number(welcome.steps);
    writer_.number(welcome.batch);
    writer_.number(welcome.largest_batch);
    writer_.number(welcome.discriminator_steps);
    writer_.number(static_cast<std::uint8_t>(welcome.fresh_fakes));
    writer_.number(static_cast<std::uint8_t>(welcome.every_step));
    writer_.number(welcome.gradient_encoding);
    writer_.real(welcome.gradient_share);
  }
  void write(const Masks& masks) {
    step_ = masks.step;
    label_map(masks.maps);
  }
  void write(const Fakes& fakes) {
    step_ = fakes.step;
    writer_.number(static_cast<std::uint8_t>(fakes.ask));
    tensor(fakes.images);
    optional(fakes.maps, [&](const auto& maps) { label_map(maps); });
    writer_.number(fakes.next_step);
    writer_.number(fakes.next_batch);
  }
  void write(const Gradient& gradient) {
    step_ = gradient.step;
    tensor(gradient.d_fake);
    optional(gradient.losses, [&](const auto& losses) {
      part(losses, [&](const auto& value) { write_losses(value, writer_); });
    });
    optional(gradient.next_maps, [&](const auto& maps) { label_map(maps); });
  }
  void write(const Refusal& refusal) {
    step_ = refusal.step;
    writer_.text(refusal.reason);
  }
  void write(const Goodbye& goodbye) { writer_.text(goodbye.reason); }

  /// The finished frame.
  [[nodiscard]] std::vector<std::byte> seal(Kind kind, RunId run) && {
    const auto payload = writer_.written().subspan(FrameHeader::kSize);
    write_header({kind, payload.size(), run, step_, crc32c(payload), options_.version},
                 writer_.written());
    return std::move(writer_).take();
  }

  [[nodiscard]] std::uint64_t step() const { return step_; }
  [[nodiscard]] std::vector<privacy::LedgerEntry::Part> take_parts() { return std::move(parts_); }

 private:
  template <class T, class F>
  void part(const privacy::Shareable<T>& shared, const F& write_value) {
    const std::size_t before = writer_.size();
    write_value(shared.value());
    parts_.push_back({shared.provenance(), writer_.size() - before});
  }
  void tensor(const privacy::Shareable<privacy::HostTensor>& shared) {
    part(shared, [&](const auto& value) { write_tensor(value, options_.tensors, writer_); });
  }
  void label_map(const privacy::Shareable<LabelMap>& shared) {
    part(shared, [&](const auto& value) { options_.label_maps.write(value, writer_); });
  }
  template <class T, class F>
  void optional(const std::optional<T>& value, const F& write_value) {
    writer_.number(static_cast<std::uint8_t>(value.has_value()));
    if (value) write_value(*value);
  }

  EncodeOptions options_;
  ByteWriter writer_;
  std::uint64_t step_ = 0;
  std::vector<privacy::LedgerEntry::Part> parts_;
};

template <class>
inline constexpr bool kMayBeEncoded = false;
template <AnyMessage M>
inline constexpr bool kMayBeEncoded<M> = true;

}  // namespace detail

/// A frame that a transport can send, of a message that the centre sends.
template <class M>
[[nodiscard]] std::vector<std::byte> encode(const M& message, RunId run,
                                            const EncodeOptions& options = {}) {
  static_assert(detail::kMayBeEncoded<M>,
                "only protocol messages can be encoded, whose data are Shareable: "
                "see privacy/release.hpp");
  if constexpr (detail::kMayBeEncoded<M>) {
    static_assert(CentralMessage<M>,
                  "a site's messages leave through SiteOutbox, which enters "
                  "them in the egress ledger");
    detail::MessageWriter writer(options);
    writer.write(message);
    return std::move(writer).seal(kind_of<M>(), run);
  }
  return {};
}

/// Decodes payloads. A friend of Shareable: what a peer sent had been released there.
class MessageReader {
 public:
  MessageReader(std::span<const std::byte> payload, const FrameHeader& header, const Limits& limits)
      : reader_(payload), step_(header.step), limits_(limits) {}

  [[nodiscard]] Message read(Kind kind) {
    const bool has_step = kind != Kind::hello && kind != Kind::welcome && kind != Kind::goodbye;
    if (!has_step && step_ != 0) {
      throw ProtocolError("step is " + std::to_string(step_) + ", expected 0 in a " +
                          to_string(kind));
    }
    Message message = read_kind(kind);
    reader_.expect_end();
    return message;
  }

 private:
  [[nodiscard]] Message read_kind(Kind kind) {
    switch (kind) {
      case Kind::hello:
        return hello();
      case Kind::welcome:
        return welcome();
      case Kind::masks:
        return Masks{step_, label_map()};
      case Kind::fakes:
        return fakes();
      case Kind::gradient:
        return gradient();
      case Kind::refusal:
        return Refusal{step_, reader_.text("reason", limits_.text)};
      case Kind::goodbye:
        return Goodbye{reader_.text("reason", limits_.text)};
    }
    throw ProtocolError("kind is " + std::to_string(static_cast<int>(kind)) + ", expected 1 to 7");
  }

  [[nodiscard]] Hello hello() {
    std::string name = reader_.text("site name", limits_.text);
    // The centre may name a file after the site.
    if (name.empty() || name[0] == '.' || name.find_first_of("/\\") != std::string::npos) {
      throw ProtocolError("site name is '" + name +
                          "', expected one without '/' and '\\' that does not start with '.'");
    }
    auto facts = detail::read_facts(reader_, limits_);
    return {std::move(name), shared(privacy::Content::site_facts, 1, std::move(facts)),
            step_ranges()};
  }
  [[nodiscard]] std::vector<StepRange> step_ranges() {
    std::vector<StepRange> ranges(
        reader_.number<std::uint32_t>("number of step ranges", 0, kMostStepRanges));
    for (StepRange& range : ranges) {
      range.first = reader_.number<std::uint64_t>("first step of a range");
      range.last =
          reader_.number<std::uint64_t>("last step of a range", range.first, ~std::uint64_t{0});
    }
    return ranges;
  }

  [[nodiscard]] Welcome welcome() {
    Welcome welcome;
    welcome.rank = reader_.number<std::uint32_t>("rank", 1, 0x7FFFFFFF);
    welcome.first_step = reader_.number<std::uint64_t>("first step");
    welcome.steps = reader_.number<std::uint64_t>("steps");
    welcome.batch = reader_.number<std::uint32_t>("batch", 0, kLargestBatch);
    welcome.largest_batch = reader_.number<std::uint32_t>("largest batch", 1, kLargestBatch);
    if (welcome.batch > welcome.largest_batch) {
      throw ProtocolError("batch is " + std::to_string(welcome.batch) +
                          ", expected at most the largest batch, " +
                          std::to_string(welcome.largest_batch));
    }
    welcome.discriminator_steps =
        reader_.number<std::uint32_t>("discriminator steps", 1, kLargestPlan);
    welcome.fresh_fakes = present("fresh fakes");
    welcome.every_step = present("every step");
    welcome.gradient_encoding = reader_.number<std::uint8_t>("gradient encoding");
    welcome.gradient_share = reader_.real("share of gradient values");
    (void)AnyEncoding::of(welcome.gradient_encoding, welcome.gradient_share);
    return welcome;
  }

  [[nodiscard]] Fakes fakes() {
    const auto ask = static_cast<Ask>(reader_.number<std::uint8_t>("ask", 0, 2));
    Fakes fakes{step_, ask, tensor(privacy::Content::synthetic)};
    if (present("maps present")) fakes.maps = label_map();
    fakes.next_step = reader_.number<std::uint64_t>("next step");
    if (fakes.next_step < step_) {
      throw ProtocolError("next step is " + std::to_string(fakes.next_step) + ", expected " +
                          std::to_string(step_) + " or later");
    }
    fakes.next_batch = reader_.number<std::uint32_t>("next batch", 0, limits_.batch);
    return fakes;
  }

  [[nodiscard]] Gradient gradient() {
    Gradient gradient{step_, tensor(privacy::Content::gradient)};
    if (present("losses present")) {
      const privacy::Losses losses = detail::read_losses(reader_);
      gradient.losses = shared(privacy::Content::aggregate, losses.samples, losses);
    }
    if (present("next maps present")) gradient.next_maps = label_map();
    return gradient;
  }

  [[nodiscard]] bool present(const char* field) {
    return reader_.number<std::uint8_t>(field, 0, 1) == 1;
  }
  [[nodiscard]] privacy::Shareable<privacy::HostTensor> tensor(privacy::Content content) {
    auto tensor = detail::read_tensor(reader_, limits_);
    const auto items = static_cast<std::uint64_t>(tensor.shape().n);
    return shared(content, items, std::move(tensor));
  }
  [[nodiscard]] privacy::Shareable<LabelMap> label_map() {
    auto map = AnyLabelEncoding::read(reader_, limits_);
    const auto items = static_cast<std::uint64_t>(map.n);
    return shared(privacy::Content::label_maps, items, std::move(map));
  }
  template <class T>
  [[nodiscard]] static privacy::Shareable<T> shared(privacy::Content content, std::uint64_t items,
                                                    T value) {
    return {std::move(value), {.content = content, .items = items, .treatment = "received"}};
  }

  ByteReader reader_;
  std::uint64_t step_;
  const Limits& limits_;
};

/// A message with the envelope it came in.
struct Received {
  FrameHeader header;
  Message message;
};

/// The message of one frame. `run` is the one that both sides are in; 0 takes any.
///
/// Errors  ProtocolError naming the field, its value and what was expected.
[[nodiscard]] inline Received decode(std::span<const std::byte> frame, const Limits& limits,
                                     RunId run = 0) {
  const FrameHeader header = read_header(frame, limits);
  const auto payload = frame.subspan(FrameHeader::kSize);
  if (payload.size() != header.payload_bytes) {
    throw ProtocolError("payload length is " + std::to_string(header.payload_bytes) +
                        " bytes, expected the " + std::to_string(payload.size()) + " that arrived");
  }
  if (run != 0 && header.run != run) {
    throw ProtocolError("run is " + std::to_string(header.run) + ", expected " +
                        std::to_string(run) + ": a message of another run");
  }
  detail::require_checksum("payload", header.payload_checksum, crc32c(payload));
  return {header, MessageReader(payload, header, limits).read(header.kind)};
}

/// The M in `received`. Throws ProtocolError if the peer sent something else; what it gave as
/// the reason of a refusal or a goodbye is in the text.
template <AnyMessage M>
[[nodiscard]] M expect(Received received) {
  if (auto* message = std::get_if<M>(&received.message)) return std::move(*message);
  std::string text = std::string("peer sent ") + to_string(received.header.kind) + ", expected " +
                     to_string(kind_of<M>());
  if (const auto* refusal = std::get_if<Refusal>(&received.message)) {
    text += ": " + refusal->reason;
  } else if (const auto* goodbye = std::get_if<Goodbye>(&received.message)) {
    text += ": " + goodbye->reason;
  }
  throw ProtocolError(text);
}

}  // namespace asyndgan::protocol
