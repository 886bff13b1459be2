// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace asyndgan::telemetry {

/// Style sheet of every report: system fonts, light or dark as the reader's machine is set,
/// and black on white on paper. Series colours stay apart for readers who do not see all
/// colours (Okabe & Ito 2008).
inline constexpr std::string_view kReportStyle = R"css(
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#59636e;--line:#dfe3e8;
--panel:#f6f8fa;--mark:#0b5cad;--bar:#9fb3c8;
--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#cc79a7;--s4:#b58900;--s5:#56b4e9}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ed;--soft:#9aa4b0;
--line:#30363d;--panel:#1c2127;--mark:#6cb2f5;--bar:#4d6074;
--s0:#58a6e0;--s1:#f0883e;--s2:#3fb98f;--s3:#dc9ac0;--s4:#d6b13c;--s5:#8fd0f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main,header,footer{max-width:64rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.5rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem;letter-spacing:-.01em}
h2{font-size:1.3rem;margin:2.75rem 0 .75rem;padding-top:1.25rem;border-top:1px solid var(--line)}
h3,caption,.title{font-size:1rem;font-weight:600;margin:0 0 .25rem;text-align:left}
p{margin:.5rem 0;max-width:46rem}
.lead{font-size:1.08rem;color:var(--soft)}
.note{font-size:.88rem;color:var(--soft);margin:.25rem 0 .75rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;
margin:1.5rem 0;padding:0;list-style:none}
.facts li{background:var(--panel);border:1px solid var(--line);border-radius:8px;
padding:.8rem 1rem;min-width:0}
.facts .value{display:block;font-size:1.45rem;font-weight:650;line-height:1.25;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.facts .name{display:block;font-size:.85rem;color:var(--soft)}
.facts .detail{display:block;font-size:.8rem;color:var(--soft)}
figure{margin:1.5rem 0;break-inside:avoid}
.scroll{overflow-x:auto}
table{border-collapse:collapse;margin:1.5rem 0;font-variant-numeric:tabular-nums;font-size:.92rem}
.data{min-width:60%}
caption{padding-bottom:.35rem}
th,td{padding:.36rem .62rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{padding-left:0}
tbody th{text-align:left;font-weight:400}
thead th{color:var(--soft);font-weight:600;font-size:.85rem;vertical-align:bottom;
white-space:normal}
thead th:first-child{text-align:left}
.interval{display:block;font-size:.74rem;color:var(--soft)}
tr.strong th,tr.strong td{font-weight:650;color:var(--mark)}
tr.strong .interval{font-weight:400}
.pictures{margin:.5rem 0}
.pictures td,.pictures th{border:0;padding:.3rem .5rem;text-align:center;white-space:normal}
.pictures tbody th{text-align:left;color:var(--soft);font-size:.85rem;min-width:5rem;padding-left:0}
.pictures img{display:block;margin:auto;width:8rem;height:auto;border-radius:4px;background:#000}
.crisp{image-rendering:pixelated}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;margin:.5rem 0;padding:0;list-style:none;
font-size:.85rem;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:.4rem}
.legend i{width:.85rem;height:.85rem;border-radius:3px;border:1px solid var(--line)}
.legend i.key{height:.22rem;border:0}
.chart{display:block;width:100%;max-width:52rem;height:auto}
.chart text{fill:var(--soft);font-size:12.5px}
.chart text.strong{fill:var(--ink);font-weight:650}
.grid{stroke:var(--line);fill:none}.axis,.tick{stroke:var(--soft);fill:none}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.faint{fill:none;stroke-width:1;opacity:.28}
.bar{fill:var(--bar)}.bar.main{fill:var(--mark)}.whisker{stroke:var(--ink);fill:none;stroke-width:1.3}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}
.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}.s5{stroke:var(--s5)}
.k0{background:var(--s0)}.k1{background:var(--s1)}.k2{background:var(--s2)}
.k3{background:var(--s3)}.k4{background:var(--s4)}.k5{background:var(--s5)}
footer{margin-top:3rem;padding-top:1rem;padding-bottom:2.5rem;font-size:.85rem;color:var(--soft)}
@media print{:root{color-scheme:light;--paper:#fff;--ink:#000;--soft:#444;--line:#ccc;
--panel:#fff;--mark:#0b5cad;--bar:#9fb3c8;--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#cc79a7;
--s4:#b58900;--s5:#56b4e9}
body{font-size:10.5pt}main,header,footer{max-width:none;padding:0}.scroll{overflow:visible}
h2{break-after:avoid}table,figure{break-inside:avoid}.pictures img{width:2.6cm}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";

}  // namespace asyndgan::telemetry
