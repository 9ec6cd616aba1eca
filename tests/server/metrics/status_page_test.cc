#include "server/metrics/status_page.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusPageTest, ListsModels) {
  StatusPage page;
  page.server_version = "1.2.3";
  page.models = {{"minilm", "1", "READY", ""}, {"bad", "2", "FAILED", "no"}};

  const std::string html = RenderHtml(page);
  EXPECT_THAT(html, HasSubstr("transformerd 1.2.3"));
  EXPECT_THAT(html, HasSubstr("<td>minilm</td><td>1</td><td>READY</td>"));
  EXPECT_THAT(html, HasSubstr("<td>FAILED</td><td>no</td>"));
}

TEST(StatusPageTest, EscapesAllText) {
  StatusPage page;
  page.models = {{"<script>", "\"'&", "", ""}};

  const std::string html = RenderHtml(page);
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(html, HasSubstr("&quot;&#39;&amp;"));
}

TEST(StatusPageTest, SaysWhenThereAreNoModels) {
  EXPECT_THAT(RenderHtml(StatusPage()), HasSubstr("no models"));
}

}  // namespace
}  // namespace transformerd
