// SPDX-License-Identifier: Apache-2.0
#include "world/records.h"

#include <algorithm>
#include <cstring>

#include "core/errors.h"
#include "core/hash64.h"
#include "core/profiler.h"

namespace wz {
namespace {

constexpr size_t kBufferBytes = size_t(4) << 20;

template <class T>
std::span<const uint8_t> bytesOf(std::span<const T> values) {
    return {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()};
}
template <class T>
std::span<const uint8_t> bytesOf(const std::vector<T>& values) {
    return bytesOf(std::span<const T>(values));
}

template <class T>
std::span<uint8_t> writableBytesOf(std::vector<T>& values) {
    return {reinterpret_cast<uint8_t*>(values.data()), values.size() * sizeof(T)};
}

void checkLength(const File& file, const Place& place) {
    if (place.bytes > file.size()) throw WorldError(file.path() + ": a record is longer than the file");
}

void checkSum(const File& file, const Place& place, std::initializer_list<std::span<const uint8_t>> payload) {
    WZ_ZONE_OF("checksum", place.bytes);
    Hash64 hash;
    for (const auto& part : payload) hash.add(part.data(), part.size());
    if (hash.value() != place.checksum)
        throw WorldError(file.path() + ": wrong checksum of the record at byte " + std::to_string(place.offset));
}

template <class T>
void takeValues(std::span<const uint8_t>& from, std::vector<T>& values, size_t count) {
    values.resize(count);
    std::memcpy(values.data(), from.data(), count * sizeof(T));
    from = from.subspan(count * sizeof(T));
}

}  // namespace

void RecordWriter::put(std::span<const uint8_t> bytes) {
    at_ += bytes.size();
    if (buffer_.size() + bytes.size() > kBufferBytes) {
        const uint64_t start = at_ - bytes.size() - buffer_.size();
        file_.writeAt(start, buffer_);
        buffer_.clear();
        if (bytes.size() > kBufferBytes) {
            file_.writeAt(at_ - bytes.size(), bytes);
            return;
        }
    }
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void RecordWriter::flush() {
    file_.writeAt(at_ - buffer_.size(), buffer_);
    buffer_.clear();
}

Place RecordWriter::add(RecordKind kind, std::initializer_list<std::span<const uint8_t>> payload) {
    Hash64 hash;
    Place place{at_, 0, 0};
    for (const auto& part : payload) {
        hash.add(part.data(), part.size());
        place.bytes += part.size();
    }
    place.checksum = hash.value();
    put(frameBytesOf({kind, epoch_, place.bytes, place.checksum}));
    for (const auto& part : payload) put(part);
    const std::array<uint8_t, kRecordAlignment> zeros{};
    put(std::span(zeros).first(recordBytes(place.bytes) - kFrameBytes - place.bytes));
    return place;
}

Place RecordWriter::addPage(const Page& page) {
    return add(RecordKind::Page, {bytesOf(page.surfels()), bytesOf(page.clusters())});
}

StoredCover RecordWriter::addCover(const CoverLayer& layer) {
    StoredCover stored{
        layer.child, layer.sibling, !layer.weight.empty(), !layer.color.empty(), layer.weightMin, layer.nextMax, {}};
    stored.place = add(RecordKind::Cover, {bytesOf(layer.next), bytesOf(layer.weight), bytesOf(layer.color)});
    return stored;
}

Locator RecordWriter::addDirectory(const Directory& directory) {
    const std::vector<uint8_t> payload = encodeDirectory(directory);
    const Place place = add(RecordKind::Directory, {payload});
    flush();
    return {directory.epoch, place.offset, place.bytes, place.checksum, at_};
}

std::vector<uint8_t> readPayload(const File& file, const Place& place) {
    checkLength(file, place);
    std::vector<uint8_t> payload(place.bytes);
    file.readAt(place.offset + kFrameBytes, payload);
    checkSum(file, place, {payload});
    return payload;
}

std::shared_ptr<const Page> readPage(const File& file, const PageHeader& header, const Place& place) {
    WZ_ZONE_OF("load page", place.bytes);
    checkLength(file, place);
    const uint64_t surfelBytes = uint64_t(header.count) * sizeof(Surfel);
    if (place.bytes < surfelBytes || (place.bytes - surfelBytes) % sizeof(Cluster) != 0)
        throw WorldError(file.path() + ": a page's size does not fit its header");
    // Read where they stay: a copy of the bytes would cost as much as reading them did.
    std::vector<Surfel> surfels(header.count);
    std::vector<Cluster> clusters((place.bytes - surfelBytes) / sizeof(Cluster));
    file.readAt(place.offset + kFrameBytes, writableBytesOf(surfels));
    file.readAt(place.offset + kFrameBytes + surfelBytes, writableBytesOf(clusters));
    checkSum(file, place, {bytesOf(surfels), bytesOf(clusters)});
    uint64_t next = 0;
    for (const Cluster& cluster : clusters) {
        if (cluster.first != next) throw WorldError(file.path() + ": clusters of a page do not follow each other");
        next += cluster.count;
    }
    if (next != header.count) throw WorldError(file.path() + ": clusters do not cover their page");
    return std::make_shared<const Page>(header, std::move(surfels), std::move(clusters));
}

std::shared_ptr<const CoverLayer> readCover(const File& file, const PageHeader& header, const StoredCover& cover) {
    WZ_ZONE_OF("load cover", cover.place.bytes);
    const std::vector<uint8_t> payload = readPayload(file, cover.place);
    WZ_ZONE("decode");
    std::span<const uint8_t> rest = payload;
    auto layer = std::make_shared<CoverLayer>();
    layer->child = cover.child;
    layer->sibling = cover.sibling;
    if (cover.hasWeight) {
        takeValues(rest, layer->next, header.count);
        takeValues(rest, layer->weight, header.count);
    }
    if (cover.hasColor) takeValues(rest, layer->color, size_t(3) * header.count);
    layer->weightMin = cover.weightMin;
    layer->nextMax = cover.nextMax;
    return layer;
}

std::optional<RecordFrame> readFrame(const File& file, uint64_t offset, uint64_t end) {
    if (offset + kFrameBytes > end) return std::nullopt;
    std::array<uint8_t, kFrameBytes> bytes;
    file.readAt(offset, bytes);
    const auto frame = parseFrame(bytes);
    if (!frame || frame->payloadBytes > end - offset || recordBytes(frame->payloadBytes) > end - offset)
        return std::nullopt;
    return frame;
}

std::optional<Locator> nextEpochAfter(const File& file, const Locator& from) {
    const uint64_t end = file.size();
    for (uint64_t at = from.tail;;) {
        const auto frame = readFrame(file, at, end);
        if (!frame || frame->epoch != from.epoch + 1) return std::nullopt;
        const uint64_t next = at + recordBytes(frame->payloadBytes);
        if (frame->kind == RecordKind::Directory) {
            const Locator found{frame->epoch, at, frame->payloadBytes, frame->payloadChecksum, next};
            try {
                const auto directory =
                    decodeDirectory(readPayload(file, {at, frame->payloadBytes, frame->payloadChecksum}));
                if (directory.epoch == found.epoch && directory.previous == from) return found;
            } catch (const WorldError&) {
                // Not readable: as if it were not there.
            }
            return std::nullopt;
        }
        at = next;
    }
}

}  // namespace wz
