// SPDX-License-Identifier: Apache-2.0
// Appending, reading and walking the records of a .wz file.
#pragma once

#include <functional>
#include <initializer_list>
#include <span>
#include <vector>

#include "core/file.h"
#include "world/directory.h"
#include "world/file_format.h"

namespace wz {

// Appends records from `at` on, through a buffer. Nothing is certain to be in the file before flush().
class RecordWriter {
public:
    RecordWriter(File& file, uint64_t at, uint64_t epoch) : file_(file), at_(at), epoch_(epoch) {}

    // The payload is the spans one after the other.
    Place add(RecordKind kind, std::initializer_list<std::span<const uint8_t>> payload);
    Place addPage(const Page& page);
    StoredCover addCover(const CoverLayer& layer);
    // Appends the directory and flushes; the locator's epoch ends after it.
    Locator addDirectory(const Directory& directory);
    void flush();

private:
    void put(std::span<const uint8_t> bytes);

    File& file_;
    uint64_t at_;  // where the next byte goes, the buffer's included
    uint64_t epoch_;
    std::vector<uint8_t> buffer_;
};

// The payload at a place, checksum verified; throws WorldError that says what is wrong.
std::vector<uint8_t> readPayload(const File& file, const Place& place);
std::shared_ptr<const Page> readPage(const File& file, const PageHeader& header, const Place& place);
std::shared_ptr<const CoverLayer> readCover(const File& file, const PageHeader& header, const StoredCover& cover);

// The frame at an offset; nothing when there is no valid frame or its record would pass `end`.
std::optional<RecordFrame> readFrame(const File& file, uint64_t offset, uint64_t end);

// The first epoch after `from` whose records follow from.tail without a gap and end with a readable directory of epoch
// from.epoch + 1. Finds a commit whose superblock was lost.
std::optional<Locator> nextEpochAfter(const File& file, const Locator& from);

}  // namespace wz
