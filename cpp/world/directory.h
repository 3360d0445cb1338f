// SPDX-License-Identifier: Apache-2.0
// The table of contents of a world at one epoch: what a .wz file appends with each commit and reads on opening.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "world/file_format.h"
#include "world/level.h"
#include "world/page.h"

namespace wz {

// A record's payload in the file.
struct Place {
    uint64_t offset = 0;  // of the record's frame; the payload follows it
    uint64_t bytes = 0;   // of the payload
    uint64_t checksum = 0;
    friend bool operator==(const Place&, const Place&) = default;
};

struct StoredBlob {
    std::string name;
    Place place;
};

struct StoredLevel {
    std::shared_ptr<const LevelRecord> record;
    std::vector<StoredBlob> blobs;
};

// Payload, for a page of n surfels: next (2 n bytes) and weight (n) when hasWeight, then color (3 n) when hasColor.
struct StoredCover {
    LevelId child = 0;
    bool sibling = false, hasWeight = false, hasColor = false;
    uint8_t weightMin = 0;
    float nextMax = 0;
    Place place;
};

// Payload: the surfels, then the clusters, as they lie in memory.
struct StoredPage {
    PageHeader header;  // its checksum is the payload's
    Place place;
    std::vector<StoredCover> covers;  // by child, ascending
};

struct Directory {
    Locator previous;  // the epoch before; directoryOffset 0: none
    uint64_t epoch = 0;
    std::vector<StoredLevel> levels;
    std::vector<StoredPage> pages;  // by key
};

std::vector<uint8_t> encodeDirectory(const Directory& directory);
Directory decodeDirectory(std::span<const uint8_t> bytes);  // throws WorldError when the bytes make no sense

// Bytes that the payload of a page or cover must have by its header.
uint64_t pagePayloadBytes(const PageHeader& header);
uint64_t coverPayloadBytes(const PageHeader& header, const StoredCover& cover);

// For messages: "level 2, cell (x, y, z) at depth d".
std::string nameOf(const PageKey& key);

}  // namespace wz
