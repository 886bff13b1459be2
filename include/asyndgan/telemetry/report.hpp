// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "asyndgan/telemetry/bar_chart.hpp"
#include "asyndgan/telemetry/base64.hpp"
#include "asyndgan/telemetry/html.hpp"
#include "asyndgan/telemetry/line_chart.hpp"
#include "asyndgan/telemetry/png.hpp"
#include "asyndgan/telemetry/raster.hpp"
#include "asyndgan/telemetry/report_style.hpp"

namespace asyndgan::telemetry {

struct Fact {
  std::string name;
  std::string value;
  std::string detail = {};
};

struct FactList {
  std::vector<Fact> facts;
};

struct Paragraph {
  std::string text;
};

struct Picture {
  std::string alt;             // what a reader who cannot see it is told
  std::vector<std::byte> png;  // encode_png(), or a file
  bool crisp = false;          // pixels stay squares when enlarged: label maps
};

/// Pictures in rows and columns: a row is a mask with its images, say.
struct PictureTable {
  struct Row {
    std::string name;
    std::vector<Picture> cells;
  };
  struct LegendEntry {
    Colour colour;
    std::string name;
  };

  std::string title;
  std::string note;
  std::vector<std::string> columns;
  std::vector<Row> rows;
  std::vector<LegendEntry> legend;
};

/// Figures. The first column of the header stands over the names of the rows.
struct Table {
  struct Cell {
    std::string value;
    std::string interval = {};  // shown small under the value
  };
  struct Row {
    std::string name;
    std::vector<Cell> cells;
    bool emphasised = false;
  };

  std::string title;
  std::string note;
  std::vector<std::string> header;
  std::vector<Row> rows;
};

using Block = std::variant<Paragraph, FactList, PictureTable, LineChart, BarChart, Table>;

struct Section {
  std::string heading;
  std::vector<Block> blocks;
};

/// A page that needs nothing but itself: no script, no font, no picture from elsewhere, so it
/// can be mailed, archived and opened where there is no network.
struct Report {
  std::string title;
  std::string lead;
  std::vector<Fact> highlights;
  std::vector<Section> sections;
  std::string footer;
};

namespace detail {

inline std::string title_and_note(const std::string& title, const std::string& note) {
  std::string html;
  if (!title.empty()) html += element("div", title, "class=\"title\"");
  if (!note.empty()) html += element("p", note, "class=\"note\"");
  return html;
}

inline std::string to_html(const Paragraph& paragraph) { return element("p", paragraph.text); }

inline std::string to_html(const FactList& list) {
  std::string html = "<ul class=\"facts\">";
  for (const auto& fact : list.facts) {
    html += "<li>" + element("span", fact.name, "class=\"name\"") +
            element("span", fact.value, "class=\"value\"");
    if (!fact.detail.empty()) html += element("span", fact.detail, "class=\"detail\"");
    html += "</li>";
  }
  return html + "</ul>";
}

inline std::string to_html(const Picture& picture) {
  const Extent extent = png_extent(picture.png);
  return std::string("<img") + (picture.crisp ? " class=\"crisp\"" : "") + " width=\"" +
         std::to_string(extent.width) + "\" height=\"" + std::to_string(extent.height) +
         "\" alt=\"" + escape_html(picture.alt) + "\" src=\"data:image/png;base64," +
         base64(picture.png) + "\">";
}

inline std::string to_html(const PictureTable& table) {
  std::string html = "<figure>" + title_and_note(table.title, table.note);
  if (!table.legend.empty()) {
    html += "<ul class=\"legend\">";
    for (const auto& [colour, name] : table.legend) {
      html += "<li><i style=\"background:" + hex(colour) + "\"></i>" + escape_html(name) + "</li>";
    }
    html += "</ul>";
  }
  html += "<div class=\"scroll\"><table class=\"pictures\"><thead><tr><td></td>";
  for (const auto& column : table.columns) html += element("th", column, "scope=\"col\"");
  html += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    html += "<tr>" + element("th", row.name, "scope=\"row\"");
    for (const auto& cell : row.cells) html += "<td>" + to_html(cell) + "</td>";
    html += "</tr>";
  }
  return html + "</tbody></table></div></figure>";
}

inline std::string to_html(const LineChart& chart) {
  std::string html = "<figure>" + title_and_note(chart.title, chart.note) + "<ul class=\"legend\">";
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    html += "<li><i class=\"key k" + std::to_string(i % 6) + "\"></i>" +
            escape_html(chart.curves[i].name) + "</li>";
  }
  return html + "</ul>" + svg(chart) + "</figure>";
}

inline std::string to_html(const BarChart& chart) {
  return "<figure>" + title_and_note(chart.title, chart.note) + svg(chart) + "</figure>";
}

inline std::string to_html(const Table& table) {
  std::string html = "<div class=\"scroll\"><table class=\"data\">" +
                     element("caption", table.title) + "<thead><tr>";
  for (const auto& column : table.header) html += element("th", column, "scope=\"col\"");
  html += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    html += std::string("<tr") + (row.emphasised ? " class=\"strong\"" : "") + ">" +
            element("th", row.name, "scope=\"row\"");
    for (const auto& cell : row.cells) {
      html += "<td>" + escape_html(cell.value);
      if (!cell.interval.empty()) html += element("span", cell.interval, "class=\"interval\"");
      html += "</td>";
    }
    html += "</tr>";
  }
  html += "</tbody></table></div>";
  return table.note.empty() ? html : html + element("p", table.note, "class=\"note\"");
}

}  // namespace detail

/// The whole page. Every text is escaped, and a content policy in the page forbids the browser
/// to load anything. Needs asyndgan::compiled for the pictures.
[[nodiscard]] inline std::string render_html(const Report& report) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none';img-src data:;style-src 'unsafe-inline'\">";
  html += element("title", report.title);
  ((html += "<style>") += kReportStyle) += "</style></head>\n<body><header>";
  html += element("h1", report.title) + element("p", report.lead, "class=\"lead\"");
  if (!report.highlights.empty()) html += detail::to_html(FactList{report.highlights});
  html += "</header>\n<main>";
  for (const auto& section : report.sections) {
    html += "<section>" + element("h2", section.heading);
    for (const auto& block : section.blocks) {
      html += std::visit([](const auto& content) { return detail::to_html(content); }, block);
    }
    html += "</section>\n";
  }
  return html + "</main>\n<footer>" + escape_html(report.footer) + "</footer></body></html>\n";
}

}  // namespace asyndgan::telemetry
