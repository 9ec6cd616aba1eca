#include "server/services/request_ids.h"

#include <algorithm>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace transformerd {
namespace {

constexpr char kRequestId[] = "x-request-id";
constexpr char kTraceparent[] = "traceparent";
constexpr size_t kMaxIdBytes = 128;

bool IsLowerHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
  });
}

bool IsZero(absl::string_view text) {
  return text.find_first_not_of('0') == absl::string_view::npos;
}

absl::string_view Find(const grpc::ServerContextBase& context,
                       const char* name) {
  const auto found = context.client_metadata().find(name);
  if (found == context.client_metadata().end()) return "";
  return {found->second.data(), found->second.size()};
}

// 128 random bits.
std::string MakeRequestId() {
  thread_local absl::InsecureBitGen random;
  return absl::StrFormat("%016x%016x", absl::Uniform<uint64_t>(random),
                         absl::Uniform<uint64_t>(random));
}

}  // namespace

bool IsRequestId(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(c) || absl::StrContains("-._:/+=@", c);
         });
}

bool IsTraceparent(absl::string_view text) {
  constexpr absl::string_view kForm =
      "vv-tttttttttttttttttttttttttttttttt-pppppppppppppppp-ff";
  if (text.size() != kForm.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = kForm[i] == '-';
    if (is_dash != (text[i] == '-')) return false;
    if (!is_dash && !IsLowerHex(text.substr(i, 1))) return false;
  }
  return text.substr(0, 2) != "ff" && !IsZero(text.substr(3, 32)) &&
         !IsZero(text.substr(36, 16));
}

RequestIds TakeRequestIds(grpc::ServerContextBase& context) {
  RequestIds ids;
  const absl::string_view request_id = Find(context, kRequestId);
  ids.request_id =
      IsRequestId(request_id) ? std::string(request_id) : MakeRequestId();
  context.AddTrailingMetadata(kRequestId, ids.request_id);
  const absl::string_view traceparent = Find(context, kTraceparent);
  if (IsTraceparent(traceparent)) {
    ids.traceparent = std::string(traceparent);
    context.AddTrailingMetadata(kTraceparent, ids.traceparent);
  }
  return ids;
}

}  // namespace transformerd
