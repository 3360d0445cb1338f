// SPDX-License-Identifier: Apache-2.0
// Reads a whole .wz file and names what is wrong with it.
#include <algorithm>
#include <map>

#include "core/errors.h"
#include "core/hash64.h"
#include "world/world.h"
#include "world/world_file.h"

namespace wz {
namespace {

using Records = std::map<uint64_t, RecordFrame>;  // valid frames by offset

// What the newest readable directory says of each place, for messages.
std::map<uint64_t, std::pair<std::string, Place>> namedPlaces(const Directory& directory) {
    std::map<uint64_t, std::pair<std::string, Place>> named;
    for (const StoredPage& page : directory.pages) {
        named[page.place.offset] = {"page of " + nameOf(page.header.key), page.place};
        for (const StoredCover& cover : page.covers)
            named[cover.place.offset] = {
                "cover of " + nameOf(page.header.key) + " by level " + std::to_string(cover.child), cover.place};
    }
    for (const StoredLevel& level : directory.levels)
        for (const StoredBlob& blob : level.blobs)
            named[blob.place.offset] = {"'" + blob.name + "' of level " + std::to_string(level.record->id), blob.place};
    return named;
}

class Verifier {
public:
    Verifier(const std::string& path, std::atomic<double>* done)
        : file_(path, FileMode::Read), open_(findEpoch(file_)), done_(done) {}

    std::vector<std::string> run() {
        problems_ = open_.problems;
        named_ = namedPlaces(open_.directory);
        walk();
        checkPlaces();
        checkLocators();
        return problems_;
    }

private:
    std::string nameAt(uint64_t offset) const {
        const auto found = named_.find(offset);
        const std::string what = found == named_.end() ? "a record" : found->second.first;
        return what + " at byte " + std::to_string(offset);
    }

    void walk() {
        const uint64_t end = std::min(open_.newest.tail, file_.size());
        if (file_.size() < open_.newest.tail) problems_.push_back("the file is cut short");
        uint64_t at = kFirstRecord;
        while (at < end) {
            if (done_) *done_ = static_cast<double>(at) / static_cast<double>(end);
            const auto frame = readFrame(file_, at, end);
            if (!frame) {
                const uint64_t next = nextFrame(at + kRecordAlignment, end);
                problems_.push_back(nameAt(at) + ": its frame is damaged; unreadable up to byte " +
                                    std::to_string(next));
                damaged_.emplace_back(at, next);
                at = next;
                continue;
            }
            records_[at] = *frame;
            checkPayload(at, *frame);
            at += recordBytes(frame->payloadBytes);
        }
    }

    uint64_t nextFrame(uint64_t at, uint64_t end) const {
        while (at < end && !readFrame(file_, at, end)) at += kRecordAlignment;
        return std::min(at, end);
    }

    void checkPayload(uint64_t at, const RecordFrame& frame) {
        constexpr uint64_t kPiece = 1 << 20;
        std::vector<uint8_t> piece;
        Hash64 hash;
        for (uint64_t done = 0; done < frame.payloadBytes; done += piece.size()) {
            piece.resize(std::min(kPiece, frame.payloadBytes - done));
            file_.readAt(at + kFrameBytes + done, piece);
            hash.add(piece.data(), piece.size());
        }
        if (hash.value() != frame.payloadChecksum) problems_.push_back(nameAt(at) + ": wrong checksum");
        piece.resize(recordBytes(frame.payloadBytes) - kFrameBytes - frame.payloadBytes);
        file_.readAt(at + kFrameBytes + frame.payloadBytes, piece);
        if (std::any_of(piece.begin(), piece.end(), [](uint8_t b) { return b != 0; }))
            problems_.push_back(nameAt(at) + ": bytes after its end that are not zero");
    }

    // Every part of the world must be a record of the file.
    void checkPlaces() {
        for (const auto& [offset, part] : named_) {
            const auto record = records_.find(offset);
            if (record == records_.end()) {
                const auto holds = [&](const auto& range) { return offset >= range.first && offset < range.second; };
                if (std::any_of(damaged_.begin(), damaged_.end(), holds)) continue;  // named already
                problems_.push_back(part.first + " lies outside of the file's records");
            } else if (record->second.payloadBytes != part.second.bytes ||
                       record->second.payloadChecksum != part.second.checksum) {
                problems_.push_back(nameAt(offset) + ": the record is not the one that the directory means");
            }
        }
    }

    // Superblocks, directories and their memory of the epoch before must agree.
    void checkLocators() {
        if (open_.newest.epoch == open_.directory.epoch && open_.directory.previous != open_.older)
            problems_.push_back("the two superblocks do not follow each other");
        for (const Locator& locator : {open_.newest, open_.older}) {
            if (locator.directoryOffset == 0) continue;
            const auto record = records_.find(locator.directoryOffset);
            if (record == records_.end() || record->second.kind != RecordKind::Directory ||
                record->second.epoch != locator.epoch || record->second.payloadBytes != locator.directoryBytes ||
                record->second.payloadChecksum != locator.directoryChecksum ||
                locator.directoryOffset + recordBytes(locator.directoryBytes) != locator.tail)
                problems_.push_back("the superblock of epoch " + std::to_string(locator.epoch) +
                                    " leads to no such directory");
        }
    }

    File file_;
    OpenEpoch open_;
    std::atomic<double>* done_;
    Records records_;
    std::vector<std::pair<uint64_t, uint64_t>> damaged_;  // stretches without a valid frame
    std::map<uint64_t, std::pair<std::string, Place>> named_;
    std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> World::verify(const std::string& path, std::atomic<double>* done) {
    return Verifier(path, done).run();
}

WorldInfo World::info(const std::string& path) {
    const File file(path, FileMode::Read);
    const OpenEpoch open = findEpoch(file);
    WorldInfo info;
    info.version = kFileVersion;
    info.epoch = open.directory.epoch;
    info.levels = open.directory.levels.size();
    info.pages = open.directory.pages.size();
    info.fileBytes = file.size();
    info.problems = open.problems;
    uint64_t used = kFirstRecord + recordBytes(open.newest.directoryBytes);
    for (const StoredPage& page : open.directory.pages) {
        info.covers += page.covers.size();
        info.surfels += page.header.count;
        used += recordBytes(page.place.bytes);
        for (const StoredCover& cover : page.covers) used += recordBytes(cover.place.bytes);
    }
    for (const StoredLevel& level : open.directory.levels)
        for (const StoredBlob& blob : level.blobs) used += recordBytes(blob.place.bytes);
    info.supersededBytes = info.fileBytes > used ? info.fileBytes - used : 0;
    return info;
}

}  // namespace wz
