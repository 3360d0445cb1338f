// SPDX-License-Identifier: Apache-2.0
// The fixed parts of a .wz file: superblocks and record frames. docs/file-format.md says it in words.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace wz {

inline constexpr uint32_t kFileVersion = 1;
inline constexpr uint64_t kSuperblockBytes = 4096;               // slot A at 0, slot B at 4096
inline constexpr uint64_t kFirstRecord = 2 * kSuperblockBytes;
inline constexpr uint64_t kRecordAlignment = 64;
inline constexpr uint64_t kFrameBytes = 64;

// Where an epoch's directory lies and where the epoch ends. A superblock holds one of these and nothing else.
struct Locator {
    uint64_t epoch = 0;
    uint64_t directoryOffset = 0;  // of the record's frame; 0: there is no such epoch
    uint64_t directoryBytes = 0;   // of its payload
    uint64_t directoryChecksum = 0;
    uint64_t tail = 0;             // the file's bytes up to here belong to this epoch
    friend bool operator==(const Locator&, const Locator&) = default;
};

using SuperblockBytes = std::array<uint8_t, kSuperblockBytes>;

// The bytes that a slot holds for an epoch; for no epoch (directoryOffset 0) all zeros.
SuperblockBytes superblockOf(const Locator& locator);
// The epoch of a valid superblock; nothing when its checksum is wrong. Throws WorldError, naming `path` and the version,
// for a valid superblock of a newer format.
std::optional<Locator> parseSuperblock(const SuperblockBytes& bytes, const std::string& path);
inline uint64_t slotOffset(uint64_t epoch) { return (epoch % 2) * kSuperblockBytes; }

enum class RecordKind : uint32_t { Page = 1, Cover = 2, Blob = 3, Directory = 4 };

// The 64 bytes before each payload.
struct RecordFrame {
    RecordKind kind = RecordKind::Page;
    uint64_t epoch = 0;  // that wrote it
    uint64_t payloadBytes = 0;
    uint64_t payloadChecksum = 0;
};

std::array<uint8_t, kFrameBytes> frameBytesOf(const RecordFrame& frame);
std::optional<RecordFrame> parseFrame(
    std::span<const uint8_t, kFrameBytes> bytes);  // nothing when it is not a valid frame

// Bytes that a record takes in the file: frame, payload, zeros up to the alignment.
inline uint64_t recordBytes(uint64_t payloadBytes) {
    return (kFrameBytes + payloadBytes + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

}  // namespace wz
