// SPDX-License-Identifier: Apache-2.0
#include "raster/image.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <mutex>

#include "raster/cpu/scratch.h"

namespace wz {
namespace {

// Smaller images are the heap's affair: it keeps its memory.
constexpr size_t kSmallestKept = size_t(1) << 20;

struct Block {
    void* memory;
    size_t bytes;
};

struct Keeper {
    std::mutex mutex;
    std::vector<Block> blocks;  // the longest kept first
    size_t bytes = 0;

    Keeper() { blocks.reserve(kImageMemoryKept / kSmallestKept); }  // so that giving back never allocates
};

// Never destroyed: arrays that hold images may outlive everything else.
Keeper& keeper() {
    static Keeper* const kept = new Keeper;
    return *kept;
}

void* takeKept(size_t bytes) {
    Keeper& kept = keeper();
    std::lock_guard lock(kept.mutex);
    const auto found = std::find_if(kept.blocks.rbegin(), kept.blocks.rend(),
                                    [&](const Block& block) { return block.bytes == bytes; });
    if (found == kept.blocks.rend()) return nullptr;
    void* memory = found->memory;
    kept.blocks.erase(std::next(found).base());
    kept.bytes -= bytes;
    return memory;
}

}  // namespace

void* takeImageMemory(size_t bytes) {
    void* memory = bytes >= kSmallestKept ? takeKept(bytes) : nullptr;
    if (!memory) memory = allocateLines(bytes);
    if (!memory) throw std::bad_alloc();
    return memory;
}

void giveImageMemory(void* memory, size_t bytes) noexcept {
    if (bytes < kSmallestKept || bytes > kImageMemoryKept) return std::free(memory);
    Keeper& kept = keeper();
    std::lock_guard lock(kept.mutex);
    size_t gone = 0;
    for (; kept.bytes + bytes > kImageMemoryKept; ++gone) {
        kept.bytes -= kept.blocks[gone].bytes;
        std::free(kept.blocks[gone].memory);
    }
    kept.blocks.erase(kept.blocks.begin(), kept.blocks.begin() + static_cast<std::ptrdiff_t>(gone));
    kept.blocks.push_back({memory, bytes});
    kept.bytes += bytes;
}

}  // namespace wz
