// SPDX-License-Identifier: Apache-2.0
// The page pool on the emulated runtime: what stays, what goes, and when it grows.
#include <cstring>

#include "cuda/memory/page_pool.h"
#include "cuda_case.h"

using namespace wz;
using namespace wz::test;

namespace {

constexpr size_t kItem = 64 << 10;

// An owner with bytes of its own; what the pool holds for it can be told from all others.
struct Owned {
    std::shared_ptr<const void> owner;
    std::vector<char> bytes;

    explicit Owned(int number) : owner(std::make_shared<int>(number)), bytes(kItem, static_cast<char>(number)) {}
};

class Frames {
public:
    explicit Frames(PagePool& pool) : pool_(pool) {}

    // Draws these in a frame of its own: they all have their place, with their bytes.
    void draw(const std::vector<const Owned*>& items) {
        ++frame_;
        while (!placed(items)) pool_.grow();
        pool_.finishUploads(stream_.get());
        WZ_CUDA("test", cudaStreamSynchronize(stream_.get()));
        for (size_t i = 0; i < items.size(); ++i)
            CHECK(std::memcmp(at_[i], items[i]->bytes.data(), items[i]->bytes.size()) == 0);
        WZ_CUDA("test", cudaEventRecord(drawn_.get(), stream_.get()));
    }
    void skip(uint64_t frames) { frame_ += frames; }

private:
    bool placed(const std::vector<const Owned*>& items) {
        pool_.beginFrame(frame_, drawn_.get());
        at_.assign(items.size(), nullptr);
        for (size_t i = 0; i < items.size(); ++i)
            if (!pool_.place(items[i]->owner, {{items[i]->bytes.data(), items[i]->bytes.size()}}, at_[i])) return false;
        return true;
    }

    PagePool& pool_;
    Stream stream_;
    Event drawn_;
    uint64_t frame_ = 0;
    std::vector<char*> at_;
};

std::vector<Owned> someItems(int count) {
    std::vector<Owned> items;
    for (int i = 0; i < count; ++i) items.emplace_back(i + 1);
    return items;
}

}  // namespace

TEST_CASE("the pool grows before it drops what was drawn a moment ago, and keeps what it holds") {
    const EmulatedGpu emulated;
    PagePool pool(4 * kItem, size_t(1) << 28);
    Frames frames(pool);
    const auto items = someItems(8);
    for (int round = 0; round < 20; ++round)  // two views in turn, each of which fits on its own
        for (size_t view : {0, 4}) frames.draw({&items[view], &items[view + 1], &items[view + 2], &items[view + 3]});
    const PoolStats stats = pool.stats();
    CHECK(stats.growths == 1);
    CHECK(stats.uploads == 8);  // nothing was sent again
    CHECK(stats.evictions == 0);
    CHECK(stats.takenBytes == 8 * kItem);
}

TEST_CASE("what nobody owns or nobody drew for long makes room before the pool grows") {
    const EmulatedGpu emulated;
    PagePool pool(4 * kItem, size_t(1) << 28);
    Frames frames(pool);
    auto items = someItems(8);
    frames.draw({&items[0], &items[1], &items[2], &items[3]});
    items[1].owner.reset();  // lets two go
    items[2].owner.reset();
    frames.draw({&items[4], &items[5]});
    CHECK(pool.stats().evictions == 2);
    frames.draw({&items[3], &items[4], &items[5]});
    frames.skip(PagePool::kKeptFrames);
    frames.draw({&items[6], &items[3]});  // in place of 0, the one drawn longest ago
    CHECK(pool.stats().evictions == 3);
    frames.draw({&items[3], &items[6], &items[4], &items[5]});
    CHECK(pool.stats().growths == 0);
    CHECK(pool.stats().uploads == 7);
}

TEST_CASE(
    "where the pool cannot grow it drops what was drawn longest ago, and says so only when one view does not fit") {
    const EmulatedGpu emulated;
    const auto items = someItems(9);
    for (const bool byLimit : {true, false}) {
        if (!byLimit) emulated::device.memoryBytes = emulated::device.usedBytes + 6 * kItem;
        PagePool pool(4 * kItem, byLimit ? 4 * kItem : size_t(1) << 28);
        Frames frames(pool);
        for (int round = 0; round < 5; ++round)
            for (size_t view : {0, 4})
                frames.draw({&items[view], &items[view + 1], &items[view + 2], &items[view + 3]});
        CHECK(pool.stats().growths == 0);
        CHECK(pool.stats().bytes == 4 * kItem);
        CHECK_THROWS_AS(frames.draw({&items[0], &items[1], &items[2], &items[3], &items[4]}), DeviceError);
        frames.draw({&items[5], &items[6], &items[7], &items[8]});
        CHECK(pool.stats().takenBytes == 4 * kItem);
        emulated::device.memoryBytes = size_t(1) << 30;
        if (!byLimit) frames.draw({&items[0], &items[1], &items[2], &items[3], &items[4]});
        CHECK(pool.stats().growths == (byLimit ? 0 : 1));
    }
}

TEST_CASE("an upload that fails leaves no part of the slab taken") {
    const EmulatedGpu emulated;
    PagePool pool(4 * kItem, 4 * kItem);
    const auto items = someItems(2);
    Frames frames(pool);
    frames.draw({&items[0]});
    emulated::device.failing = "cudaMemcpyAsync";
    emulated::device.calls = 0;
    emulated::device.failAt = 1;
    CHECK_THROWS_AS(frames.draw({&items[0], &items[1]}), DeviceError);
    emulated::device.failAt = 0;
    CHECK(pool.stats().takenBytes == kItem);
    frames.draw({&items[0], &items[1]});
    CHECK(pool.stats().takenBytes == 2 * kItem);
}

TEST_CASE("a frame's own arrays go with the next frame") {
    const EmulatedGpu emulated;
    PagePool pool(4 * kItem, 4 * kItem);
    Frames frames(pool);
    auto items = someItems(40);
    for (Owned& item : items) item.owner = nullptr;
    for (size_t i = 0; i + 2 < items.size(); i += 2) {
        frames.draw({&items[i], &items[i + 1], &items[i + 2]});
        CHECK(pool.stats().takenBytes == 3 * kItem);
    }
    CHECK(pool.stats().evictions == 0);
}
