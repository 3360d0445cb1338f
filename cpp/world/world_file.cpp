// SPDX-License-Identifier: Apache-2.0
#include "world/world_file.h"

#include <algorithm>

#include "core/errors.h"
#include "core/profiler.h"

namespace wz {
namespace {

// One page or cover in a file; remembers its own place, so that slots of older snapshots stay right after an undo.
class StoredPageSource : public PageSource {
public:
    StoredPageSource(std::shared_ptr<const File> file, Place place, std::shared_ptr<MissingPages> missing)
        : file_(std::move(file)), place_(place), missing_(std::move(missing)) {}

    std::shared_ptr<const Page> load(const PageHeader& header) const override {
        try {
            return readPage(*file_, header, place_);
        } catch (const WorldError& error) {
            missing_->add(header, "page of " + nameOf(header.key) + " is left out, coarser levels show in its place (" +
                                      error.what() + ")");
            return nullptr;
        }
    }

    std::shared_ptr<const CoverLayer> loadCover(const PageHeader&, LevelId) const override { return nullptr; }

private:
    std::shared_ptr<const File> file_;
    Place place_;
    std::shared_ptr<MissingPages> missing_;
};

class StoredCoverSource : public PageSource {
public:
    StoredCoverSource(std::shared_ptr<const File> file, StoredCover cover, std::shared_ptr<MissingPages> missing)
        : file_(std::move(file)), cover_(cover), missing_(std::move(missing)) {}

    std::shared_ptr<const Page> load(const PageHeader&) const override { return nullptr; }

    std::shared_ptr<const CoverLayer> loadCover(const PageHeader& header, LevelId child) const override {
        try {
            return readCover(*file_, header, cover_);
        } catch (const WorldError& error) {
            missing_->note("cover of " + nameOf(header.key) + " by level " + std::to_string(child) + " is left out (" +
                           error.what() + ")");
            return nullptr;
        }
    }

private:
    std::shared_ptr<const File> file_;
    StoredCover cover_;
    std::shared_ptr<MissingPages> missing_;
};

}  // namespace

std::shared_ptr<WorldFile> WorldFile::open(const std::string& path, bool writable, std::shared_ptr<FileHook> hook) {
    std::shared_ptr<File> file;
    do {  // again when the file was replaced between opening and locking it
        file = std::make_shared<File>(path, writable ? FileMode::ReadWrite : FileMode::Read, hook);
        if (writable && !file->tryLock())
            throw WorldError(path + ": open for writing elsewhere; one writer at a time is allowed");
    } while (writable && !file->isSameAs(path));
    std::shared_ptr<WorldFile> world(new WorldFile(std::move(file), writable));
    world->start(findEpoch(*world->file_));
    return world;
}

void WorldFile::start(OpenEpoch epoch) {
    for (std::string& problem : epoch.problems) missing_->note(file_->path() + ": " + problem);
    newest_ = epoch.newest;
    older_ = epoch.older;
    directory_ = std::make_shared<const Directory>(std::move(epoch.directory));
    if (!writable_) return;
    if (epoch.damagedSlot >= 0) {
        const bool holdsNewest = slotOffset(newest_.epoch) == epoch.damagedSlot * kSuperblockBytes;
        file_->writeAt(epoch.damagedSlot * kSuperblockBytes, superblockOf(holdsNewest ? newest_ : older_));
        file_->sync();
    }
    if (file_->size() > newest_.tail) file_->truncate(newest_.tail);
}

std::shared_ptr<const Directory> WorldFile::directory() const {
    std::lock_guard lock(mutex_);
    return directory_;
}

std::shared_ptr<const Snapshot> WorldFile::snapshot() const {
    const auto directory = this->directory();
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->epoch = directory->epoch;
    snapshot->missing = missing_;
    for (const StoredLevel& level : directory->levels) snapshot->levels.push_back(level.record);
    for (const StoredPage& page : directory->pages) {
        PageEntry entry;
        entry.page = std::make_shared<const PageSlot>(page.header,
                                                      std::make_shared<StoredPageSource>(file_, page.place, missing_));
        for (const StoredCover& cover : page.covers)
            entry.covers.push_back(std::make_shared<const CoverSlot>(
                page.header, cover.child, cover.sibling, cover.hasColor, cover.weightMin, cover.nextMax,
                std::make_shared<StoredCoverSource>(file_, cover, missing_)));
        snapshot->pages.push_back(std::move(entry));
    }
    return snapshot;
}

void WorldFile::append(const Addition& addition, const std::vector<Blob>& blobs) {
    publish([&](RecordWriter& writer, Directory& next) {
        for (const NewCover& cover : addition.covers)
            next.pages[cover.page].covers.push_back(writer.addCover(*cover.layer));
        for (const auto& page : addition.pages) next.pages.push_back({page->header(), writer.addPage(*page), {}});
        StoredLevel level{addition.record, {}};
        for (const Blob& blob : blobs) level.blobs.push_back({blob.name, writer.add(RecordKind::Blob, {blob.bytes})});
        next.levels.push_back(std::move(level));
    });
}

void WorldFile::undoNewestLevel() {
    const LevelId level = directory()->levels.back().record->id;
    publish([&](RecordWriter&, Directory& next) {
        next.levels.pop_back();
        std::erase_if(next.pages, [&](const StoredPage& page) { return page.header.key.level == level; });
        for (StoredPage& page : next.pages)
            std::erase_if(page.covers, [&](const StoredCover& cover) { return cover.child == level; });
    });
    missing_->forget(level);
}

void WorldFile::publish(const std::function<void(RecordWriter&, Directory&)>& change) {
    WZ_ZONE("publish");
    if (!writable_) throw WorldError(file_->path() + ": opened for reading only");
    if (broken_) throw WorldError(file_->path() + ": a failed write could not be taken back; open the file again");
    auto next = std::make_shared<Directory>(*directory_);
    next->previous = newest_;
    next->epoch = newest_.epoch + 1;
    bool superblockTouched = false;
    try {
        RecordWriter writer(*file_, newest_.tail, next->epoch);
        change(writer, *next);
        const Locator locator = writer.addDirectory(*next);
        file_->sync();
        superblockTouched = true;
        file_->writeAt(slotOffset(locator.epoch), superblockOf(locator));
        file_->sync();
        older_ = newest_;
        newest_ = locator;
    } catch (...) {
        takeBack(superblockTouched);
        throw;
    }
    std::lock_guard lock(mutex_);
    directory_ = std::move(next);
}

void WorldFile::takeBack(bool superblockTouched) noexcept {
    try {
        if (superblockTouched) {
            file_->writeAt(slotOffset(newest_.epoch + 1), superblockOf(older_));
            file_->sync();
        }
    } catch (...) {
        broken_ = true;  // what the file shows is not known; its bytes stay, so that either epoch can be read
        return;
    }
    try {
        file_->truncate(newest_.tail);
    } catch (...) {
        // Bytes after the tail belong to no epoch: the next commit writes over them.
    }
}

std::vector<uint8_t> WorldFile::blob(LevelId level, const std::string& name) const {
    const auto directory = this->directory();
    if (level < directory->levels.size())
        for (const StoredBlob& blob : directory->levels[level].blobs)
            if (blob.name == name) return readPayload(*file_, blob.place);
    throw WorldError("level " + std::to_string(level) + " has no stored bytes named '" + name + "'");
}

}  // namespace wz
