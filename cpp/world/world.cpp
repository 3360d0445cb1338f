// SPDX-License-Identifier: Apache-2.0
#include "world/world.h"

#include <map>

#include "core/errors.h"
#include "core/profiler.h"
#include "core/thread_pool.h"
#include "world/next_snapshot.h"
#include "world/world_file.h"

namespace wz {

using Bytes = std::vector<uint8_t>;

struct World::State {
    std::mutex writing;  // one commit or undo at a time
    std::unique_ptr<ThreadPool> pool;
    std::shared_ptr<WorldFile> file;  // null in memory; set before the world is shared

    mutable std::mutex reading;  // guards what follows
    std::shared_ptr<const Snapshot> current = std::make_shared<const Snapshot>();
    std::map<std::pair<LevelId, std::string>, std::shared_ptr<const Bytes>> blobs;  // in memory only

    std::shared_ptr<const Snapshot> snapshot() const {
        std::lock_guard lock(reading);
        return current;
    }

    Bytes blob(LevelId level, const std::string& name) const {
        if (file) return file->blob(level, name);
        std::lock_guard lock(reading);
        const auto found = blobs.find({level, name});
        if (found == blobs.end())
            throw WorldError("level " + std::to_string(level) + " has no stored bytes named '" + name + "'");
        return *found->second;
    }
};

World::World() : state_(std::make_unique<State>()) {}
World::~World() = default;

std::unique_ptr<World> World::open(const std::string& path, bool writable) {
    return openHooked(path, writable, nullptr);
}

std::unique_ptr<World> World::openHooked(const std::string& path, bool writable, std::shared_ptr<FileHook> hook) {
    auto world = std::make_unique<World>();
    world->state_->file = WorldFile::open(path, writable, std::move(hook));
    world->state_->current = world->state_->file->snapshot();
    return world;
}

std::unique_ptr<World> World::create(const std::string& path, bool overwrite) {
    const auto claimed = claimTarget(path, overwrite);
    writeWorld(Snapshot{}, {}, path, overwrite, nullptr);
    return open(path, true);  // the claim is on the file that was replaced
}

LevelId World::commit(const Commit& commit) {
    WZ_ZONE_OF("insert", commit.layer.size());
    std::lock_guard writing(state_->writing);
    if (!state_->pool) state_->pool = std::make_unique<ThreadPool>(0, "commit");
    const auto before = state_->snapshot();
    const Addition addition = additionOf(commit, *before, *state_->pool);
    const LevelId id = addition.record->id;
    std::vector<std::shared_ptr<const PageSlot>> slots;
    for (const auto& page : addition.pages) slots.push_back(std::make_shared<const PageSlot>(page));
    std::vector<std::shared_ptr<const CoverSlot>> covers;
    for (const auto& cover : addition.covers) covers.push_back(std::make_shared<const CoverSlot>(cover.layer));
    auto next = withAddition(*before, addition, slots, covers);
    if (state_->file) {
        state_->file->append(addition, commit.blobs);
        next->epoch = state_->file->directory()->epoch;
    }
    std::lock_guard lock(state_->reading);
    if (!state_->file)
        for (const Blob& blob : commit.blobs)
            state_->blobs[{id, blob.name}] = std::make_shared<const Bytes>(blob.bytes);
    state_->current = std::move(next);
    WZ_INSTANT("commit");
    return id;
}

void World::undo(LevelId level) {
    WZ_ZONE("undo");
    std::lock_guard writing(state_->writing);
    const auto before = state_->snapshot();
    if (before->levels.empty()) throw InputError("undo: the world has no levels");
    const LevelId newest = before->levels.back()->id;
    if (level != newest)
        throw InputError("undo: only the newest level, " + std::to_string(newest) + ", can be taken back; " +
                         std::to_string(level) + " came");
    auto next = std::make_shared<Snapshot>();
    if (newest > 0) next = std::make_shared<Snapshot>(*before->until(static_cast<LevelId>(newest - 1)));
    next->missing = before->missing;
    next->leak = before->leak;
    next->epoch = before->epoch + 1;
    if (state_->file) {
        state_->file->undoNewestLevel();
        next->epoch = state_->file->directory()->epoch;
    }
    std::lock_guard lock(state_->reading);
    std::erase_if(state_->blobs, [&](const auto& blob) { return blob.first.first == level; });
    state_->current = std::move(next);
}

void World::setLeak(double leak) {
    if (!(leak >= 0 && leak < 1))
        throw InputError("leak must be at least 0 and less than 1, got " + std::to_string(leak));
    std::lock_guard writing(state_->writing);
    auto next = std::make_shared<Snapshot>(*state_->snapshot());
    next->leak = leak;
    std::lock_guard lock(state_->reading);
    state_->current = std::move(next);
}

std::shared_ptr<const Snapshot> World::snapshot() const { return state_->snapshot(); }

std::vector<uint8_t> World::blob(LevelId level, const std::string& name) const { return state_->blob(level, name); }

void World::saveAs(const std::string& path, bool overwrite) const {
    WZ_ZONE("save");
    std::lock_guard writing(state_->writing);  // the snapshot and its blobs stay together
    if (state_->file && state_->file->file().isSameAs(path)) return;  // every commit is there already
    const auto claimed = claimTarget(path, overwrite);
    writeWorld(
        *snapshot(), [this](LevelId level, const std::string& name) { return blob(level, name); }, path, overwrite,
        nullptr);
}

namespace {

// Tells how much of a number of bytes was written.
class WrittenPart : public FileHook {
public:
    WrittenPart(uint64_t of, std::atomic<double>& done) : of_(of), done_(done) {}
    void wrote(uint64_t, std::span<const uint8_t> bytes) override {
        written_ += bytes.size();
        done_ = std::min(1.0, static_cast<double>(written_) / static_cast<double>(of_));
    }

private:
    uint64_t of_, written_ = 0;
    std::atomic<double>& done_;
};

}  // namespace

void World::compact(const std::string& from, const std::string& to, bool overwrite, std::atomic<double>* done) {
    const auto claimed = claimTarget(to, overwrite);  // first: nothing may be committed to it in between
    const auto file = WorldFile::open(from, false, nullptr);
    writeWorld(
        *file->snapshot(), [&](LevelId level, const std::string& name) { return file->blob(level, name); }, to,
        overwrite, done ? std::make_shared<WrittenPart>(file->file().size(), *done) : nullptr);
}

std::string World::path() const { return state_->file ? state_->file->file().path() : std::string(); }

std::vector<std::string> World::warnings() const { return snapshot()->missing->warnings(); }

}  // namespace wz
