// SPDX-License-Identifier: Apache-2.0
// One open .wz file: its epochs, and how a new one is added.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/file.h"
#include "world/directory.h"
#include "world/next_snapshot.h"
#include "world/records.h"

namespace wz {

// The epoch that a file shows, and how it was found.
struct OpenEpoch {
    Locator newest;       // the newest epoch known to be committed: new records go after its tail
    Locator older;        // what the other superblock slot holds, or should
    Directory directory;  // of the newest epoch whose directory can be read
    int damagedSlot = -1; // the slot (0 or 1) that holds neither of the two; -1: none
    // Damage, in words. Empty after a clean end and after a crash.
    std::vector<std::string> problems;
    bool interrupted = false;  // the damaged slot is what a crash in a commit's last step leaves
};

// Throws WorldError when the file is no world, is of a newer version or has no epoch that can be read.
OpenEpoch findEpoch(const File& file);

// Reads may be made from any thread; one append or undo at a time.
class WorldFile {
public:
    // Writable: takes the lock, mends a damaged superblock and cuts off what an interrupted commit left.
    static std::shared_ptr<WorldFile> open(const std::string& path, bool writable, std::shared_ptr<FileHook> hook);

    // The world as the file has it: nothing loaded yet.
    std::shared_ptr<const Snapshot> snapshot() const;
    std::shared_ptr<const Directory> directory() const;
    const File& file() const { return *file_; }

    // They write the next epoch, which is on disk when they return. On an error the file is cut back to the committed epoch, the
    // directory is unchanged and WorldError is thrown; when even that fails, every later change is refused.
    void append(const Addition& addition, const std::vector<Blob>& blobs);
    void undoNewestLevel();

    std::vector<uint8_t> blob(LevelId level,
                              const std::string& name) const;  // throws WorldError when corrupt or absent

private:
    WorldFile(std::shared_ptr<File> file, bool writable) : file_(std::move(file)), writable_(writable) {}
    void start(OpenEpoch epoch);
    void publish(const std::function<void(RecordWriter&, Directory&)>& change);
    void takeBack(bool superblockTouched) noexcept;

    std::shared_ptr<File> file_;
    bool writable_ = false;
    bool broken_ = false;  // a failed change could not be taken back
    Locator newest_, older_;
    mutable std::mutex mutex_;  // guards directory_
    std::shared_ptr<const Directory> directory_;
    std::shared_ptr<MissingPages> missing_ = std::make_shared<MissingPages>();
};

// Makes sure that `path` may be written afresh: throws WorldError when it exists and may not be replaced, or is open for
// writing. Hold what comes back (null: nothing is there) until the new file stands in its place.
std::unique_ptr<File> claimTarget(const std::string& path, bool overwrite);

// Writes a whole world to a new file and moves it to `path`: coarse levels first, pages by key. The target is replaced in
// one step, or not at all. `blobOf` gives the bytes of a level's blob.
void writeWorld(const Snapshot& snapshot,
                const std::function<std::vector<uint8_t>(LevelId, const std::string&)>& blobOf, const std::string& path,
                bool overwrite, std::shared_ptr<FileHook> hook);

}  // namespace wz
