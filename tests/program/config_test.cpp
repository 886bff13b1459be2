// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "config_key.hpp"
#include "network.hpp"
#include "site_settings.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::program {
namespace {

using Catch::Contains;

/// The least that a run needs, with `more` merged in.
std::string text_of(const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json json = {
      {"data",
       {{"sites",
         {{{"name", "north"}, {"folder", "north"}}, {{"name", "south"}, {"folder", "/s/south"}}}},
        {"test", {{"folder", "held-out"}}},
        {"classes", {"background", "body"}}}}};
  json.merge_patch(more);
  return json.dump();
}

RunConfig parse(const nlohmann::json& more, const std::vector<std::string>& changes = {}) {
  return parse_config(text_of(more), "run.json", "/base/x", changes);
}

std::string problem(const nlohmann::json& more, const std::vector<std::string>& changes = {}) {
  try {
    (void)parse(more, changes);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no problem";
}

/// Whether `key` takes the value.
template <class Target>
bool reads(const Key<Target>& key, Target& target, const Json& value) {
  Problems problems;
  key.read(target, value, key.path, problems);
  return problems.empty();
}

TEST_CASE("What a configuration leaves out has its default", "[program]") {
  const RunConfig config = parse(nlohmann::json::object());
  CHECK(config.training.steps == 1500);
  CHECK(config.generator.kind == GeneratorKind::resnet);
  CHECK(config.privacy.policy == privacy::SitePolicy{});
  CHECK(config.data.sites.size() == 2);
  CHECK(config.data.sites[1].name == "south");
}

TEST_CASE("Paths are meant from the folder of the file", "[program]") {
  const RunConfig config =
      parse({{"run", {{"output", "../out"}}}, {"network", {{"certificates", "north-keys"}}}});
  CHECK(config.data.sites[0].folder == "/base/x/north");
  CHECK(config.data.sites[1].folder == "/s/south");
  CHECK(config.data.test.folder == "/base/x/held-out");
  CHECK(config.run.output == "/base/out");
  CHECK(config.network.certificates == "/base/x/north-keys");
}

TEST_CASE("Every key of the table is read, and written back as it was", "[program]") {
  // A value other than the default for every key, by its kind.
  const auto changed = [](const Json& value, const std::string& expected) -> Json {
    if (value.is_boolean()) return !value.get<bool>();
    if (expected.starts_with("one of ")) {  // the last name
      const auto begin = expected.rfind('"', expected.size() - 2) + 1;
      const std::string name = expected.substr(begin, expected.size() - 1 - begin);
      const auto first = expected.substr(8, expected.find('"', 8) - 8);
      return value == name ? first : name;
    }
    if (expected.starts_with("list of lists")) return Json::parse("[[0, 7], [1]]");
    if (expected.starts_with("list of \"")) return Json::array({"each_site"});
    if (expected.starts_with("list of")) return Json::array({"u", "v"});
    if (value.is_string()) return "/other";
    if (value.is_number_float()) return value.get<double>() == 0 ? 0.25 : value.get<double>() / 2;
    return value.get<std::uint64_t>() + 1;
  };
  for (const auto& key : run_keys()) {
    INFO(key.path);
    RunConfig config;
    const Json before = key.write(config);
    const Json after = changed(before, key.expected);
    REQUIRE(after != before);
    REQUIRE(reads(key, config, after));
    CHECK(key.write(config) == after);
    CHECK_FALSE(reads(key, config, Json::object()));
    CHECK_FALSE(reads(key, config, nullptr));
    CHECK(key.write(config) == after);  // a wrong value changes nothing
  }
  for (const auto& key : site_keys()) {
    INFO(key.path);
    SourceConfig site;
    const Json after = key.path == "policy"
                           ? key.write({.policy = privacy::SitePolicy{.minimum_batch = 5}})
                           : changed(key.write(site), key.expected);
    REQUIRE(reads(key, site, after));
    CHECK(key.write(site) == after);
  }
}

TEST_CASE("A printed configuration gives the same configuration", "[program]") {
  const RunConfig config = parse({{"training", {{"variant", "two_phase"}, {"steps", 7}}},
                                  {"generator", {{"dropout", 0.25}}},
                                  {"segmenter", {{"train_on", {"synthetic"}}}}});
  const std::string text = config_text(config);
  const RunConfig again = parse_config(text, "printed", "/elsewhere");
  CHECK(config_text(again) == text);
  CHECK(differences(config, again).empty());
  CHECK(again.training.variant == federation::Variant::two_phase);
  CHECK(again.generator.dropout == 0.25);
}

TEST_CASE("An unknown key is refused with the nearest one", "[program]") {
  CHECK_THAT(problem({{"training", {{"step", 5}}}}),
             Contains("training.step: unknown key; did you mean training.steps?"));
  CHECK_THAT(problem({{"trianing", {{"steps", 5}}}}),
             Contains("trianing: unknown key; did you mean training?"));
  CHECK_THAT(problem({{"training", {{"seed", 5}}}}), Contains("did you mean run.seed?"));
  CHECK_THAT(problem({{"data", {{"test", {{"foldre", "x"}}}}}}),
             Contains("data.test.foldre: unknown key; did you mean data.test.folder?"));
  CHECK_THAT(problem({{"data", {{"sites", {{{"nmae", "a"}, {"folder", "b"}}}}}}}),
             Contains("data.sites[0].nmae: unknown key; did you mean data.sites[0].name?"));
  CHECK_THAT(problem({{"zzzzzzzzzzzz", 1}}), Contains("zzzzzzzzzzzz: unknown key"));
}

TEST_CASE("A wrong type or value is named with key, value and what was expected", "[program]") {
  CHECK_THAT(problem({{"training", {{"steps", "many"}}}}),
             Contains("training.steps: \"many\" given, expected whole number, 1 to 10000000"));
  CHECK_THAT(problem({{"training", {{"steps", 0}}}}), Contains("training.steps: 0 given"));
  CHECK_THAT(problem({{"training", {{"steps", -3}}}}), Contains("training.steps: -3 given"));
  CHECK_THAT(problem({{"training", {{"steps", 1.5}}}}), Contains("training.steps: 1.5 given"));
  CHECK_THAT(problem({{"training", {{"generator_rate", 0}}}}),
             Contains("training.generator_rate: 0 given, expected number, above 0 to 1"));
  CHECK_THAT(problem({{"generator", {{"kind", "vit"}}}}),
             Contains("generator.kind: \"vit\" given, expected one of \"resnet\", \"unet\""));
  CHECK_THAT(problem({{"generator", 5}}), Contains("generator: 5 given, expected an object"));
  CHECK_THAT(problem({{"data", {{"sites", "north"}}}}), Contains("expected a list of sites"));
  CHECK_THAT(problem({{"data", {{"sites", {5}}}}}), Contains("data.sites[0]: 5 given"));
  CHECK_THAT(problem({{"data", {{"classes", {"a", 2}}}}}), Contains("expected list of texts"));
}

TEST_CASE("All problems of a file are told at once", "[program]") {
  const std::string text =
      problem({{"training", {{"steps", 0}, {"batchs", 4}}}, {"run", {{"seed", "x"}}}});
  CHECK_THAT(text, Contains("run.json:") && Contains("training.steps") &&
                       Contains("training.batchs") && Contains("run.seed"));
}

TEST_CASE("Sites are needed, and each its own plain name and folder", "[program]") {
  CHECK_THAT(problem({{"data", {{"sites", nlohmann::json::array()}}}}),
             Contains("data.sites: no sites given, expected at least one"));
  CHECK_THAT(
      problem(
          {{"data",
            {{"sites", {{{"name", "a"}, {"folder", "x"}}, {{"name", "a"}, {"folder", "y"}}}}}}}),
      Contains("data.sites[1].name: \"a\" is taken"));
  CHECK_THAT(problem({{"data", {{"sites", {{{"name", "../a"}, {"folder", "x"}}}}}}}),
             Contains("data.sites[0].name: \"../a\" given, expected 1 to 64 letters"));
  CHECK_THAT(problem({{"data", {{"sites", {{{"name", "a"}}}}}}}),
             Contains("data.sites[0].folder: missing"));
  CHECK_THAT(
      problem({{"data", {{"sites", {{{"name", "a"}, {"folder", "x"}, {"channels", {"t3"}}}}}}}}),
      Contains("data.sites[0].channels: \"t3\" is not in data.channels"));
}

TEST_CASE("A site that lacks channels trains no segmenter of its own", "[program]") {
  const nlohmann::json sites = {{{"name", "a"}, {"folder", "x"}},
                                {{"name", "b"}, {"folder", "y"}, {"channels", {"t2"}}}};
  const nlohmann::json data = {{"channels", {"t1", "t2"}}, {"sites", sites}};
  CHECK_THAT(problem({{"data", data}}),
             Contains("segmenter.train_on: data.sites[1] lacks channels"));
  CHECK(problem({{"data", data}, {"segmenter", {{"train_on", {"synthetic"}}}}}) == "no problem");
}

TEST_CASE("Keys that contradict each other are told", "[program]") {
  CHECK_THAT(problem({{"data", {{"classes", {"only"}}}}}), Contains("data.classes: 1 names given"));
  CHECK_THAT(problem({{"data", {{"classes", {"background", "liver", "spleen", "liver"}}}}}),
             Contains("data.classes: \"liver\" names both 1 and 3"));
  CHECK_THAT(problem({{"data", {{"test", {{"folder", ""}}}}}}),
             Contains("data.test.folder: missing"));
  CHECK_THAT(problem({{"data", {{"height", 66}}}}),
             Contains("data.height: 66 given, expected a multiple of 4"));
  CHECK_THAT(problem({{"data", {{"width", 8}}}}),
             Contains("segmenter.levels: 4 given, but a side of the slices has fewer than 16"));
  CHECK_THAT(problem({{"generator", {{"kind", "unet"}, {"downs", 7}}}}),
             Contains("data.width: 64 given, expected a multiple of 128"));
  CHECK_THAT(problem({{"training", {{"sampling", "pooled"}, {"weighting", "by_count"}}}}),
             Contains("training.sampling: \"pooled\" given with training.weighting"));
  CHECK_THAT(problem({{"training", {{"sampling", "pooled"}}},
                      {"privacy", {{"allow_sample_count", false}}}}),
             Contains("privacy.allow_sample_count: false"));
  CHECK_THAT(problem({{"objective", {{"feature_statistics", 1}}},
                      {"privacy", {{"allow_site_statistics", false}}}}),
             Contains("privacy.allow_site_statistics: false"));
}

TEST_CASE("A site's own policy takes the place of the common one", "[program]") {
  const auto sites = [](const nlohmann::json& policy) {
    return nlohmann::json{{"data",
                           {{"sites",
                             {{{"name", "north"}, {"folder", "north"}},
                              {{"name", "south"}, {"folder", "south"}, {"policy", policy}}}}}},
                          {"privacy", {{"minimum_batch", 16}}}};
  };
  const RunConfig config = parse(sites({{"label_maps", "augmented"}}));
  CHECK(site_policy(config, 0).minimum_batch == 16);
  CHECK(site_policy(config, 1).minimum_batch == privacy::SitePolicy{}.minimum_batch);
  CHECK(site_policy(config, 1).label_maps == privacy::MaskRelease::augmented);

  CHECK_THAT(
      problem(sites({{"label_map", "none"}, {"minimum_batch", 0}})),
      Contains("\n  data.sites[1].policy.label_map: unknown key; did you mean "
               "data.sites[1].policy.label_maps?") &&
          Contains("\n  data.sites[1].policy.minimum_batch: 0 given, expected whole number"));
  CHECK_THAT(problem(sites("strict")),
             Contains("data.sites[1].policy: \"strict\" given, expected object with keys of"));
  CHECK_FALSE(parse(sites(nullptr)).data.sites[1].policy);  // as --print-config writes none
  CHECK_THAT(
      problem(sites({{"sanitizer", "sign_only"}})),
      Contains("data.sites[1].policy.sanitizer: unknown key; did you mean privacy.sanitizer?"));
  auto pooled = sites({{"allow_sample_count", false}});
  pooled["training"]["sampling"] = "pooled";
  CHECK_THAT(problem(pooled), Contains("data.sites[1].policy.allow_sample_count: false"));
}

TEST_CASE("Channels, classes and label values follow from the modality", "[program]") {
  CHECK_THAT(problem({{"data", {{"channels", {"t1", "flare"}}}}}),
             Contains("\"flare\" is none of brain_mri's; did you mean \"flair\"?"));
  CHECK_THAT(problem({{"data", {{"modality", "ct"}}}}),
             Contains("data.channels: expected [\"ct\"] for the modality \"ct\""));
  CHECK_THAT(
      problem({{"data", {{"modality", "histology"}, {"channels", {"red", "green", "blue"}}}}}),
      Contains("data.classes: expected [\"background\",\"inside\",\"contour\"]"));
  CHECK_THAT(problem({{"data", {{"label_values", {{0}, {1, 0}}}}}}),
             Contains("data.label_values: 0 means two classes"));
  CHECK_THAT(problem({{"data", {{"label_values", {{0}}}}}}),
             Contains("data.label_values: 1 lists given for 2 classes"));
}

TEST_CASE("The papers' objective needs the user's and the sites' word for it", "[program]") {
  const std::string text = problem({{"objective", {{"paired_l1", 100}}}});
  CHECK_THAT(text, Contains("objective.paper_objective_reveals_images") &&
                       Contains("privacy.allow_gradients_that_reveal_images") &&
                       Contains("privacy.sanitizer"));
  CHECK(problem({{"objective", {{"paired_l1", 100}, {"paper_objective_reveals_images", true}}},
                 {"privacy",
                  {{"allow_gradients_that_reveal_images", true}, {"sanitizer", "clip_norm"}}}}) ==
        "no problem");
}

TEST_CASE("Damaged or doubtful JSON is refused", "[program]") {
  const auto parse_text = [](const std::string& text) {
    return parse_config(text, "run.json", "");
  };
  CHECK_THROWS_WITH(parse_text("{\"run\": "),
                    Contains("run.json: not valid JSON") && Contains("line 1"));
  CHECK_THROWS_WITH(parse_text(R"({"training": {"beta1": 2e6666}})"),
                    Contains("run.json: not valid JSON") && Contains("2e6666"));
  CHECK_THROWS_WITH(parse_text("[]"), Contains("expected one JSON object"));
  CHECK_THROWS_WITH(parse_text(R"({"run": {"seed": 1, "seed": 2}})"),
                    Contains("key \"seed\" is given twice"));
  CHECK_THROWS_AS(load_config("/nonexistent/run.json"), DataError);
}

TEST_CASE("JSON that is nested a million levels deep is refused, naming the file", "[program]") {
  const asyndgan::test::TemporaryFolder folder;
  const auto path = folder / "deep.json";
  const auto problem_of = [&](const std::string& text) {
    std::ofstream(path) << text;
    try {
      (void)load_config(path);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no problem");
  };
  const std::string expected =
      path.string() + ": lists and objects are nested deeper than 16 levels";
  CHECK(problem_of(R"({"training": )" + std::string(1'000'000, '[')) == expected);
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += R"({"a":)";
  CHECK(problem_of(objects) == expected);
  CHECK_THAT(problem_of(R"({"training": )" + std::string(15, '[') + std::string(15, ']') + "}"),
             Contains("training: [[[[[[[[[[[[[[[]]]]]]]]]]]]]]] given"));
  CHECK_THAT(problem(nlohmann::json::object(), {"training=" + std::string(100'000, '[')}),
             Contains("--set training: lists and objects are nested deeper than 16 levels"));
}

TEST_CASE("Bytes that are no UTF-8 are refused, and shown as numbers", "[program]") {
  CHECK_THROWS_WITH(
      parse_config("{\"report\": {\"title\": \"caf\xe9\"}}", "run.json", ""),
      Contains("run.json: not valid JSON") && Contains("column 27") && Contains("caf<E9>"));
  CHECK_THROWS_WITH(parse_config("\xff\xfe{\0}\0", "run.json", ""),
                    Contains("run.json: not valid JSON") && Contains("<FF>"));
  CHECK_THAT(
      problem(nlohmann::json::object(), {"report.title=caf\xe9"}),
      Contains("on the command line") && Contains("--set report.title=caf<E9>: expected UTF-8"));
  CHECK(problem(nlohmann::json::object(), {"report.title=caf\xc3\xa9"}) == "no problem");
}

TEST_CASE("A configuration may hold comments", "[program]") {
  std::string text = text_of();
  text.insert(1, "// why\n/* and how */");
  CHECK_NOTHROW(parse_config(text, "run.json", ""));
}

TEST_CASE("Changes from the command line win, with the same checks", "[program]") {
  const RunConfig config = parse({{"training", {{"steps", 10}}}},
                                 {"training.steps=20", "report.title=Two words",
                                  "segmenter.train_on=[\"synthetic\"]", "run.output=/o"});
  CHECK(config.training.steps == 20);
  CHECK(config.report.title == "Two words");
  CHECK(config.segmenter.train_on == std::vector{TrainingSet::synthetic});
  CHECK(config.run.output == "/o");
  CHECK_THAT(problem(nlohmann::json::object(), {"training.stesp=20"}),
             Contains("did you mean training.steps?"));
  CHECK_THAT(problem(nlohmann::json::object(), {"training.steps=none"}),
             Contains("\"none\" given, expected whole"));
  CHECK_THAT(problem(nlohmann::json::object(), {"training.steps"}), Contains("expected key=value"));
}

TEST_CASE("The processes of a centre have places, and the sites theirs", "[program]") {
  const auto centres = [](const nlohmann::json& places, const char* link = "tls") {
    return nlohmann::json{{"network", {{"link", link}, {"centres", places}}}};
  };
  const RunConfig two = parse(centres({"gan1:7443", "[::1]:7"}));
  CHECK(centre_of_site(two, 0) == 0);
  CHECK(centre_of_site(two, 1) == 1);
  CHECK(place_of_centre(two, 0).host == "gan1");
  CHECK(place_of_centre(two, 0).port == 7443);
  CHECK(place_of_centre(two, 1).host == "::1");
  const RunConfig one = parse(nlohmann::json::object());
  CHECK(centre_of_site(one, 1) == 0);
  CHECK(place_of_centre(one, 0).host == "localhost");
  for (const char* place :
       {"gan1", ":1", "gan1:", "gan1:0", "gan1:65536", "gan1:1x", "::1:7", "[]:7"}) {
    CHECK_THAT(problem(centres({"gan1:1", place})), Contains("network.centres[1]: \""));
  }
  CHECK_THAT(problem(centres({"a:1", "b:1", "c:1"})), Contains("3 given for 2 sites"));
  CHECK_THAT(problem(centres({"a:1"}, "mpi")), Contains("network.centres: given with"));
}

TEST_CASE("Differences name what changes results, and nothing else", "[program]") {
  const RunConfig there = parse(nlohmann::json::object());
  RunConfig here = there;
  here.run.threads = 7;
  here.report.pictures = 2;
  CHECK(differences(there, here).empty());
  here.training.steps = 2000;
  here.data.sites[0].weight = 2;
  const auto found = differences(there, here);
  REQUIRE(found.size() == 2);
  CHECK(found[0] == "training.steps: 1500 there, 2000 here");
  CHECK_THAT(found[1], Contains("data.sites[0].weight: 1.0 there, 2.0 here"));
}

TEST_CASE("docs/configuration.md has the table that the program goes by", "[program]") {
  std::ifstream file(ASYNDGAN_SOURCE_DIR "/docs/configuration.md");
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  const std::string marker = "<!-- From here on: asyndgan --keys-markdown -->\n";
  const auto at = text.str().find(marker);
  REQUIRE(at != std::string::npos);
  CHECK(text.str().substr(at + marker.size()) == config_markdown());
}

TEST_CASE("Help names every key with its default", "[program]") {
  const std::string help = config_help();
  for (const auto& key : run_keys()) CHECK_THAT(help, Contains("  " + key.path));
  for (const auto& key : site_keys()) CHECK_THAT(help, Contains("data.sites[]." + key.path));
  CHECK_THAT(help, Contains("training.steps = 1500\n"));
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
}

TEST_CASE("The configurations that come with the examples are valid", "[program]") {
  for (const char* name : {"head.json", "head_quick.json"}) {
    INFO(name);
    const auto config = load_config(std::string(ASYNDGAN_SOURCE_DIR "/examples/") + name);
    CHECK(config.data.sites.size() == 3);
    CHECK(config.data.classes.size() == 9);
  }
}

}  // namespace
}  // namespace asyndgan::program
