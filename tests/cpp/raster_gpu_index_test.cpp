// SPDX-License-Identifier: Apache-2.0
// The arithmetic of tile entries, and what keeps account of device memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "cuda/memory/high_water.h"
#include "cuda/memory/slab.h"
#include "raster/passes/bin_body.h"
#include "raster/passes/present_body.h"

using namespace wz;

TEST_CASE("a surfel's entries are the tiles that its rectangle meets, each with the blocks that it meets") {
    std::mt19937 rng(1);
    const TileGrid grid = gpuGridOf(67, 43);
    for (int round = 0; round < 500; ++round) {
        const auto side = [&](int limit) {
            const auto a = static_cast<uint16_t>(rng() % static_cast<uint32_t>(limit));
            return std::pair(a, static_cast<uint16_t>(a + 1 + rng() % static_cast<uint32_t>(limit - a)));
        };
        const auto [x0, x1] = side(67);
        const auto [y0, y1] = side(43);
        const PixelRect rect{x0, y0, x1, y1};
        std::vector<uint32_t> blocks(static_cast<size_t>(grid.columns * grid.rows), 0);
        for (int y = y0; y < y1; ++y)
            for (int x = x0; x < x1; ++x)
                blocks[static_cast<size_t>(y / 8 * grid.columns + x / 8)] |= 1u << (y % 8 / 4 * 2 + x % 8 / 4);
        const uint32_t count = tileCountOf(rect), slot = rng() & kSlotMask;
        const auto met = std::count_if(blocks.begin(), blocks.end(), [](uint32_t b) { return b != 0; });
        CHECK(count == static_cast<uint32_t>(met));
        for (uint32_t k = 0; k < count; ++k) {
            const TileEntry e = entryOf(rect, slot, k, grid.columns);
            REQUIRE(e.tile < blocks.size());
            CHECK((e.entry & kSlotMask) == slot);
            CHECK((e.entry >> kBlockBits) == blocks[e.tile]);
            blocks[e.tile] = 0;  // no tile twice
        }
    }
}

TEST_CASE("the source of an entry is the surfel whose range of entries holds it") {
    std::mt19937 rng(2);
    std::vector<uint32_t> offsets, owner;
    for (uint32_t i = 0; i < 700; ++i) {
        offsets.push_back(static_cast<uint32_t>(owner.size()));
        owner.insert(owner.end(), 1 + rng() % (i % 97 == 0 ? 900 : 5), i);
    }
    for (uint32_t e = 0; e < owner.size(); ++e)
        CHECK(sourceOf(offsets.data(), static_cast<uint32_t>(offsets.size()), e) == owner[e]);
}

TEST_CASE("sums that pass 2^32 stay at the largest number, in any order") {
    const SaturatingAdd add;
    CHECK(add(0xfffffff0u, 0xfu) == 0xffffffffu);
    CHECK(add(0xfffffff0u, 0x10u) == 0xffffffffu);
    CHECK(add(0xffffffffu, 0xffffffffu) == 0xffffffffu);
    CHECK(add(add(0x80000000u, 0x7fffffffu), 5) == add(0x80000000u, add(0x7fffffffu, 5)));
    CHECK(add(2, 3) == 5);
}

TEST_CASE("waves cover a long list once, each but the last full") {
    for (uint32_t length : {0u, 1u, kLongList, kLongList + 1, 5 * kWaveEntries, 70001u}) {
        const EntrySpan tile{17, 17 + length};
        const uint32_t waves = wavesOf(length);
        CHECK((waves == 0) == (length <= kLongList));
        uint32_t at = tile.begin;
        for (uint32_t w = 0; w < waves; ++w) {
            const EntrySpan span = waveSpan(tile, w);
            CHECK(span.begin == at);
            CHECK(span.end > span.begin);
            CHECK(span.end - span.begin <= kWaveEntries);
            at = span.end;
        }
        if (waves > 0) CHECK(at == tile.end);
    }
}

