// The page at / for people with a browser.
#pragma once

#include <string>
#include <vector>

namespace transformerd {

struct StatusPage {
  struct Model {
    std::string name, version, state;
    std::string reason;  // why it is in that state, where there is something to
                         // say
  };
  std::string server_version;
  std::vector<Model> models;
};

// A complete HTML document; all text of `page` is escaped.
std::string RenderHtml(const StatusPage& page);

}  // namespace transformerd
