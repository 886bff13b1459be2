// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "asyndgan/core/random.hpp"
#include "asyndgan/privacy/host_tensor.hpp"
#include "asyndgan/privacy/reveals.hpp"

namespace asyndgan::privacy {

/// What a site does to a gradient before it leaves.
///
/// Shapes    d_fake (N, C, H, W); one sample is one n.
/// Requires  d_fake is finite; `key` names the site's own secret stream for this step.
/// Ensures   sanitize() changes d_fake in place, each sample for itself, and is a function of
///           its two arguments alone; accepts() says whether a gradient of that level may
///           leave after it; describe() is what the egress ledger enters, "clip_norm(1)".
/// Errors    none.
/// Threads   const, any number at once.
///
/// Models    PassThrough, ClipNorm, GaussianNoise, SignOnly; AnySanitizer holds any of them.
template <class S>
concept Sanitizer = std::copyable<S> &&
    requires(const S& sanitizer, HostTensor& d_fake, const random::Key& key, Reveals reveals) {
  { sanitizer.sanitize(d_fake, key) } -> std::same_as<void>;
  { sanitizer.accepts(reveals) } -> std::same_as<bool>;
  { sanitizer.describe() } -> std::same_as<std::string>;
};

/// A sanitizer chosen at run time. Copies share the model, which is constant.
class AnySanitizer {
 public:
  template <class S>
  requires(!std::same_as<S, AnySanitizer> && Sanitizer<S>)
      AnySanitizer(S sanitizer)  // implicit, as std::function is
      : model_(std::make_shared<Model<S>>(std::move(sanitizer))) {}

  void sanitize(HostTensor& d_fake, const random::Key& key) const { model_->sanitize(d_fake, key); }
  [[nodiscard]] bool accepts(Reveals reveals) const { return model_->accepts(reveals); }
  [[nodiscard]] std::string describe() const { return model_->describe(); }

 private:
  struct Interface {
    Interface() = default;
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;
    virtual ~Interface() = default;
    virtual void sanitize(HostTensor& d_fake, const random::Key& key) const = 0;
    [[nodiscard]] virtual bool accepts(Reveals reveals) const = 0;
    [[nodiscard]] virtual std::string describe() const = 0;
  };

  template <class S>
  struct Model final : Interface {
    explicit Model(S sanitizer_) : sanitizer(std::move(sanitizer_)) {}
    void sanitize(HostTensor& d_fake, const random::Key& key) const override {
      sanitizer.sanitize(d_fake, key);
    }
    [[nodiscard]] bool accepts(Reveals reveals) const override {
      return sanitizer.accepts(reveals);
    }
    [[nodiscard]] std::string describe() const override { return sanitizer.describe(); }
    S sanitizer;
  };

  std::shared_ptr<const Interface> model_;
};
static_assert(Sanitizer<AnySanitizer>);

}  // namespace asyndgan::privacy
