#include "server/metrics/status_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace transformerd {
namespace {

std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"},
                                    {"\"", "&quot;"},
                                    {"'", "&#39;"}});
}

std::string Row(const StatusPage::Model& model) {
  return absl::StrCat("<tr><td>", Escape(model.name), "</td><td>",
                      Escape(model.version), "</td><td>", Escape(model.state),
                      "</td><td>", Escape(model.reason), "</td></tr>\n");
}

constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>transformerd</title>
<style>
body { font-family: sans-serif; margin: 2em; }
td, th { text-align: left; padding: 0.2em 1em 0.2em 0; vertical-align: top; }
</style></head><body>
)";

constexpr char kLinks[] = R"(<p><a href="/metrics">metrics</a>
<a href="/livez">livez</a> <a href="/readyz">readyz</a></p>
)";

}  // namespace

std::string RenderHtml(const StatusPage& page) {
  std::string html = absl::StrCat(kHead, "<h1>transformerd ",
                                  Escape(page.server_version), "</h1>\n");
  absl::StrAppend(&html, kLinks, "<table>\n<tr><th>model</th><th>version</th>",
                  "<th>state</th><th>reason</th></tr>\n");
  for (const StatusPage::Model& model : page.models) {
    absl::StrAppend(&html, Row(model));
  }
  if (page.models.empty()) {
    absl::StrAppend(&html, "<tr><td colspan=\"4\">no models</td></tr>\n");
  }
  absl::StrAppend(&html, "</table>\n</body></html>\n");
  return html;
}

}  // namespace transformerd
