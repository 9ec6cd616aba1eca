// Runs a fuzz target without a fuzzer: on each file that is named as an
// argument, and on mutants of it, which are the same in every run.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int kMutantsOfAFile = 3000;

void RunOn(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()),
                         bytes.size());
}

// Changes, inserts, removes or repeats a few bytes.
std::string Mutate(std::string bytes, std::mt19937& random) {
  const int num_changes = 1 + random() % 4;
  for (int i = 0; i < num_changes; ++i) {
    const size_t at = bytes.empty() ? 0 : random() % bytes.size();
    const char byte = static_cast<char>(random());
    switch (random() % 5) {
      case 0:
        bytes.insert(at, 1, byte);
        break;
      case 1:
        bytes.erase(at, 1 + random() % 4);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, random() % 16));
        break;
      default:
        if (!bytes.empty()) bytes[at] = byte;
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::cerr << "cannot read '" << argv[i] << "'\n";
      return 1;
    }
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    RunOn(bytes);
    std::mt19937 random(i);
    for (int k = 0; k < kMutantsOfAFile; ++k) RunOn(Mutate(bytes, random));
  }
  std::cout << "replayed " << argc - 1 << " files\n";
  return argc > 1 ? 0 : 1;
}
