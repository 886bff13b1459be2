// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <string>

#include "command_line.hpp"
#include "config.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

namespace {

constexpr const char* kAbout =
    "Train one image generator against discriminators that stay with the data.\n\n"
    "  asyndgan check run.json        is everything in place?\n"
    "  asyndgan simulate run.json     sites and centre in one process, to the report\n"
    "  asyndgan provision --help      certificates for sites and centre on a network\n\n"
    "Exit codes: 0 done; 1 a failure of the world (file, disk, data); 2 wrong use or\n"
    "configuration; 130 interrupted by Ctrl-C, saved: the same command goes on.";

void add_config(CLI::App& verb, ConfigArguments& from) {
  verb.add_option("config", from.config, "Configuration file (JSON); keys: asyndgan --keys")
      ->required();
  verb.add_option("--set", from.changes, "Change one key: --set training.steps=200")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_option_function<std::string>(
          "--out",
          [&from](const std::string& folder) { from.changes.push_back("run.output=" + folder); },
          "Output folder, instead of run.output")
      ->type_name("FOLDER");
}

}  // namespace

int with_command_line(int count, const char* const* arguments, Voice& voice, const Act& act) {
  CLI::App app(kAbout, "asyndgan");
  app.set_version_flag("--version", std::string("asyndgan ") + ASYNDGAN_VERSION);
  bool keys = false;
  bool keys_markdown = false;
  app.add_flag("--keys", keys, "Explain every key of the configuration");
  app.add_flag("--keys-markdown", keys_markdown)->group("");  // of docs/configuration.md
  app.require_subcommand(0, 1);

  std::function<int()> chosen;

  SimulateArguments simulation;
  bool print_config = false;
  auto* simulate_verb = app.add_subcommand(
      "simulate", "Run sites and centre in one process: train, synthesise, evaluate, report");
  add_config(*simulate_verb, simulation.from);
  simulate_verb->add_flag("--fresh", simulation.fresh,
                          "Forget what an earlier run left in the output folder");
  simulate_verb->add_flag("--print-config", print_config,
                          "Print every key with its value, and end");
  add_voice(*simulate_verb, voice);
  simulate_verb->footer(
      "Example:\n  asyndgan simulate examples/head_quick.json --out out/quick\n"
      "Ctrl-C saves; the same command goes on.");
  simulate_verb->callback([&] {
    chosen = [&] {
      if (!print_config) return simulate(simulation, voice);
      std::cout << config_text(load_config(simulation.from.config, simulation.from.changes));
      return static_cast<int>(kDone);
    };
  });

  ConfigArguments centre;
  auto* central_verb =
      app.add_subcommand("central", "Be the centre of a run whose sites come over the network");
  add_config(*central_verb, centre);
  add_voice(*central_verb, voice);
  central_verb->footer(
      "Example:\n  asyndgan central run.json --set network.certificates=certificates/centre\n"
      "Ctrl-C saves; the same command goes on, and the sites come back by themselves.");
  central_verb->callback([&] { chosen = [&] { return central(centre, voice); }; });

  SiteArguments joining;
  auto* site_verb = app.add_subcommand("site", "Be one site of a run, beside its images");
  site_verb->add_option("config", joining.from.config, "Configuration file (JSON)")->required();
  site_verb->add_option("--name", joining.name, "Which of data.sites")->required();
  site_verb->add_option("--set", joining.from.changes, "Change one key: --set network.host=centre")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  site_verb
      ->add_option("--out", joining.folder,
                   "Folder of the site's own: its ledger, its secret, "
                   "its checkpoints")
      ->required();
  add_voice(*site_verb, voice);
  site_verb->footer(
      "Example:\n  asyndgan site run.json --name north --out north-state "
      "--set network.certificates=north\n"
      "Whatever breaks, the site comes back by itself; Ctrl-C saves and ends it.");
  site_verb->callback([&] { chosen = [&] { return site(joining, voice); }; });

  CheckArguments checked;
  auto* check_verb =
      app.add_subcommand("check", "Look at a configuration and its data, and say what is wrong");
  check_verb->add_option("config", checked.from.config, "Configuration file (JSON)")->required();
  check_verb->add_option("--set", checked.from.changes, "Change one key: --set training.steps=200")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  check_verb->add_option("--site", checked.site,
                         "Only this one of data.sites, with its certificate, its clock, its way "
                         "to the centre and its disk");
  check_verb->add_option("--out", checked.folder, "Folder that the site is to keep its own in")
      ->capture_default_str();
  add_voice(*check_verb, voice);
  check_verb->footer(
      "Example:\n  asyndgan check examples/head.json\n"
      "  asyndgan check run.json --site north --out north-state --set network.certificates=north");
  check_verb->callback([&] { chosen = [&] { return check(checked, voice); }; });

  SynthesizeArguments drawn;
  auto* synthesize_verb = app.add_subcommand(
      "synthesize", "Draw images for label maps of your own with the generator of a run");
  synthesize_verb->add_option("run", drawn.run, "Output folder of a run")->required();
  synthesize_verb
      ->add_option("--maps", drawn.maps, "Folder with <case>_labels.nii.gz (or .nii, .mha, .mhd)")
      ->required();
  synthesize_verb->add_option("--out", drawn.out, "Folder for images and labels")->required();
  synthesize_verb->add_option("--copies", drawn.copies, "Images for each map")
      ->check(CLI::Range(1, 100));
  add_voice(*synthesize_verb, voice);
  synthesize_verb->footer(
      "Example:\n  asyndgan synthesize out/head/run --maps my-masks --out my-images --copies 3");
  synthesize_verb->callback([&] { chosen = [&] { return synthesize(drawn, voice); }; });

  EvaluateArguments evaluated;
  auto* evaluate_verb =
      app.add_subcommand("evaluate", "Test a segmenter of a run on labelled images");
  evaluate_verb->add_option("run", evaluated.run, "Output folder of a run")->required();
  evaluate_verb->add_option("--data", evaluated.data, "Folder of labelled images")->required();
  evaluate_verb->add_option("--layout", evaluated.layout, "How its files are named")
      ->capture_default_str();
  evaluate_verb->add_option("--segmenter", evaluated.segmenter, "Which one, of segmenters/")
      ->capture_default_str();
  add_voice(*evaluate_verb, voice);
  evaluate_verb->footer(
      "Example:\n  asyndgan evaluate out/head/run --data out/head/data/test "
      "--segmenter pooled-real-0");
  evaluate_verb->callback([&] { chosen = [&] { return evaluate(evaluated, voice); }; });

  ReportArguments reported;
  auto* report_verb = app.add_subcommand("report", "Write the report of a run again");
  report_verb->add_option("folder", reported.folder, "Output folder of a run")->required();
  report_verb->add_option("--with", reported.with,
                          "Output folders of runs that differ in run.seed alone: shows means over "
                          "all of them too");
  add_voice(*report_verb, voice);
  report_verb->footer(
      "Example:\n  asyndgan report out/head/run --with out/head/run-2 out/head/run-3");
  report_verb->callback([&] { chosen = [&] { return report(reported, voice); }; });

  add_provision(app, voice, chosen);

  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUse;
  }
  if (keys || keys_markdown) {
    std::cout << (keys ? config_help() : config_markdown());
    return kDone;
  }
  if (!chosen) {
    std::cerr << app.help();
    return kWrongUse;
  }
  return act(chosen);
}

}  // namespace asyndgan::program
