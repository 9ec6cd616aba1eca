#include "server/security/method_rights.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "proto/inference.pb.h"
#include "proto/model_service.pb.h"
#include "proto/text_service.pb.h"

namespace transformerd {
namespace {

using ::testing::Optional;
using ::testing::UnorderedElementsAre;

// The names of all methods of our services that need this right.
std::set<std::string> MethodsWith(std::optional<Right> right) {
  std::set<std::string> methods;
  for (const google::protobuf::FileDescriptor* file :
       {inference::ServerLiveRequest::descriptor()->file(),
        v1::EmbedRequest::descriptor()->file(),
        v1::LoadModelRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      const google::protobuf::ServiceDescriptor& service = *file->service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        const std::string& name = service.method(j)->name();
        if (RightFor(absl::StrCat("/", service.full_name(), "/", name)) ==
            right) {
          methods.insert(name);
        }
      }
    }
  }
  return methods;
}

TEST(MethodRightsTest, WhatChangesTheServerIsForAdmins) {
  EXPECT_THAT(MethodsWith(Right::kAdmin),
              UnorderedElementsAre(
                  "RepositoryModelLoad", "RepositoryModelUnload", "LoadModel",
                  "UnloadModel", "PlanLoad", "LogSettings", "TraceSetting"));
}

TEST(MethodRightsTest, HealthIsForEverybody) {
  EXPECT_EQ(RightFor("/grpc.health.v1.Health/Check"), std::nullopt);
  EXPECT_EQ(RightFor("/grpc.health.v1.Health/Watch"), std::nullopt);
  EXPECT_THAT(MethodsWith(std::nullopt),
              UnorderedElementsAre("ServerLive", "ServerReady", "ModelReady"));
}

TEST(MethodRightsTest, ReflectionOfAnyVersionIsForClients) {
  for (const char* version : {"v1", "v1alpha"}) {
    EXPECT_THAT(RightFor(absl::StrCat("/grpc.reflection.", version,
                                      ".ServerReflection/"
                                      "ServerReflectionInfo")),
                Optional(Right::kInfer));
  }
}

TEST(MethodRightsTest, UnknownMethodsAreForAdmins) {
  for (const char* path :
       {"", "/", "/inference.GRPCInferenceService/Other", "/x/ModelInfer",
        "inference.GRPCInferenceService/ModelInfer",
        "/grpc.health.v1.Health"}) {
    EXPECT_THAT(RightFor(path), Optional(Right::kAdmin)) << path;
  }
}

}  // namespace
}  // namespace transformerd
