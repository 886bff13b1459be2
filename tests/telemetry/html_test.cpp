// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/html.hpp"

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("Text cannot become markup", "[telemetry]") {
  CHECK(escape_html("a < b && c > \"d\" 'e'") ==
        "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;");
  CHECK(escape_html("Universit\u00e4t\n\t") == "Universit\u00e4t\n\t");
  CHECK(escape_html(std::string("a\0b\x1b[31m", 7)) == "a\uFFFDb\uFFFD[31");
  CHECK(element("p", "1 < 2", "class=\"note\"") == "<p class=\"note\">1 &lt; 2</p>");
}

}  // namespace
}  // namespace asyndgan::telemetry
