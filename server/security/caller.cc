#include "server/security/caller.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/auth_context.h"

namespace transformerd {
namespace {

std::string TokenOf(const grpc::ServerContextBase& context,
                    const Authenticator& authenticator) {
  const auto found = context.client_metadata().find("authorization");
  if (found == context.client_metadata().end()) return "";
  return authenticator.Describe({found->second.data(), found->second.size()});
}

// The subject of the certificate that TLS has checked.
std::string CertificateOf(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return "";
  for (const grpc::string_ref& subject :
       auth->FindPropertyValues(GRPC_X509_SUBJECT_PROPERTY_NAME)) {
    return absl::StrCat("the certificate '",
                        absl::Utf8SafeCEscape({subject.data(), subject.size()}),
                        "'");
  }
  return "";
}

}  // namespace

std::string DescribeCaller(const grpc::ServerContextBase& context,
                           const Authenticator* authenticator) {
  std::vector<std::string> known = {CertificateOf(context)};
  if (authenticator != nullptr) {
    known.push_back(TokenOf(context, *authenticator));
  }
  known.erase(std::remove(known.begin(), known.end(), ""), known.end());
  return known.empty() ? "nobody known" : absl::StrJoin(known, " and ");
}

}  // namespace transformerd
