// Files as torch.save writes them, made by hand: right ones and wrong ones.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/base/dtype.h"
#include "model/base/host_tensor.h"

namespace transformerd {

// Pieces of a pickle of protocol 2, which are to be put in a row.
namespace pickle {

constexpr absl::string_view kProto2("\x80\x02", 2);
constexpr absl::string_view kStop = ".";

std::string Int(int64_t value);            // BININT
std::string Text(absl::string_view text);  // BINUNICODE
std::string Tuple(absl::Span<const std::string> items);
// GLOBAL, such as ("collections", "OrderedDict").
std::string Global(absl::string_view module, absl::string_view name);
// A call of a global with a tuple.
std::string Call(absl::string_view global, absl::Span<const std::string> items);
// A dict, in one go.
std::string Dict(absl::Span<const std::pair<std::string, std::string>> items);
// ('storage', torch.<type>Storage, key, 'cpu', count) as a persistent id, as it
// is in zip files; LegacyBytes makes that of legacy files of it.
std::string Storage(absl::string_view type, absl::string_view key,
                    int64_t count);
// _rebuild_tensor_v2 of a storage.
std::string Tensor(absl::string_view storage, int64_t offset,
                   absl::Span<const int64_t> shape,
                   absl::Span<const int64_t> strides);
// A whole pickle of one value.
std::string Whole(absl::string_view value);

}  // namespace pickle

// An archive of these entries, stored, without zip64.
std::string ZipBytes(
    const std::vector<std::pair<std::string, std::string>>& entries);
// The same as torch writes it: with sizes behind the contents and zip64.
std::string Zip64Bytes(
    const std::vector<std::pair<std::string, std::string>>& entries);

// The entries of a zip checkpoint: data.pkl, the storages, version, byteorder.
std::vector<std::pair<std::string, std::string>> TorchEntries(
    absl::string_view pickle,
    const std::vector<std::pair<std::string, std::string>>& storages);

// A legacy file: the pickles, and each storage behind its element count. The
// keys are listed in that order.
struct LegacyStorage {
  std::string key;
  int64_t count = 0;
  std::string bytes;
};
std::string LegacyBytes(absl::string_view state_pickle,
                        const std::vector<LegacyStorage>& storages);

// A state dict of dense float tensors, each with a storage "0", "1"... of its
// own.
std::string TorchZipBytes(
    const std::vector<std::pair<std::string, HostTensor>>& tensors);
std::string TorchLegacyBytes(
    const std::vector<std::pair<std::string, HostTensor>>& tensors);

}  // namespace transformerd
