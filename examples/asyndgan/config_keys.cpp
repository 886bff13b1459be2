// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/any_encoding.hpp"
#include "asyndgan/protocol/any_label_encoding.hpp"
#include "config_key.hpp"

namespace asyndgan::program {

namespace {

const Names<Layout> kLayouts = {{"volumes", Layout::volumes}, {"brats", Layout::brats}};
const Names<PlaneChoice> kPlanes = {{"axial", PlaneChoice::axial},
                                    {"coronal", PlaneChoice::coronal},
                                    {"sagittal", PlaneChoice::sagittal}};
const Names<ModalityKind> kModalities = {{"brain_mri", ModalityKind::brain_mri},
                                         {"ct", ModalityKind::ct},
                                         {"histology", ModalityKind::histology}};
const Names<GeneratorKind> kGenerators = {{"resnet", GeneratorKind::resnet},
                                          {"unet", GeneratorKind::unet}};
const Names<DiscriminatorKind> kDiscriminators = {{"patch", DiscriminatorKind::patch},
                                                  {"pixel", DiscriminatorKind::pixel}};
const Names<NormChoice> kNorms = {
    {"none", NormChoice::none}, {"batch", NormChoice::batch}, {"instance", NormChoice::instance}};
const Names<AdversarialKind> kAdversarial = {{"vanilla", AdversarialKind::vanilla},
                                             {"least_squares", AdversarialKind::least_squares},
                                             {"hinge", AdversarialKind::hinge}};
const Names<federation::Variant> kVariants = {{"one_batch", federation::Variant::one_batch},
                                              {"two_phase", federation::Variant::two_phase}};
const Names<federation::Weighting> kWeightings = {{"uniform", federation::Weighting::uniform},
                                                  {"by_count", federation::Weighting::by_count},
                                                  {"given", federation::Weighting::given}};
const Names<federation::Combination> kCombinations = {{"mean", federation::Combination::mean},
                                                      {"median", federation::Combination::median}};
namespace encodings = protocol::encodings;
const Names<std::uint8_t> kFakesEncodings = {
    {"float32", encodings::Float32::kCode},
    {"float16", encodings::Float16::kCode},
    {"bfloat16", encodings::Bfloat16::kCode},
    {"uint8", encodings::Uint8::kCode},
    {"uint8+zstd", encodings::Zstd<encodings::Uint8>::kCode}};
const Names<std::uint8_t> kGradientEncodings = {
    {"float32", encodings::Float32::kCode},
    {"float16", encodings::Float16::kCode},
    {"bfloat16", encodings::Bfloat16::kCode},
    {"int8", encodings::Int8::kCode},
    {"int8+zstd", encodings::Zstd<encodings::Int8>::kCode},
    {"top_k", encodings::TopK::kCode},
    {"top_k+zstd", encodings::Zstd<encodings::TopK>::kCode}};
const Names<std::uint8_t> kLabelMapsEncodings = {{"raw", encodings::RawLabels::kCode},
                                                 {"zstd", encodings::ZstdLabels::kCode},
                                                 {"packed", encodings::PackedLabels::kCode}};
const Names<federation::Sampling> kSamplings = {{"balanced", federation::Sampling::balanced},
                                                {"pooled", federation::Sampling::pooled}};
const Names<privacy::MaskRelease> kMaskReleases = {
    {"as_they_are", privacy::MaskRelease::as_they_are},
    {"augmented", privacy::MaskRelease::augmented},
    {"none", privacy::MaskRelease::none}};
const Names<SanitizerKind> kSanitizers = {{"none", SanitizerKind::none},
                                          {"clip_norm", SanitizerKind::clip_norm},
                                          {"gaussian_noise", SanitizerKind::gaussian_noise},
                                          {"sign_only", SanitizerKind::sign_only}};
const Names<LinkKind> kLinks = {
    {"tls", LinkKind::tls}, {"tcp", LinkKind::tcp}, {"mpi", LinkKind::mpi}};
const Names<ScheduleKind> kSchedules = {{"lockstep", ScheduleKind::lockstep},
                                        {"quorum", ScheduleKind::quorum},
                                        {"bounded_staleness", ScheduleKind::bounded_staleness}};
const Names<TrainingSet> kTrainingSets = {
    {"synthetic", TrainingSet::synthetic},
    {"pooled_real", TrainingSet::pooled_real},
    {"each_site", TrainingSet::each_site},
    {"synthetic_and_each_site", TrainingSet::synthetic_and_each_site}};

constexpr std::uint64_t kMost = 1'000'000'000;  // of counts that no run reaches

using K = Keys<RunConfig>;
using List = std::vector<Key<RunConfig>>;

/// The member `config.a.b` of the target whose keys `Keys` builds.
#define FIELD_OF(Keys, member) (Keys::field([](auto& config) -> auto& { return config.member; }))
#define FIELD(member) FIELD_OF(K, member)

List run_section() {
  return {
      K::integer("run.seed", FIELD(run.seed), 0, (1ULL << 53) - 1,
                 "Seed of every random number. The same seed gives the same run, bit for bit, on "
                 "any number of threads."),
      K::path("run.output", FIELD(run.output),
              "Folder for checkpoints, logs and the report. A run that was interrupted goes on "
              "from what it finds there."),
      K::integer("run.threads", FIELD(run.threads), 0, 1024,
                 "Threads for the computation; 0 takes one per logical processor."),
      K::boolean("run.exact", FIELD(run.exact),
                 "Convolve by the definition's own products, several times slower: for comparing."),
  };
}

List data_section() {
  return {
      K::choice("data.modality", FIELD(data.modality), kModalities,
                "What the images are, which decides how their intensities are brought to [-1, 1]."),
      K::texts("data.channels", FIELD(data.channels),
               "Channels of the generated images, in order: brain_mri any of \"t1\", \"t2\", "
               "\"flair\", \"t1c\"; ct [\"ct\"]; histology [\"red\", \"green\", \"blue\"]."),
      K::texts("data.classes", FIELD(data.classes),
               "Names of the classes, the background first. Histology makes three of the numbers "
               "of the nuclei: background, inside, contour."),
      K::value_lists("data.label_values", FIELD(data.label_values),
                     "Label values in the files that mean each class, such as [[0], [1], [2], "
                     "[3, 4]]. Empty: 0, 1, 2, ... in order."),
      K::integer("data.height", FIELD(data.height), 8, 4096, "Rows of a slice, in pixels."),
      K::integer("data.width", FIELD(data.width), 8, 4096, "Columns of a slice, in pixels."),
      K::boolean("data.keep_aspect", FIELD(data.keep_aspect),
                 "Keep proportions in mm when slices are resized, by edges of background."),
      K::choice("data.plane", FIELD(data.plane), kPlanes, "How volumes are cut into slices."),
      K::integer("data.least_labelled_pixels", FIELD(data.least_labelled_pixels), 0, kMost,
                 "Leave out slices with fewer pixels that are not background."),
      K::number("data.window_centre", FIELD(data.window_centre), -2000, 4000,
                "ct: middle of the window of intensities, in Hounsfield units."),
      K::number("data.window_width", FIELD(data.window_width), 0, 10000,
                "ct: width of the window, in Hounsfield units.", /*open=*/true),
      K::integer("data.contour", FIELD(data.contour), 1, 100,
                 "histology: pixels from the edge of a nucleus inwards that are contour."),
      K::path("data.public_label_maps", FIELD(data.public_label_maps),
              "Folder with <case>_labels.nii.gz (or .nii, .mha, .mhd, or a folder of DICOM slices) "
              "of data.height x data.width pixels a slice and the numbers of data.classes: maps to "
              "draw for where a site keeps its own. The centre alone needs it."),
      K::path("data.test.folder", FIELD(data.test.folder),
              "Labelled images that no site trains on, for the evaluation. Needed unless "
              "segmenter.train_on is empty."),
      K::choice("data.test.layout", FIELD(data.test.layout), kLayouts,
                "As data.sites[].layout, of the test folder."),
  };
}

List generator_section() {
  return {
      K::choice("generator.kind", FIELD(generator.kind), kGenerators, "Network of G."),
      K::integer("generator.base_channels", FIELD(generator.base_channels), 1, 1024,
                 "Channels of the first layer; deeper ones have multiples."),
      K::integer("generator.blocks", FIELD(generator.blocks), 1, 64, "resnet: residual blocks."),
      K::integer("generator.downs", FIELD(generator.downs), 5, 8,
                 "unet: halvings; height and width must be multiples of 2^downs."),
      K::choice("generator.norm", FIELD(generator.norm), kNorms,
                "Normalisation. Batch statistics depend on which sites share a batch."),
      K::number("generator.dropout", FIELD(generator.dropout), 0, 0.95,
                "Probability of dropping an activation; it varies the images of one mask."),
      K::integer("generator.noise_channels", FIELD(generator.noise_channels), 0, 16,
                 "Channels of random numbers beside the one-hot label map."),
  };
}

List discriminator_section() {
  return {
      K::choice("discriminator.kind", FIELD(discriminator.kind), kDiscriminators,
                "Network of every site's D."),
      K::integer("discriminator.base_channels", FIELD(discriminator.base_channels), 1, 1024,
                 "Channels of the first layer."),
      K::integer("discriminator.layers", FIELD(discriminator.layers), 1, 6,
                 "patch: halvings. More let D judge larger patches."),
      K::choice("discriminator.norm", FIELD(discriminator.norm), kNorms, "Normalisation."),
      K::boolean("discriminator.spectral_norm", FIELD(discriminator.spectral_norm),
                 "Divides each weight by its largest singular value; usual with \"hinge\"."),
      K::boolean("discriminator.per_channel", FIELD(discriminator.per_channel),
                 "One discriminator per channel that a site has, instead of one over all of "
                 "them."),
  };
}

List objective_section() {
  return {
      K::choice("objective.adversarial", FIELD(objective.adversarial), kAdversarial,
                "Adversarial loss of G and D."),
      K::boolean("objective.paper_objective_reveals_images",
                 FIELD(objective.paper_objective_reveals_images),
                 "Must be true for the two weights below, which reproduce the papers: their "
                 "gradient gives every real image away, pixel by pixel. For public data only."),
      K::number("objective.paired_l1", FIELD(objective.paired_l1), 0, 1e6,
                "Weight of |fake - real|, paired with the mask's own image."),
      K::number("objective.feature_statistics", FIELD(objective.feature_statistics), 0, 1e6,
                "Weight of the distance of D's features of the fakes from their running means over "
                "the site; reads no one image."),
      K::boolean("objective.statistics_by_class", FIELD(objective.statistics_by_class),
                 "A mean for every class, instead of one for the whole image."),
      K::number("objective.perceptual", FIELD(objective.perceptual), 0, 1e6,
                "Weight of the distance of VGG-16 features, paired likewise."),
      K::path("objective.vgg16_weights", FIELD(objective.vgg16_weights),
              "safetensors file with the weights for objective.perceptual."),
  };
}

List training_section() {
  return {
      K::integer("training.steps", FIELD(training.steps), 1, 10'000'000,
                 "Updates of the generator."),
      K::integer("training.batch", FIELD(training.batch), 1, 1024,
                 "Label maps from each site per step."),
      K::integer("training.discriminator_steps", FIELD(training.discriminator_steps), 1, 100,
                 "Updates of every D per update of G."),
      K::choice("training.variant", FIELD(training.variant), kVariants,
                "one_batch: D learns from the fakes that it then judges, as the released code "
                "does. two_phase: G answers with fresh ones, as Algorithm 1 says."),
      K::choice("training.weighting", FIELD(training.weighting), kWeightings,
                "What each site's gradient counts. given: by data.sites[].weight."),
      K::choice("training.combination", FIELD(training.combination), kCombinations,
                "mean: the objective. median: of every weight's gradient, which a minority of "
                "hostile sites cannot move far; the centre keeps a copy of G's gradients for each "
                "site."),
      K::number("training.norm_cap", FIELD(training.norm_cap), 0, 1e6,
                "Scales a site's gradient down to this many times the median magnitude of all "
                "sites'; 0 never does."),
      K::choice("training.fakes_encoding", FIELD(training.fakes_encoding), kFakesEncodings,
                "How the centre writes its images; docs/wire_format.md has bytes and losses."),
      K::choice("training.gradient_encoding", FIELD(training.gradient_encoding), kGradientEncodings,
                "How every site writes its gradients."),
      K::number("training.gradient_share", FIELD(training.gradient_share), 0, 1,
                "top_k: share of a gradient's values that is sent.", /*open=*/true),
      K::choice(
          "training.label_maps_encoding", FIELD(training.label_maps_encoding), kLabelMapsEncodings,
          "How label maps are written, by whoever sends them; packed ones take more bytes than "
          "zstd, but the same number for every map."),
      K::choice("training.sampling", FIELD(training.sampling), kSamplings,
                "balanced: training.batch maps from every site. pooled: as many in all, drawn from "
                "the union of the sites, so that a small one sits steps out."),
      K::number("training.generator_rate", FIELD(training.generator_rate), 0, 1,
                "Learning rate of G (Adam).", /*open=*/true),
      K::number("training.discriminator_rate", FIELD(training.discriminator_rate), 0, 1,
                "Learning rate of every D (Adam).", /*open=*/true),
      K::number("training.beta1", FIELD(training.beta1), 0, 0.9999, "Adam's memory of gradients."),
      K::number("training.beta2", FIELD(training.beta2), 0, 0.99999, "Adam's memory of squares."),
      K::number("training.decay_share", FIELD(training.decay_share), 0, 1,
                "Last share of the steps over which both rates fall linearly to 0."),
      K::number("training.ema", FIELD(training.ema), 0, 0.99999,
                "Images are drawn with an average of G's weights over steps that forgets by this "
                "factor; 0 takes the last weights."),
      K::boolean("training.flips", FIELD(training.flips), "Mirror left and right at random."),
      K::integer("training.checkpoint_every", FIELD(training.checkpoint_every), 1, kMost,
                 "Steps between two checkpoints. Ctrl-C saves at once."),
  };
}

List privacy_section() {
  List keys = K::of_part("privacy.", FIELD(privacy.policy), policy_keys());
  const List own = {
      K::choice("privacy.sanitizer", FIELD(privacy.sanitizer), kSanitizers,
                "What a site does to each gradient before it leaves."),
      K::number("privacy.norm", FIELD(privacy.norm), 0, 1e6,
                "clip_norm, gaussian_noise: longest gradient of one sample (L2).", /*open=*/true),
      K::number("privacy.noise_multiplier", FIELD(privacy.noise_multiplier), 0, 1e6,
                "gaussian_noise: standard deviation, in units of privacy.norm.", /*open=*/true),
  };
  keys.insert(keys.end(), own.begin(), own.end());
  return keys;
}

List network_section() {
  return {
      K::choice("network.link", FIELD(network.link), kLinks,
                "tls: both ends prove who they are. tcp: nothing is encrypted, and a site is who "
                "it says it is; for one machine or a trusted network. mpi: as tcp, between the "
                "processes that one mpirun starts, the centre first and the sites in the order of "
                "data.sites."),
      K::text("network.address", FIELD(network.address),
              "central: address to listen on; \"::\" is every one, IPv4 and IPv6."),
      K::text("network.host", FIELD(network.host), "site: name or address of the centre."),
      K::integer("network.port", FIELD(network.port), 1, 65535, "TCP port of the centre."),
      K::texts("network.centres", FIELD(network.centres),
               "A centre of several processes, that \"mpirun -n N asyndgan central\" starts: where "
               "each listens, \"host:port\", by rank. They serve blocks of data.sites, in order. "
               "Empty: one process, at network.host and network.port."),
      K::path("network.certificates", FIELD(network.certificates),
              "This participant's own folder, as \"asyndgan provision\" makes it: certificate.pem, "
              "key.pem, authority.pem, revoked.pem."),
      K::choice("network.schedule", FIELD(network.schedule), kSchedules,
                "When G takes a step. lockstep: every site has answered. quorum: all have, or "
                "enough by a deadline; later gradients are dropped. bounded_staleness: with every "
                "gradient that comes, older ones counting less."),
      K::number("network.deadline", FIELD(network.deadline), 0, 86400,
                "quorum: seconds from the beginning of a step."),
      K::integer("network.quorum", FIELD(network.quorum), 1, 10000,
                 "quorum: sites that must have answered by the deadline."),
      K::integer("network.staleness", FIELD(network.staleness), 0, 1'000'000,
                 "bounded_staleness: steps of G after which a gradient is dropped."),
      K::integer("network.minimum_sites", FIELD(network.minimum_sites), 0, 10000,
                 "Sites without which the run waits; it goes on when others leave. 0: all of them, "
                 "and none misses a step of lockstep."),
      K::number("network.largest_ratio", FIELD(network.largest_ratio), 0, 1e30,
                "A gradient this many times as large as the median of the other sites' is not "
                "used; 0 allows any."),
      K::integer("network.strikes", FIELD(network.strikes), 1, 1000,
                 "Gradients in a row that could not be used, after which a site is put out."),
      K::number(
          "network.grace", FIELD(network.grace), 0, 31'536'000,
          "Seconds that the run waits where too few sites are left; then it ends, saved. None "
          "with mpi, where no site can come back."),
      K::integer("network.status_port", FIELD(network.status_port), 0, 65535,
                 "central: port of the status page, which this machine alone can see, without a "
                 "login. 0: no page."),
      K::number("network.heartbeat", FIELD(network.heartbeat), 0.1, 10,
                "Seconds, the same everywhere: who has nothing to say says so as often, and a peer "
                "that is silent for 2.5 of them is gone. Other time-outs follow "
                "(docs/operations.md#time-outs)."),
      K::number("network.patience", FIELD(network.patience), 1, 3600,
                "Seconds that a peer may take to come or to take a byte; it has 10 times as long "
                "for its part of a step."),
  };
}

List downstream_sections() {
  return {
      K::integer("synthesis.copies", FIELD(synthesis.copies), 1, 100,
                 "Images drawn for each label map."),
      K::boolean("synthesis.dropout", FIELD(synthesis.dropout),
                 "Keep dropout on, so that copies differ."),
      K::choices("segmenter.train_on", FIELD(segmenter.train_on), kTrainingSets,
                 "One segmenter is trained on each of these and tested on data.test. An empty "
                 "list ends the run after the synthesis."),
      K::integer("segmenter.base_channels", FIELD(segmenter.base_channels), 1, 1024,
                 "Channels of the first layer of the U-Net."),
      K::integer("segmenter.levels", FIELD(segmenter.levels), 1, 6, "Halvings in the U-Net."),
      K::integer("segmenter.steps", FIELD(segmenter.steps), 1, 10'000'000,
                 "Updates of each segmenter. Too few hide differences: small classes come last."),
      K::integer("segmenter.batch", FIELD(segmenter.batch), 1, 1024, "Slices per update."),
      K::number("segmenter.rate", FIELD(segmenter.rate), 0, 1, "Learning rate (Adam).",
                /*open=*/true),
      K::boolean("segmenter.flips", FIELD(segmenter.flips), "Mirror left and right at random."),
      K::integer("segmenter.seeds", FIELD(segmenter.seeds), 1, 100,
                 "Segmenters trained per set, with seeds of their own; figures are their means."),
      K::text("report.title", FIELD(report.title), "Heading of report.html."),
      K::text("report.note", FIELD(report.note),
              "What a reader should know of the data; shown on top."),
      K::integer("report.pictures", FIELD(report.pictures), 1, 24, "Columns of example pictures."),
  };
}

}  // namespace

const std::vector<Key<RunConfig>>& run_keys() {
  static const List keys = [] {
    List all;
    for (List section : {run_section(), data_section(), generator_section(),
                         discriminator_section(), objective_section(), training_section(),
                         privacy_section(), network_section(), downstream_sections()}) {
      all.insert(all.end(), section.begin(), section.end());
    }
    return all;
  }();
  return keys;
}

const std::vector<Key<privacy::SitePolicy>>& policy_keys() {
  using P = Keys<privacy::SitePolicy>;
  static const std::vector<Key<privacy::SitePolicy>> keys = {
      P::choice(
          "label_maps", FIELD_OF(P, label_maps), kMaskReleases,
          "How a site's label maps leave it. augmented: mirrored and shifted at random. none: "
          "not at all; the centre draws for data.public_label_maps."),
      P::integer("minimum_batch", FIELD_OF(P, minimum_batch), 1, kMost,
                 "Fewest real samples that a released number may rest on."),
      P::boolean("allow_site_statistics", FIELD_OF(P, allow_site_statistics),
                 "Gradients that depend on means over the site: objective.feature_statistics."),
      P::boolean("allow_gradients_that_reveal_images",
                 FIELD_OF(P, allow_gradients_that_reveal_images),
                 "The site's own consent to objective.paper_objective_reveals_images."),
      P::boolean("allow_sample_count", FIELD_OF(P, allow_sample_count),
                 "The centre learns how many samples a site has; weighting by_count needs it."),
      P::integer("queries_per_sample", FIELD_OF(P, queries_per_sample), 0, kMost,
                 "How often one real sample may answer a fake in the whole run; 0 is no limit."),
      P::integer("queries_per_site", FIELD_OF(P, queries_per_site), 0, kMost,
                 "How often all samples of a site together may; 0 is no limit."),
  };
  return keys;
}

const std::vector<Key<SourceConfig>>& site_keys() {
  using S = Keys<SourceConfig>;
  static const std::vector<Key<SourceConfig>> keys = {
      S::text("name", FIELD_OF(S, name),
              "Name of the site: letters, digits, '-' and '_'; no two alike. Needed."),
      S::path("folder", FIELD_OF(S, folder), "Where its labelled images are. Needed."),
      S::choice(
          "layout", FIELD_OF(S, layout), kLayouts,
          "brain_mri: \"volumes\" are <case>_t1.nii.gz and <case>_labels.nii.gz in one folder, "
          "\"brats\" a folder per case. docs/formats.md shows all."),
      S::texts("channels", FIELD_OF(S, channels),
               "Which of data.channels the site has, if it lacks some. Empty: all."),
      S::number("weight", FIELD_OF(S, weight), 0, 1e9,
                "Its weight if training.weighting is \"given\"."),
      S::object("policy", FIELD_OF(S, policy), policy_keys(),
                "object with keys of the policy (docs/privacy.md)",
                "The site's own policy, in place of the one in \"privacy\"; what it leaves out has "
                "its default."),
  };
  return keys;
}

#undef FIELD

Layout layout_named(const std::string& name) {
  if (const auto layout = detail::parse_name(kLayouts, Json(name))) return *layout;
  throw ConfigError("layout \"" + name + "\" given, expected one of " + detail::joined(kLayouts));
}

const std::vector<SectionDoc>& section_docs() {
  static const std::vector<SectionDoc> docs = {
      {"run", "The run as a whole."},
      {"data", "Whose images, and what they show."},
      {"generator", "The one network that the centre trains."},
      {"discriminator", "The networks that stay at the sites."},
      {"objective", "What the generator is trained for."},
      {"training", "How the federation learns."},
      {"privacy", "What may leave a site. Each site enforces it, whatever the centre asks."},
      {"network", "Of the verbs central and site: how they find each other, and when G moves."},
      {"synthesis", "The synthetic data set that is drawn after training."},
      {"segmenter", "The networks that show what the synthetic images are worth."},
      {"report", "The page at the end."},
  };
  return docs;
}

}  // namespace asyndgan::program
