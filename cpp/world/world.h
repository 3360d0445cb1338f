// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "world/snapshot.h"

namespace wz {

class WorldFile;

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

    // Publishes a level in one step; returns its id. On any error nothing has changed.
    LevelId commit(const Commit& commit);
    // Takes back the newest level (LevelId must be the last one that has no children committed after it).
    void undo(LevelId level);
    std::shared_ptr<const Snapshot> snapshot() const;

    std::vector<uint8_t> blob(LevelId level, const std::string& name) const;  // throws WorldError when absent or corrupt
    void saveAs(const std::string& path, bool overwrite) const;               // whole world to a fresh file, atomically
    std::string path() const;                                                 // empty in memory
    std::vector<std::string> warnings() const;                                // corrupt pages met so far, in words

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace wz
