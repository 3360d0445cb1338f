// SPDX-License-Identifier: Apache-2.0
#include "world/world.h"

#include <map>

#include "core/errors.h"
#include "core/thread_pool.h"
#include "world/next_snapshot.h"

namespace wz {

class WorldFile {};

using Bytes = std::vector<uint8_t>;

struct World::State {
    std::mutex writing;  // one commit or undo at a time
    std::unique_ptr<ThreadPool> pool;

    mutable std::mutex reading;  // guards what follows
    std::shared_ptr<const Snapshot> current = std::make_shared<const Snapshot>();
    std::map<std::pair<LevelId, std::string>, std::shared_ptr<const Bytes>> blobs;

    std::shared_ptr<const Snapshot> snapshot() const {
        std::lock_guard lock(reading);
        return current;
    }
};

World::World() : state_(std::make_unique<State>()) {}
World::~World() = default;

LevelId World::commit(const Commit& commit) {
    std::lock_guard writing(state_->writing);
    if (!state_->pool) state_->pool = std::make_unique<ThreadPool>(0);
    const auto before = state_->snapshot();
    const Addition addition = additionOf(commit, *before, *state_->pool);
    const LevelId id = addition.record->id;
    std::vector<std::shared_ptr<const PageSlot>> slots;
    for (const auto& page : addition.pages) slots.push_back(std::make_shared<const PageSlot>(page));
    std::vector<std::shared_ptr<const CoverSlot>> covers;
    for (const auto& cover : addition.covers) covers.push_back(std::make_shared<const CoverSlot>(cover.layer));
    auto next = withAddition(*before, addition, slots, covers);
    std::lock_guard lock(state_->reading);
    for (const Blob& blob : commit.blobs) state_->blobs[{id, blob.name}] = std::make_shared<const Bytes>(blob.bytes);
    state_->current = std::move(next);
    return id;
}

void World::undo(LevelId level) {
    std::lock_guard writing(state_->writing);
    const auto before = state_->snapshot();
    if (before->levels.empty()) throw InputError("undo: the world has no levels");
    const LevelId newest = before->levels.back()->id;
    if (level != newest)
        throw InputError("undo: only the newest level, " + std::to_string(newest) + ", can be taken back; " +
                         std::to_string(level) + " came");
    auto next = std::make_shared<Snapshot>();
    if (newest > 0) next = std::const_pointer_cast<Snapshot>(before->until(static_cast<LevelId>(newest - 1)));
    next->epoch = before->epoch + 1;
    next->missing = before->missing;
    std::lock_guard lock(state_->reading);
    std::erase_if(state_->blobs, [&](const auto& blob) { return blob.first.first == level; });
    state_->current = std::move(next);
}

std::shared_ptr<const Snapshot> World::snapshot() const { return state_->snapshot(); }

std::vector<uint8_t> World::blob(LevelId level, const std::string& name) const {
    std::lock_guard lock(state_->reading);
    const auto found = state_->blobs.find({level, name});
    if (found == state_->blobs.end())
        throw WorldError("level " + std::to_string(level) + " has no stored bytes named '" + name + "'");
    return *found->second;
}

void World::saveAs(const std::string& path, bool) const { throw WorldError("cannot save " + path + ": no file support yet"); }
std::unique_ptr<World> World::open(const std::string& path, bool) { throw WorldError("cannot open " + path + ": no file support yet"); }
std::unique_ptr<World> World::create(const std::string& path, bool) { throw WorldError("cannot create " + path + ": no file support yet"); }
std::string World::path() const { return {}; }
std::vector<std::string> World::warnings() const { return snapshot()->missing->warnings(); }

}  // namespace wz
