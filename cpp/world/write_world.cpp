// SPDX-License-Identifier: Apache-2.0
// A whole world to a fresh file: saving and compacting.
#include <algorithm>
#include <numeric>

#include "core/errors.h"
#include "world/world_file.h"

namespace wz {
namespace {

// Page ordinals, coarse levels (fewest ancestors) first, then by key.
std::vector<size_t> coarseFirst(const Snapshot& snapshot) {
    std::vector<int> generation(snapshot.levels.size());
    for (const auto& level : snapshot.levels)
        if (level->parent) generation[level->id] = generation[*level->parent] + 1;
    std::vector<size_t> order(snapshot.pages.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return generation[snapshot.pages[a].page->header().key.level] <
               generation[snapshot.pages[b].page->header().key.level];
    });
    return order;
}

StoredPage writePage(RecordWriter& writer, const PageEntry& entry) {
    const PageHeader& header = entry.page->header();
    const auto page = entry.page->passingPage();
    if (!page) throw WorldError("the page of " + nameOf(header.key) + " cannot be read");
    StoredPage stored{header, writer.addPage(*page), {}};
    for (const auto& slot : entry.covers) {
        const auto layer = slot->passingLayer();
        if (!layer)
            throw WorldError("the cover of " + nameOf(header.key) + " by level " + std::to_string(slot->child()) +
                             " cannot be read");
        stored.covers.push_back(writer.addCover(*layer));
    }
    return stored;
}

void writeEpoch(File& file, const Snapshot& snapshot,
                const std::function<std::vector<uint8_t>(LevelId, const std::string&)>& blobOf) {
    const std::vector<uint8_t> empty(kFirstRecord);
    file.writeAt(0, empty);
    RecordWriter writer(file, kFirstRecord, snapshot.epoch);
    Directory directory;
    directory.epoch = snapshot.epoch;
    directory.pages.resize(snapshot.pages.size());
    for (const size_t i : coarseFirst(snapshot)) directory.pages[i] = writePage(writer, snapshot.pages[i]);
    for (const auto& record : snapshot.levels) {
        StoredLevel level{record, {}};
        for (const std::string& name : record->blobs) {
            const auto bytes = blobOf(record->id, name);
            level.blobs.push_back({name, writer.add(RecordKind::Blob, {bytes})});
        }
        directory.levels.push_back(std::move(level));
    }
    const Locator locator = writer.addDirectory(directory);
    file.sync();
    file.writeAt(slotOffset(locator.epoch), superblockOf(locator));
    file.sync();
}

}  // namespace

std::unique_ptr<File> claimTarget(const std::string& path, bool overwrite) {
    if (!fileExists(path)) return nullptr;
    if (!overwrite) throw WorldError(path + ": exists already");
    auto file = std::make_unique<File>(path, FileMode::Read);
    if (!file->tryLock()) throw WorldError(path + ": open for writing elsewhere; it is not replaced");
    return file;
}

void writeWorld(const Snapshot& snapshot,
                const std::function<std::vector<uint8_t>(LevelId, const std::string&)>& blobOf, const std::string& path,
                bool overwrite, std::shared_ptr<FileHook> hook) {
    const std::string temporary = temporaryNameFor(path);
    try {
        {
            File file(temporary, FileMode::CreateNew, std::move(hook));
            writeEpoch(file, snapshot, blobOf);
        }
        renameFile(temporary, path, overwrite);
    } catch (...) {
        removeFile(temporary);
        throw;
    }
}

}  // namespace wz
