// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "asyndgan/federation/combination.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/sampling.hpp"
#include "asyndgan/federation/screening.hpp"
#include "asyndgan/federation/weighting.hpp"
#include "asyndgan/privacy/policy.hpp"
#include "asyndgan/protocol/encodings/float32.hpp"
#include "asyndgan/protocol/encodings/zstd_labels.hpp"

/// The program `asyndgan`. Keys, ranges and meanings stand once, in config_keys.cpp.
namespace asyndgan::program {

enum class Layout { volumes, brats };
enum class PlaneChoice { axial, coronal, sagittal };
enum class ModalityKind { brain_mri, ct, histology };
enum class GeneratorKind { resnet, unet };
enum class DiscriminatorKind { patch, pixel };
enum class NormChoice { none, batch, instance };
enum class AdversarialKind { vanilla, least_squares, hinge };
enum class SanitizerKind { none, clip_norm, gaussian_noise, sign_only };
enum class LinkKind { tls, tcp, mpi };
enum class ScheduleKind { lockstep, quorum, bounded_staleness };
enum class TrainingSet { synthetic, pooled_real, each_site, synthetic_and_each_site };

/// A folder of labelled images: a site's, or the test set's.
struct SourceConfig {
  std::string name = {};
  std::filesystem::path folder = {};
  Layout layout = Layout::volumes;
  std::vector<std::string> channels = {};          // empty: all of data.channels
  double weight = 1;                               // under training.weighting "given"
  std::optional<privacy::SitePolicy> policy = {};  // the site's own, where it has one
};

struct RunConfig {
  struct Run {
    std::uint64_t seed = 1;
    std::filesystem::path output = "run";
    int threads = 0;
    bool exact = false;
  } run;

  struct Data {
    std::vector<SourceConfig> sites;
    SourceConfig test{.name = "test"};
    ModalityKind modality = ModalityKind::brain_mri;
    std::vector<std::string> channels = {"t1"};
    std::vector<std::string> classes;
    std::vector<std::vector<std::uint16_t>> label_values;  // empty: 0, 1, 2, ...
    int height = 64;
    int width = 64;
    bool keep_aspect = true;
    PlaneChoice plane = PlaneChoice::axial;
    int least_labelled_pixels = 0;
    double window_centre = 200;
    double window_width = 1000;
    int contour = 1;
    std::filesystem::path public_label_maps;
  } data;

  struct Generator {
    GeneratorKind kind = GeneratorKind::resnet;
    int base_channels = 16;
    int blocks = 4;
    int downs = 6;
    NormChoice norm = NormChoice::instance;
    double dropout = 0.5;
    int noise_channels = 1;
  } generator;

  struct Discriminator {
    DiscriminatorKind kind = DiscriminatorKind::patch;
    int base_channels = 32;
    int layers = 2;
    NormChoice norm = NormChoice::instance;
    bool spectral_norm = false;
    bool per_channel = false;
  } discriminator;

  struct Objective {
    AdversarialKind adversarial = AdversarialKind::least_squares;
    bool paper_objective_reveals_images = false;
    double paired_l1 = 0;
    double perceptual = 0;
    double feature_statistics = 0;
    bool statistics_by_class = true;
    std::filesystem::path vgg16_weights;
  } objective;

  struct Training {
    int steps = 1500;
    int batch = 4;
    int discriminator_steps = 1;
    federation::Variant variant = federation::Variant::one_batch;
    federation::Weighting weighting = federation::Weighting::uniform;
    federation::Combination combination = federation::Combination::mean;
    double norm_cap = 0;
    std::uint8_t fakes_encoding = protocol::encodings::Float32::kCode;
    std::uint8_t gradient_encoding = protocol::encodings::Float32::kCode;
    double gradient_share = 0.1;
    std::uint8_t label_maps_encoding = protocol::encodings::ZstdLabels::kCode;
    federation::Sampling sampling = federation::Sampling::balanced;
    double generator_rate = 2e-4;
    double discriminator_rate = 2e-4;
    double beta1 = 0.5;
    double beta2 = 0.999;
    double decay_share = 0;
    double ema = 0.995;
    bool flips = true;
    int checkpoint_every = 100;
  } training;

  struct Privacy {
    privacy::SitePolicy policy;
    SanitizerKind sanitizer = SanitizerKind::none;
    double norm = 1;
    double noise_multiplier = 1;
  } privacy;

  struct Network {
    LinkKind link = LinkKind::tls;
    std::string address = "::";
    std::string host = "localhost";
    int port = 7443;
    std::vector<std::string> centres;  // empty: one, at host and port
    std::filesystem::path certificates;
    ScheduleKind schedule = ScheduleKind::lockstep;
    double deadline = 5;
    int quorum = 1;
    int staleness = 32;
    int minimum_sites = 0;
    double largest_ratio = federation::Screening{}.largest_ratio;
    int strikes = federation::Screening{}.strikes;
    double grace = 600;
    int status_port = 7444;
    double heartbeat = 5;
    double patience = 60;
  } network;

  struct Synthesis {
    int copies = 1;
    bool dropout = true;
  } synthesis;

  struct Segmenter {
    std::vector<TrainingSet> train_on = {TrainingSet::synthetic, TrainingSet::pooled_real,
                                         TrainingSet::each_site};
    int base_channels = 16;
    int levels = 4;
    int steps = 1900;
    int batch = 16;
    double rate = 1e-3;
    bool flips = true;
    int seeds = 1;
  } segmenter;

  struct Report {
    std::string title = "One generator for several sites";
    std::string note;
    int pictures = 6;
  } report;
};

/// The policy of one site: its own, else the one of "privacy".
[[nodiscard]] inline const privacy::SitePolicy& site_policy(const RunConfig& config,
                                                            std::size_t site) {
  const auto& own = config.data.sites[site].policy;
  return own ? *own : config.privacy.policy;
}

/// Reads a configuration: JSON, with comments allowed. Relative paths are meant from the folder
/// of `file`. `changes` are "key=value" from the command line and win over the file.
///
/// Errors  DataError if the file cannot be read; ConfigError that lists every problem found, each
///         with key, value and what was expected.
[[nodiscard]] RunConfig load_config(const std::filesystem::path& file,
                                    const std::vector<std::string>& changes = {});

/// The same from text; `folder` is where relative paths are meant from.
[[nodiscard]] RunConfig parse_config(const std::string& text, const std::string& source,
                                     const std::filesystem::path& folder,
                                     const std::vector<std::string>& changes = {});

/// Every key with its value, defaults included, as a configuration file that gives `config`.
[[nodiscard]] std::string config_text(const RunConfig& config);

/// Keys whose values differ, as "training.steps: 1500 there, 2000 here". Keys that may
/// change during a run are left out.
[[nodiscard]] std::vector<std::string> differences(const RunConfig& there, const RunConfig& here);

/// "volumes" and the like as a Layout. Throws ConfigError that lists the names there are.
[[nodiscard]] Layout layout_named(const std::string& name);

/// The table of all keys: for docs/configuration.md, and for --keys.
[[nodiscard]] std::string config_markdown();
[[nodiscard]] std::string config_help();

}  // namespace asyndgan::program
