// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace asyndgan::telemetry {

/// What the status page adds to kReportStyle: a page that is watched, on a screen of any width.
inline constexpr std::string_view kStatusStyle = R"css(
header{padding-top:1.5rem}
h2{margin-top:1.75rem}
progress{display:block;width:100%;height:.6rem;margin:.75rem 0 0;accent-color:var(--mark)}
#notice{border-left:4px solid var(--s1);background:var(--panel);padding:.6rem 1rem;
max-width:none}
.facts{margin:1rem 0 0;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr))}
.sites{width:100%;margin:.5rem 0}
.sites td:nth-child(2),.sites th:nth-child(2){text-align:left}
.sites .away,.sites .expelled{color:var(--soft)}
.state{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;margin-right:.45rem;
border:2px solid var(--soft)}
.state.present{background:var(--s2);border-color:var(--s2)}
.state.greeted{border-color:var(--s2)}
.state.expelled{background:var(--s1);border-color:var(--s1)}
#charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr));
gap:0 2rem}
#charts figure{margin:.75rem 0;min-width:0}
#charts figure:first-child{grid-column:1/-1}#charts figure:first-child .chart{max-width:none}
#charts figure:first-child .chart text{font-size:10.5px}
#charts figure:not(:first-child) .chart text{font-size:19px}
#charts .label{display:none}
.legend svg{width:.85rem;height:.85rem;border-radius:3px;border:1px solid var(--line)}
.events{list-style:none;padding:0;margin:.5rem 0}
.events li{padding:.3rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.events time{color:var(--soft);font-size:.85rem;margin-right:.75rem;
font-variant-numeric:tabular-nums}
@media (max-width:40rem){
main,header,footer{padding:0 1rem}header{padding-top:1rem}
h1{font-size:1.45rem}
.facts{grid-template-columns:1fr 1fr;gap:.5rem}
.facts li{padding:.55rem .7rem}.facts .value{font-size:1.15rem}
#charts figure:nth-child(n) .chart text{font-size:21px}
.pictures img{width:5.5rem}
.pictures tbody th{min-width:3.5rem;padding-right:0}
}
)css";

/// Fetches the page every second, and puts what has changed of it in its place. There is one way
/// in which a status is drawn, and it is not this one.
inline constexpr std::string_view kStatusScript = R"js('use strict';
const notice = document.getElementById('notice');

function replace(here, next) {
  if (here.innerHTML !== next.innerHTML) here.replaceChildren(...next.childNodes);
}

async function refresh() {
  try {
    const answer = await fetch('/');
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    document.title = page.title;
    for (const part of page.querySelectorAll('[data-live]')) {
      replace(document.getElementById(part.id), part);
    }
    notice.hidden = true;
  } catch {
    notice.hidden = false;
  }
  setTimeout(refresh, document.hidden ? 10000 : 1000);
}

setTimeout(refresh, 1000);
)js";

}  // namespace asyndgan::telemetry
