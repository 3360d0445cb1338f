// SPDX-License-Identifier: Apache-2.0
#include "world/directory.h"

#include "core/byte_stream.h"
#include "core/errors.h"

namespace wz {
namespace {

enum CoverBit : uint8_t { kCoverSibling = 1, kCoverWeight = 2, kCoverColor = 4 };

// One description of each stored thing serves both directions: `Stream` is Put or Get.
struct Put {
    ByteWriter& writer;
    template <class T>
    void value(const T& v) {
        if constexpr (std::is_same_v<T, bool>)
            writer.put(static_cast<uint8_t>(v));
        else
            writer.put(v);
    }
    void text(const std::string& v) { writer.putString(v); }
};

struct Get {
    ByteReader& reader;
    template <class T>
    void value(T& v) {
        if constexpr (std::is_same_v<T, bool>)
            v = reader.get<uint8_t>() != 0;
        else
            v = reader.get<T>();
    }
    void text(std::string& v) { v = reader.getString(); }
};

template <class Stream, class V>
void vectorFields(Stream& s, V& v) {
    s.value(v.x), s.value(v.y), s.value(v.z);
}

template <class Stream, class L>
void locatorFields(Stream& s, L& l) {
    s.value(l.epoch), s.value(l.directoryOffset), s.value(l.directoryBytes), s.value(l.directoryChecksum),
        s.value(l.tail);
}

template <class Stream, class P>
void placeFields(Stream& s, P& p) {
    s.value(p.offset), s.value(p.bytes), s.value(p.checksum);
}

template <class Stream, class C>
void cameraFields(Stream& s, C& c) {
    vectorFields(s, c.position);
    s.value(c.worldFromCamera.w);
    vectorFields(s, c.worldFromCamera);
    s.value(c.focal_px), s.value(c.cx_px), s.value(c.cy_px), s.value(c.width), s.value(c.height);
}

// Without parent and blobs.
template <class Stream, class R>
void recordFields(Stream& s, R& r) {
    s.value(r.id);
    cameraFields(s, r.lens);
    cameraFields(s, r.approach);
    s.value(r.surfelCount), s.value(r.footprintMin), s.value(r.footprintMax);
    vectorFields(s, r.low);
    vectorFields(s, r.high);
    s.text(r.metadata);
}

template <class Stream, class H>
void headerFields(Stream& s, H& h) {
    s.value(h.key.level), s.value(h.key.sky), s.value(h.key.depth);
    vectorFields(s, h.key);
    s.value(h.key.part);
    vectorFields(s, h.origin);
    s.value(h.unit), s.value(h.octaveBase), s.value(h.count);
    vectorFields(s, h.low);
    vectorFields(s, h.high);
    s.value(h.maxExtent);
    vectorFields(s, h.normalAxis);
    s.value(h.normalCosine);
    s.value(h.nowMin), s.value(h.nowMax), s.value(h.priorMin), s.value(h.priorMax);
}

void putLevel(Put& put, const StoredLevel& level) {
    recordFields(put, *level.record);
    put.value(level.record->parent.has_value());
    put.value(level.record->parent.value_or(0));
    put.value(static_cast<uint32_t>(level.blobs.size()));
    for (const StoredBlob& blob : level.blobs) {
        put.text(blob.name);
        placeFields(put, blob.place);
    }
}

StoredLevel getLevel(Get& get) {
    StoredLevel level;
    auto record = std::make_shared<LevelRecord>();
    recordFields(get, *record);
    bool hasParent;
    LevelId parent;
    get.value(hasParent), get.value(parent);
    if (hasParent) record->parent = parent;
    uint32_t count;
    get.value(count);
    for (uint32_t i = 0; i < count; ++i) {
        StoredBlob blob;
        get.text(blob.name);
        placeFields(get, blob.place);
        record->blobs.push_back(blob.name);
        level.blobs.push_back(std::move(blob));
    }
    level.record = std::move(record);
    return level;
}

void putPage(Put& put, const StoredPage& page) {
    headerFields(put, page.header);
    placeFields(put, page.place);
    put.value(static_cast<uint32_t>(page.covers.size()));
    for (const StoredCover& cover : page.covers) {
        const uint8_t bits = (cover.sibling ? kCoverSibling : 0) | (cover.hasWeight ? kCoverWeight : 0) |
                             (cover.hasColor ? kCoverColor : 0);
        put.value(cover.child), put.value(bits), put.value(cover.weightMin), put.value(cover.nextMax);
        placeFields(put, cover.place);
    }
}

StoredPage getPage(Get& get) {
    StoredPage page;
    headerFields(get, page.header);
    placeFields(get, page.place);
    page.header.checksum = page.place.checksum;
    uint32_t count;
    get.value(count);
    for (uint32_t i = 0; i < count; ++i) {
        StoredCover cover;
        uint8_t bits;
        get.value(cover.child), get.value(bits), get.value(cover.weightMin), get.value(cover.nextMax);
        placeFields(get, cover.place);
        cover.sibling = bits & kCoverSibling;
        cover.hasWeight = bits & kCoverWeight;
        cover.hasColor = bits & kCoverColor;
        if (cover.place.bytes != coverPayloadBytes(page.header, cover))
            throw WorldError("a cover's size does not fit its page");
        page.covers.push_back(cover);
    }
    if (page.place.bytes != pagePayloadBytes(page.header)) throw WorldError("a page's size does not fit its header");
    return page;
}

}  // namespace

std::vector<uint8_t> encodeDirectory(const Directory& directory) {
    ByteWriter writer;
    Put put{writer};
    locatorFields(put, directory.previous);
    put.value(directory.epoch);
    put.value(static_cast<uint32_t>(directory.levels.size()));
    for (const StoredLevel& level : directory.levels) putLevel(put, level);
    put.value(static_cast<uint32_t>(directory.pages.size()));
    for (const StoredPage& page : directory.pages) putPage(put, page);
    return writer.bytes();
}

Directory decodeDirectory(std::span<const uint8_t> bytes) {
    ByteReader reader(bytes);
    Get get{reader};
    Directory directory;
    locatorFields(get, directory.previous);
    get.value(directory.epoch);
    uint32_t count;
    get.value(count);
    for (uint32_t i = 0; i < count; ++i) {
        directory.levels.push_back(getLevel(get));
        const LevelRecord& record = *directory.levels.back().record;
        if (record.id != i || (record.parent && *record.parent >= i)) throw WorldError("levels are out of order");
    }
    get.value(count);
    for (uint32_t i = 0; i < count; ++i) {
        directory.pages.push_back(getPage(get));
        if (directory.pages.back().header.key.level >= directory.levels.size())
            throw WorldError("a page belongs to no level");
    }
    if (reader.left() != 0) throw WorldError("bytes are left over");
    return directory;
}

uint64_t pagePayloadBytes(const PageHeader& header) {
    const uint64_t clusters = (uint64_t(header.count) + kSurfelsPerCluster - 1) / kSurfelsPerCluster;
    return uint64_t(header.count) * sizeof(Surfel) + clusters * sizeof(Cluster);
}

uint64_t coverPayloadBytes(const PageHeader& header, const StoredCover& cover) {
    return uint64_t(header.count) * ((cover.hasWeight ? 3 : 0) + (cover.hasColor ? 3 : 0));
}

std::string nameOf(const PageKey& key) {
    return "level " + std::to_string(key.level) + (key.sky ? ", sky" : "") + ", cell (" + std::to_string(key.x) + ", " +
           std::to_string(key.y) + ", " + std::to_string(key.z) + ") at depth " + std::to_string(key.depth) +
           (key.part > 0 ? ", part " + std::to_string(key.part) : "");
}

}  // namespace wz
