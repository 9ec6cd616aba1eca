#include "model/families/seed/seed_families.h"

namespace transformerd {

// One in each file of its name.
extern const Family kAttentionLayer;
extern const Family kBiModalAttention;
extern const Family kBiModalEncoder;
extern const Family kImageFeatureEmbeddings;
extern const Family kSelfAttention;
extern const Family kSinusoidalPositionalEncoding;
extern const Family kT5Attention;
extern const Family kT5Module;
extern const Family kTransformerEmbeddings;
extern const Family kTransformerLayer;
extern const Family kTransformerPooler;
extern const Family kTransformerStack;
extern const Family kVilbertBackbone;

namespace {

constexpr const Family* kFamilies[] = {
    &kTransformerStack,
    &kTransformerLayer,
    &kAttentionLayer,
    &kSelfAttention,
    &kTransformerPooler,
    &kTransformerEmbeddings,
    &kBiModalEncoder,
    &kBiModalAttention,
    &kT5Module,
    &kT5Attention,
    &kImageFeatureEmbeddings,
    &kSinusoidalPositionalEncoding,
    &kVilbertBackbone,
};

}  // namespace

absl::Span<const Family* const> SeedFamilies() { return kFamilies; }

}  // namespace transformerd
