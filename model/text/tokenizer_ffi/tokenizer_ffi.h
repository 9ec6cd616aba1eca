/* The C ABI of the crate in this folder: Hugging Face's tokenizers.

   Panics are caught at this border. Functions that can fail give a message in
   *error, to be freed with transformerd_tokenizer_free_error. A tokenizer may
   be used by many threads at once; tokens by one at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TransformerdTokenizer TransformerdTokenizer;
typedef struct TransformerdTokens TransformerdTokens;

/* Bytes that need not end in NUL. */
typedef struct {
  const char* begin;
  size_t length;
} TransformerdText;

typedef enum {
  kTokenizerOk = 0,
  kTokenizerTextNotUtf8 = 1,
  kTokenizerPairNotUtf8 = 2,
  kTokenizerFailed = 3,
} TransformerdTokenizerOutcome;

/* Arrays of `length` elements, valid until the tokens are freed. */
typedef struct {
  size_t length;
  size_t untruncated_length;
  const uint32_t* ids;
  const uint32_t* type_ids;
  /* [begin, end) in code points; null without details. */
  const uint64_t (*offsets)[2];
} TransformerdTokensView;

/* Parses a tokenizer.json, whose truncation and padding are ignored. With
   `lower_case`, texts are lower-cased before anything else. */
TransformerdTokenizerOutcome transformerd_tokenizer_create(
    TransformerdText json, bool lower_case, TransformerdTokenizer** tokenizer,
    char** error);
void transformerd_tokenizer_free(TransformerdTokenizer* tokenizer);

/* Whether it puts something between the texts of a pair. */
bool transformerd_tokenizer_takes_pairs(const TransformerdTokenizer* tokenizer);

/* Tokens of a text, or of a pair where `pair` is not null, with special ones;
   longer ones are cut to `max_tokens`, longest text first. Token texts and
   offsets come only with details. */
TransformerdTokenizerOutcome transformerd_tokenizer_encode(
    const TransformerdTokenizer* tokenizer, TransformerdText text,
    const TransformerdText* pair, size_t max_tokens, bool with_details,
    TransformerdTokens** tokens, char** error);

TransformerdTokensView transformerd_tokens_view(
    const TransformerdTokens* tokens);
/* The text of one token, UTF-8; valid until the tokens are freed. */
TransformerdText transformerd_tokens_text(const TransformerdTokens* tokens,
                                          size_t index);
void transformerd_tokens_free(TransformerdTokens* tokens);

void transformerd_tokenizer_free_error(char* error);

#ifdef __cplusplus
}
#endif
