// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/report.hpp"

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

Report example() {
  const Picture mask{"label map", encode_png(raster(LabelMap(1, 4, 5), 0)), true};
  const Picture image{"synthetic", encode_png(raster(Tensor<float>({1, 1, 4, 4}), 0)), false};
  Report report{"Run <1>", "Three sites & one generator", {{"Dice", "0.845", "n < 80"}}, {}, "end"};
  report.sections.push_back(
      {"Images",
       {PictureTable{"Pictures", "", {"mask", "image"}, {{"case 1", {mask, image}}}, {}}}});
  report.sections.push_back(
      {"Figures",
       {Paragraph{"2 < 3"}, LineChart{"Losses", "", "step", "loss", {{"D", {{0, 1}, {1, 0}}}}},
        BarChart{"Dice", "", "Dice", {{"synthetic", 0.8, 0.7, 0.9, true}}},
        Table{
            "By class", "n", {"set", "lesion"}, {{"synthetic", {{"0.8", "0.7 to 0.9"}}, true}}}}});
  return report;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST_CASE("A report needs nothing but itself", "[telemetry]") {
  const std::string page = render_html(example());
  for (const char* outside :
       {"http:", "https:", "<script", "<link", "@import", "url(", "src=\"/"}) {
    INFO(outside);
    CHECK(count(page, outside) == 0);
  }
  CHECK(count(page, "width=\"5\" height=\"4\" alt=\"label map\"") == 1);
  CHECK(count(page, "src=\"data:image/png;base64,iVBORw0KGgo") == 2);
  CHECK(count(page, "default-src 'none'") == 1);
}

TEST_CASE("Every text of a report is escaped", "[telemetry]") {
  const std::string page = render_html(example());
  CHECK(count(page, "<title>Run &lt;1&gt;</title>") == 1);
  CHECK(count(page, "<h1>Run &lt;1&gt;</h1>") == 1);
  CHECK(count(page, "Three sites &amp; one generator") == 1);
  CHECK(count(page, "n &lt; 80") == 1);
  CHECK(count(page, "<p>2 &lt; 3</p>") == 1);
}

TEST_CASE("Pictures, charts and tables speak to readers who do not see them", "[telemetry]") {
  const std::string page = render_html(example());
  CHECK(count(page, "<html lang=\"en\">") == 1);
  CHECK(count(page, "<img") == count(page, "alt=\""));
  CHECK(count(page, "<svg") == count(page, "role=\"img\""));
  CHECK(count(page, "<caption>By class</caption>") == 1);
  CHECK(count(page, "<th scope=\"col\">lesion</th>") == 1);
  CHECK(count(page, "<th scope=\"row\">synthetic</th>") == 1);
}

TEST_CASE("Elements of a report are closed", "[telemetry]") {
  const std::string page = render_html(example());
  for (const std::string name : {"html", "head", "body", "header", "main", "footer", "section",
                                 "figure", "table", "thead", "tbody", "tr", "td", "ul", "svg"}) {
    INFO(name);
    CHECK(count(page, "<" + name + ">") + count(page, "<" + name + " ") ==
          count(page, "</" + name + ">"));
  }
}

}  // namespace
}  // namespace asyndgan::telemetry