TEST_CASE("a slab never hands out a byte twice, and is whole again when all is given back") {
    std::mt19937 rng(3);
    Slab slab(1 << 20);
    struct Part {
        size_t offset, bytes;
    };
    std::vector<Part> parts;
    for (int round = 0; round < 4000; ++round) {
        if (rng() % 2 == 0 || parts.empty()) {
            const size_t bytes = 1 + rng() % 30000;
            const auto offset = slab.take(bytes);
            if (!offset) continue;
            REQUIRE(*offset + bytes <= slab.size());
            for (const Part& p : parts) REQUIRE((*offset + bytes <= p.offset || p.offset + p.bytes <= *offset));
            parts.push_back({*offset, bytes});
        } else {
            std::swap(parts[rng() % parts.size()], parts.back());
            slab.give(parts.back().offset, parts.back().bytes);
            parts.pop_back();
        }
    }
    for (const Part& p : parts) slab.give(p.offset, p.bytes);
    CHECK(slab.taken() == 0);
    CHECK(slab.take(slab.size()).has_value());
    CHECK(!slab.take(1).has_value());
}

TEST_CASE("a slab that is made larger keeps what was taken and joins the new room to its last hole") {
    Slab slab(1 << 12);
    const size_t first = *slab.take(1 << 10);
    CHECK(!slab.take(1 << 12));
    slab.extend(1 << 13);
    CHECK(slab.size() == 1 << 13);
    CHECK(slab.taken() == 1 << 10);
    const auto rest = slab.take((1 << 13) - (1 << 10));
    REQUIRE(rest);
    CHECK(*rest == first + (1 << 10));
    CHECK(!slab.take(1));
    slab.extend(100);  // smaller: nothing
    CHECK(slab.size() == 1 << 13);
}

TEST_CASE("a high-water mark grows at once and shrinks only after long disuse") {
    HighWater mark(100);
    CHECK(mark.reserve(1000));
    CHECK(mark.capacity() >= 1250);
    const uint64_t high = mark.capacity();
    CHECK(!mark.saw(1000));
    CHECK(mark.saw(5000));
    CHECK(mark.capacity() >= 5000);
    for (uint32_t i = 0; i + 1 < HighWater::kPatience; ++i) CHECK(!mark.saw(900));
    CHECK(mark.saw(900));
    CHECK(mark.capacity() <= high + high / 4);
    CHECK(mark.capacity() >= 900);
    for (uint32_t i = 0; i < 3 * HighWater::kPatience; ++i) CHECK(!mark.saw(900));
    for (uint64_t needed = 1; needed < 3000; needed += 7) {  // never much more than a quarter beyond what is needed
        for (uint32_t i = 0; i < 3 * HighWater::kPatience; ++i) mark.saw(needed);
        CHECK(mark.capacity() < needed * 4 / 3 + 200);
        CHECK(mark.capacity() >= needed);
    }
}

TEST_CASE("what grows slowly finds room before it is needed, and what stays as it is does not grow") {
    HighWater mark(100);
    uint64_t growths = 0;
    mark.reserve(10000);
    for (uint64_t needed = 10000; needed < 100000; needed += needed / 50) {
        CHECK(needed <= mark.capacity());
        mark.saw(needed);
        growths += mark.foresee(needed) ? 1 : 0;
    }
    CHECK(growths > 5);
    CHECK(growths < 20);
    for (uint32_t i = 0; i < 3 * HighWater::kPatience; ++i) mark.saw(90000);
    const uint64_t last = mark.capacity();
    for (uint32_t i = 0; i < 3 * HighWater::kPatience; ++i) {
        CHECK(!mark.saw(90000));
        CHECK(!mark.foresee(90000));
    }
    CHECK(mark.capacity() == last);
}

TEST_CASE("a colour becomes bytes in the order red, green, blue, opaque") {
    const float color[] = {1.0f, 0.5f, 0.0f}, bad[] = {NAN, -INFINITY, INFINITY};
    CHECK(packedColor(color) == 0xff0080ffu);
    CHECK(packedColor(bad) == 0xffff0000u);
}
