// SPDX-License-Identifier: Apache-2.0
// How a snapshot follows from the one before it.
#pragma once

#include "world/cover.h"
#include "world/world.h"

namespace wz {

// What one commit adds to a snapshot, checked and paged.
struct Addition {
    std::shared_ptr<const LevelRecord> record;
    std::vector<std::shared_ptr<const Page>> pages;
    std::vector<NewCover> covers;
};

// Throws InputError for anything that cannot be committed on top of `before`.
Addition additionOf(const Commit& commit, const Snapshot& before, ThreadPool& pool);

// `slots` stand for addition.pages, `covers` for addition.covers, in their order.
std::shared_ptr<Snapshot> withAddition(const Snapshot& before, const Addition& addition,
                                       const std::vector<std::shared_ptr<const PageSlot>>& slots,
                                       const std::vector<std::shared_ptr<const CoverSlot>>& covers);

}  // namespace wz
