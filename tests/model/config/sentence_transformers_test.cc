#include "model/config/sentence_transformers.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Optional;

std::string Module(absl::string_view kind, absl::string_view path) {
  return absl::StrCat("{\"idx\": 0, \"name\": \"0\", \"path\": \"", path,
                      "\", \"type\": \"sentence_transformers.models.", kind,
                      "\"}");
}

class SentenceTransformersTest : public testing::Test {
 protected:
  // A folder as sentence-transformers writes it.
  void WriteModel(absl::string_view pooling_config) {
    folder_.Write("modules.json",
                  absl::StrCat("[", Module("Transformer", ""), ",",
                               Module("Pooling", "1_Pooling"), ",",
                               Module("Normalize", "2_Normalize"), "]"));
    folder_.Write("1_Pooling/config.json", pooling_config);
    folder_.Write("sentence_bert_config.json",
                  R"({"max_seq_length": 256, "do_lower_case": false})");
  }

  absl::StatusOr<SentenceTransformersConfig> Read() {
    return ReadSentenceTransformersConfig(folder_.path());
  }

  TemporaryFolder folder_;
};

TEST_F(SentenceTransformersTest, AFolderWithoutModulesSaysNothing) {
  folder_.Write("config.json", "{}");

  ASSERT_OK_AND_ASSIGN(const SentenceTransformersConfig config, Read());

  EXPECT_THAT(config.pooling, Eq(std::nullopt));
  EXPECT_FALSE(config.normalize);
  EXPECT_THAT(config.max_sequence_length, Eq(std::nullopt));
}

TEST_F(SentenceTransformersTest, ReadsPoolingNormalizationAndLength) {
  WriteModel(R"({"word_embedding_dimension": 384,
                 "pooling_mode_cls_token": false,
                 "pooling_mode_mean_tokens": true,
                 "pooling_mode_max_tokens": false})");

  ASSERT_OK_AND_ASSIGN(const SentenceTransformersConfig config, Read());

  EXPECT_THAT(config.pooling, Optional(PoolingKind::kMean));
  EXPECT_TRUE(config.normalize);
  EXPECT_THAT(config.max_sequence_length, Optional(256));
}

TEST_F(SentenceTransformersTest, KnowsBothFormsOfEachMode) {
  const struct {
    const char* config;
    PoolingKind kind;
  } kCases[] = {
      {R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})",
       PoolingKind::kCls},
      {R"({"pooling_mode_lasttoken": true})", PoolingKind::kLast},
      {R"({"pooling_mode": "mean"})", PoolingKind::kMean},
      {R"({"pooling_mode": "cls"})", PoolingKind::kCls},
      {R"({"pooling_mode": "lasttoken"})", PoolingKind::kLast},
      {R"({"word_embedding_dimension": 384})", PoolingKind::kMean},
  };
  for (const auto& [text, kind] : kCases) {
    WriteModel(text);

    ASSERT_OK_AND_ASSIGN(const SentenceTransformersConfig config, Read());

    EXPECT_THAT(config.pooling, Optional(kind)) << text;
  }
}

TEST_F(SentenceTransformersTest, RefusesModesThatItCannotCompute) {
  for (const char* text : {
           R"({"pooling_mode_max_tokens": true})",
           R"({"pooling_mode_weightedmean_tokens": true})",
           R"({"pooling_mode_mean_sqrt_len_tokens": true})",
           R"({"pooling_mode_cls_token": true,
               "pooling_mode_mean_tokens": true})",
           R"({"pooling_mode_mean_tokens": false})",
           R"({"pooling_mode": "max"})",
           R"({"pooling_mode": "attention"})",
       }) {
    WriteModel(text);

    EXPECT_THAT(Read(), HasReason(Reason::kUnsupported)) << text;
    EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("1_Pooling/config.json: ")));
  }
}

TEST_F(SentenceTransformersTest, RefusesModulesThatItCannotCompute) {
  folder_.Write("modules.json", absl::StrCat("[", Module("Dense", ""), "]"));

  EXPECT_THAT(Read(), HasReason(Reason::kUnsupported));
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("modules.json: type=\"Dense\"")));
}

TEST_F(SentenceTransformersTest, RefusesPathsOutOfTheFolder) {
  for (const char* path : {"..", "../other", "/etc", "a/b"}) {
    folder_.Write("modules.json",
                  absl::StrCat("[", Module("Pooling", path), "]"));

    EXPECT_THAT(Read(), HasReason(Reason::kPathEscape)) << path;
  }
}

TEST_F(SentenceTransformersTest, RefusesBrokenFiles) {
  for (const char* text : {"", "{}", "[1]", "[{}]", "[{\"type\": \"x\"}]",
                           "[{\"type\": 1, \"path\": \"\"}]", "[{"}) {
    folder_.Write("modules.json", text);

    EXPECT_THAT(Read(), HasReason(Reason::kConfigInvalid)) << text;
  }
}

TEST_F(SentenceTransformersTest, RefusesBrokenPoolingConfigs) {
  WriteModel("{\"pooling_mode_cls_token\": 1}");
  EXPECT_THAT(Read(), HasReason(Reason::kConfigInvalid));

  folder_.Write("modules.json",
                absl::StrCat("[", Module("Pooling", "absent"), "]"));
  EXPECT_THAT(Read(), HasReason(Reason::kConfigNotFound));
}

TEST_F(SentenceTransformersTest, ReadsWhetherTextsAreLowerCased) {
  WriteModel("{\"pooling_mode\": \"mean\"}");
  ASSERT_OK_AND_ASSIGN(SentenceTransformersConfig config, Read());
  EXPECT_FALSE(config.lower_case);

  folder_.Write("sentence_bert_config.json", "{\"do_lower_case\": true}");
  ASSERT_OK_AND_ASSIGN(config, Read());
  EXPECT_TRUE(config.lower_case);
}

TEST_F(SentenceTransformersTest, TheLengthIsOptionalAndPositive) {
  WriteModel("{\"pooling_mode\": \"mean\"}");
  for (const char* text : {"{}", "{\"max_seq_length\": null}"}) {
    folder_.Write("sentence_bert_config.json", text);

    ASSERT_OK_AND_ASSIGN(const SentenceTransformersConfig config, Read());

    EXPECT_THAT(config.max_sequence_length, Eq(std::nullopt)) << text;
  }

  folder_.Write("sentence_bert_config.json", "{\"max_seq_length\": 0}");
  EXPECT_THAT(Read(), HasReason(Reason::kConfigInvalid));
}

}  // namespace
}  // namespace transformerd
