// SPDX-License-Identifier: Apache-2.0
// Which epoch of a .wz file counts.
#include <algorithm>

#include "core/errors.h"
#include "world/world_file.h"

namespace wz {
namespace {

const char* slotName(int slot) { return slot == 0 ? "A" : "B"; }

// What a write of `after` over `before` may leave when it is cut off anywhere.
bool isTorn(const SuperblockBytes& found, const SuperblockBytes& before, const SuperblockBytes& after) {
    for (size_t i = 0; i < found.size(); ++i)
        if (found[i] != before[i] && found[i] != after[i]) return false;
    return true;
}

Directory readDirectory(const File& file, const Locator& locator) {
    const auto payload =
        readPayload(file, {locator.directoryOffset, locator.directoryBytes, locator.directoryChecksum});
    Directory directory = decodeDirectory(payload);
    if (directory.epoch != locator.epoch) throw WorldError(file.path() + ": the directory is of another epoch");
    return directory;
}

// The directory of the newest readable epoch among the candidates (newest first).
Directory firstReadable(const File& file, const std::vector<Locator>& candidates, std::vector<std::string>& problems) {
    for (const Locator& locator : candidates) {
        try {
            return readDirectory(file, locator);
        } catch (const WorldError& error) {
            problems.push_back("the directory of epoch " + std::to_string(locator.epoch) + " cannot be read (" +
                               error.what() + ")");
        }
    }
    throw WorldError(file.path() + ": no directory can be read: " + problems.back());
}

}  // namespace

OpenEpoch findEpoch(const File& file) {
    const uint64_t size = file.size();
    if (size < kFirstRecord)
        throw WorldError(file.path() + ": not a world file: at least " + std::to_string(kFirstRecord) +
                         " bytes expected, " + std::to_string(size) + " came");
    SuperblockBytes bytes[2];
    std::vector<Locator> valid;
    OpenEpoch found;
    for (int slot = 0; slot < 2; ++slot) {
        file.readAt(slot * kSuperblockBytes, bytes[slot]);
        const auto locator = parseSuperblock(bytes[slot], file.path());
        const bool fits = locator && slotOffset(locator->epoch) == slot * kSuperblockBytes && locator->tail <= size;
        if (fits)
            valid.push_back(*locator);
        else if (locator && locator->tail > size)
            found.problems.push_back("the file ends before byte " + std::to_string(locator->tail) +
                                     ", the end of epoch " + std::to_string(locator->epoch));
        if (!fits) found.damagedSlot = slot;
    }
    if (valid.empty())
        throw WorldError(file.path() + ": not a world file, or damaged: no valid superblock" +
                         (found.problems.empty() ? "" : " (" + found.problems.front() + ")"));
    std::sort(valid.begin(), valid.end(), [](const Locator& a, const Locator& b) { return a.epoch > b.epoch; });
    std::optional<Locator> lost;  // an epoch whose own superblock is the damaged one
    const Locator known = valid.front();
    if (valid.size() == 1) {
        lost = nextEpochAfter(file, known);
        if (lost) valid.insert(valid.begin(), *lost);
    }
    found.newest = valid.front();
    found.directory = firstReadable(file, valid, found.problems);
    if (valid.size() == 2) found.older = valid[1];
    if (valid.size() == 2 && !lost) return found;  // both slots are fine

    Locator before;  // the epoch before the known one: its directory remembers
    try {
        before = readDirectory(file, known).previous;
    } catch (const WorldError&) {  // named above already
    }
    if (!lost) found.older = before;
    const SuperblockBytes& damaged = bytes[found.damagedSlot];
    const SuperblockBytes expected = superblockOf(lost ? *lost : before);
    if (damaged == expected)
        found.damagedSlot = -1;  // a file of a single epoch: this slot was never written
    else if (lost && isTorn(damaged, superblockOf(before), expected))
        found.interrupted = true;
    else
        found.problems.push_back(std::string("superblock ") + slotName(found.damagedSlot) + " is damaged");
    return found;
}

}  // namespace wz
