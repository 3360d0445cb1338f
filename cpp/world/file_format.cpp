// SPDX-License-Identifier: Apache-2.0
#include "world/file_format.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/byte_stream.h"
#include "core/errors.h"
#include "core/hash64.h"
#include "shared/surfel.h"

namespace wz {
namespace {

constexpr auto kMagic = std::bit_cast<uint64_t>(std::array{'W', 'Z', 'W', 'O', 'R', 'L', 'D', '\n'});
constexpr auto kRecordMagic = std::bit_cast<uint32_t>(std::array{'W', 'Z', 'R', '\n'});

template <size_t N>
void seal(std::array<uint8_t, N>& bytes) {
    const uint64_t checksum = hash64(bytes.data(), N - 8);
    std::memcpy(bytes.data() + N - 8, &checksum, 8);
}

bool isSealed(std::span<const uint8_t> bytes) {
    uint64_t checksum;
    std::memcpy(&checksum, bytes.data() + bytes.size() - 8, 8);
    return checksum == hash64(bytes.data(), bytes.size() - 8);
}

}  // namespace

SuperblockBytes superblockOf(const Locator& locator) {
    SuperblockBytes bytes{};
    if (locator.directoryOffset == 0) return bytes;
    ByteWriter writer;
    writer.put(kMagic);
    writer.put(kFileVersion);
    writer.put(kSurfelLayoutVersion);
    for (uint64_t v :
         {locator.epoch, locator.directoryOffset, locator.directoryBytes, locator.directoryChecksum, locator.tail})
        writer.put(v);
    std::copy(writer.bytes().begin(), writer.bytes().end(), bytes.begin());
    seal(bytes);
    return bytes;
}

std::optional<Locator> parseSuperblock(const SuperblockBytes& bytes, const std::string& path) {
    ByteReader reader(bytes);
    if (reader.get<uint64_t>() != kMagic || !isSealed(bytes)) return std::nullopt;
    const auto version = reader.get<uint32_t>(), layout = reader.get<uint32_t>();
    if (version > kFileVersion || layout > kSurfelLayoutVersion)
        throw WorldError(path + ": the file is of world format " + std::to_string(version) + "." +
                         std::to_string(layout) + ", newer than this program reads (" + std::to_string(kFileVersion) +
                         "." + std::to_string(kSurfelLayoutVersion) + "); a newer version of the program is needed");
    Locator locator;
    for (uint64_t* v :
         {&locator.epoch, &locator.directoryOffset, &locator.directoryBytes, &locator.directoryChecksum, &locator.tail})
        *v = reader.get<uint64_t>();
    return locator;
}

std::array<uint8_t, kFrameBytes> frameBytesOf(const RecordFrame& frame) {
    std::array<uint8_t, kFrameBytes> bytes{};
    ByteWriter writer;
    writer.put(kRecordMagic);
    writer.put(static_cast<uint32_t>(frame.kind));
    for (uint64_t v : {frame.epoch, frame.payloadBytes, frame.payloadChecksum}) writer.put(v);
    std::copy(writer.bytes().begin(), writer.bytes().end(), bytes.begin());
    seal(bytes);
    return bytes;
}

std::optional<RecordFrame> parseFrame(std::span<const uint8_t, kFrameBytes> bytes) {
    ByteReader reader(bytes);
    if (reader.get<uint32_t>() != kRecordMagic || !isSealed(bytes)) return std::nullopt;
    RecordFrame frame;
    frame.kind = static_cast<RecordKind>(reader.get<uint32_t>());
    for (uint64_t* v : {&frame.epoch, &frame.payloadBytes, &frame.payloadChecksum}) *v = reader.get<uint64_t>();
    return frame;
}

}  // namespace wz
