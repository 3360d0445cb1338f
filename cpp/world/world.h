// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "world/snapshot.h"

namespace wz {

class FileHook;

struct Blob {
    std::string name;
    std::vector<uint8_t> bytes;
};

// Everything one commit adds. `record.id`, counts and bounds are filled in by the world.
struct Commit {
    LevelRecord record;
    SurfelLayerView layer;
    CoverMap cover;             // empty arrays for the first level
    std::vector<Blob> blobs;
};

struct WorldInfo {
    uint32_t version = 0;      // of the format
    uint64_t epoch = 0;
    uint64_t levels = 0, pages = 0, covers = 0, surfels = 0;
    uint64_t fileBytes = 0;
    uint64_t supersededBytes = 0;  // what compacting would free
    std::vector<std::string> problems;  // damage met on opening
};

// Levels + octree + pages. commit, undo and snapshot may be called from any thread (synchronised inside).
// With a file, a commit is on disk when it returns; without one the world lives in memory until save().
class World {
public:
    World();  // in memory
    ~World();
    // Opens a .wz file. `writable` takes the file's writer lock; a second writer is refused. Throws WorldError for a
    // file that is no world, is of a newer version or has no valid epoch.
    static std::unique_ptr<World> open(const std::string& path, bool writable);
    // Creates a new file world, refuses to overwrite an existing path unless `overwrite`.
    static std::unique_ptr<World> create(const std::string& path, bool overwrite);

    // open() whose file changes are shown to (and may be refused by) a hook: for crash tests.
    static std::unique_ptr<World> openHooked(const std::string& path, bool writable, std::shared_ptr<FileHook> hook);

    // Publishes a level in one step; returns its id. On any error nothing has changed.
    LevelId commit(const Commit& commit);
    // Takes back the newest level; any other id is refused with InputError.
    void undo(LevelId level);
    std::shared_ptr<const Snapshot> snapshot() const;
    // Of snapshots from now on, 0 <= leak < 1; not kept in the file. Throws InputError for another number.
    void setLeak(double leak);

    std::vector<uint8_t> blob(LevelId level,
                              const std::string& name) const;  // throws WorldError when absent or corrupt
    void saveAs(const std::string& path, bool overwrite) const;  // whole world to a fresh file, atomically
    std::string path() const;  // empty in memory
    std::vector<std::string> warnings() const;  // damage met so far, in words

    // What a file holds, from its superblock and directory alone. Throws WorldError when it cannot be opened.
    static WorldInfo info(const std::string& path);
    // Reads every byte that belongs to the world and names what is wrong; empty: all is well. Throws WorldError when the
    // file cannot be opened at all. done, if any: the part that was read so far, 0..1, for other threads to look at.
    static std::vector<std::string> verify(const std::string& path, std::atomic<double>* done = nullptr);
    // Rewrites a world to a file without superseded parts, coarse levels first, pages by key. `from` and `to` may be the
    // same when `overwrite`. Throws WorldError, and writes nothing, when a part of the world cannot be read. done: as
    // above, the part that was written; it ends below 1 by what was superseded.
    static void compact(const std::string& from, const std::string& to, bool overwrite,
                        std::atomic<double>* done = nullptr);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace wz
