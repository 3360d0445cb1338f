// SPDX-License-Identifier: Apache-2.0
// The sort pass: the entries of one tile, ascending, while they lie in the cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wz {

// Sorts entries (key << 32 | slot) that come in slot order. `room` holds twice as many.
void sortTile(uint64_t* entries, size_t count, uint64_t* room);

}  // namespace wz
