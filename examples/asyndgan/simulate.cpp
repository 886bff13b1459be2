// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/json_rows.hpp"
#include "examples.hpp"
#include "federation_data.hpp"
#include "networks.hpp"
#include "page.hpp"
#include "page_parts.hpp"
#include "report.hpp"
#include "run_folder.hpp"
#include "segmenters.hpp"
#include "synthesise.hpp"
#include "train.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

namespace {

/// A line that sums the run up.
std::string verdict(const EvaluationFound& evaluation) {
  std::string text;
  for (const auto& set : evaluation.sets) {
    text += (text.empty() ? "mean Dice on the test set: " : ", ") + set.set + " " +
            telemetry::fixed(set.mean.at("dice").mean, 3);
  }
  return text;
}

/// The sites sent label maps for the synthesis too.
void enter_ledgers(const RunFolder& folder) {
  auto trained = found<Trained>(folder, kTrainPhase).value();
  for (auto& site : trained.sites) {
    enter_ledger(site, privacy::EgressLedger(ledger_file(folder, site.name)));
  }
  folder.finish(kTrainPhase, trained);
}

}  // namespace

/// The phases in order. Each is skipped if an earlier run has finished it; what the next one
/// needs of it is then read or made again.
int simulate(const SimulateArguments& arguments, const Voice& voice) {
  const RunConfig config = load_config(arguments.from.config, arguments.from.changes);
  set_up_kernels(config);
  const RunFolder folder = RunFolder::open(config, arguments.fresh);

  const FederationData data = load_federation(config, voice);
  folder.finish(kLoadPhase, describe(data));

  if (!folder.result(kTrainPhase)) folder.finish(kTrainPhase, train(folder, data, voice));

  const bool drawn = folder.result(kSynthesisePhase).has_value();
  const data::Slices synthetic = synthesise(folder, data, drawn, voice);
  if (!drawn) {
    write_volumes(synthetic, plane_of(config.data), folder.root() / "synthetic",
                  data.public_maps.grids);
    enter_ledgers(folder);
    folder.finish(kSynthesisePhase, Synthesised{synthetic.size()});
  }
  write_examples(folder, data, synthetic);
  write_reports(folder);  // something to look at while the segmenters train

  if (!config.segmenter.train_on.empty() && !folder.result(kEvaluatePhase)) {
    folder.finish(kEvaluatePhase, train_segmenters(folder, data, synthetic, voice));
  }
  write_reports(folder);
  if (voice.json) print(telemetry::to_json(run_rows(folder)));
  if (const auto evaluation = found<EvaluationFound>(folder, kEvaluatePhase)) {
    voice.say(verdict(*evaluation));
  }
  voice.say("report: " + (folder.root() / "report.html").string());
  return kDone;
}

}  // namespace asyndgan::program
