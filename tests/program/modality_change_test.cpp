// SPDX-License-Identifier: Apache-2.0
//
// A site that is started again with other images than it had, in the middle of a run.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "asyndgan/data/volume_io.hpp"
#include "consortium.hpp"
#include "run_program.hpp"
#include "support/catch.hpp"
#include "tiny_run.hpp"

namespace asyndgan::program {
namespace {

using Catch::Contains;
using test::contents;

/// North has T1 and FLAIR of its patients; what South has of them is written anew for each start.
class TwoModalities {
 public:
  explicit TwoModalities(const std::string& link) : consortium(link, 1'000'000) {
    std::uint32_t patient = 1;
    for (const std::string site : {"north", "south"}) {
      for (const std::string id : {"a", "b"}) {
        data::write_volume(consortium.path() / site / (id + "_flair.nii"),
                           test::tiny_volume(patient++, 4, 1).image);
      }
    }
    write({"t1"});
  }

  /// The configuration that whoever starts from now on reads.
  void write(const std::vector<std::string>& channels_of_south) const {
    auto config = nlohmann::json::parse(contents(consortium.path() / "run.json"));
    config["data"]["channels"] = {"t1", "flair"};
    config["data"]["sites"][1]["channels"] = channels_of_south;
    test::write_config(consortium.path(), config);
  }

  /// Starts South with these channels, waits until a gradient of it has counted, stops it, and
  /// returns what it said.
  [[nodiscard]] std::string take_part(const std::vector<std::string>& channels) const {
    write(channels);
    const auto events = consortium.path() / "run" / "events.jsonl";
    const auto log = consortium.path() / "log-south" / "stderr";
    const auto before = contents(events).size();
    std::filesystem::remove(log);
    const auto south = consortium.site("south", "run");
    consortium.wait_for_text(log, "connected to the centre");
    for (int i = 0;
         contents(events).find("\"discriminator south\"", before) == std::string::npos;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      REQUIRE(++i < 1200);
    }
    south->signal(SIGINT);
    const auto ended = south->wait();
    CHECK(ended.code == 130);
    return ended.err;
  }
  test::Consortium consortium;
};

TEST_CASE("A site loses a modality, brings another, and finds its discriminators again",
          "[program]") {
  for (const std::string minimum : {"0", "1"}) {  // every site counts, or they come and go
    CAPTURE(minimum);
    TwoModalities run("tcp");
    run.consortium.set("network.minimum_sites=" + minimum);
    const auto central = run.consortium.central("run");
    const auto north = run.consortium.site("north", "run");
    const std::string anew = " begins anew";
    const std::string waits = " waits until this site has such images again";

    const std::string first = run.take_part({"t1"});
    CHECK_THAT(first, !Contains(anew) && !Contains(waits));
    const std::string second = run.take_part({"flair"});
    CHECK_THAT(second,
               Contains("discriminator[flair]" + anew) && Contains("discriminator[t1]" + waits));
    const std::string third = run.take_part({"flair", "t1"});
    CHECK_THAT(third, !Contains(anew) && !Contains(waits));
    const std::string fourth = run.take_part({"t1"});
    CHECK_THAT(fourth, !Contains(anew) && Contains("discriminator[flair]" + waits));
    for (auto* process : {north.get(), central.get()}) {
      process->signal(SIGINT);
      CHECK(process->wait().code == 130);
    }
  }
}

}  // namespace
}  // namespace asyndgan::program
