// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_core.h"

#include <algorithm>
#include <atomic>

#include "core/profiler.h"

namespace wz {
namespace {

size_t poolLimit(const CudaOptions& options) {
    size_t free = 0, total = 0;
    WZ_CUDA("start", cudaMemGetInfo(&free, &total));
    return static_cast<size_t>(options.poolShare * static_cast<double>(total));
}

template <class T>
PoolPart partOf(std::span<const T> span) {
    return {span.data(), span.size_bytes()};
}

size_t aligned16(size_t bytes) { return (bytes + 15) / 16 * 16; }

// Where the kernels find what a draw list points to; uploads what the pool has not got.
class PoolPlace {
public:
    explicit PoolPlace(PagePool& pool) : pool_(pool) {}
    bool full = false;

    const Surfel* surfels(const PageDraw& page) {
        const bool whole = page.owner && !page.page.empty();
        const char* at = place(page.owner, {partOf(whole ? page.page : page.surfels)});
        const size_t first = whole ? static_cast<size_t>(page.surfels.data() - page.page.data()) : 0;
        return reinterpret_cast<const Surfel*>(at) + first;
    }

    CoverArrays cover(const CoverDraw& c) {
        const char* at = place(c.owner, {partOf(c.weight), partOf(c.next), partOf(c.color)});
        const char* next = at + aligned16(c.weight.size_bytes());
        const char* color = next + aligned16(c.next.size_bytes());
        return {c.weight.empty() ? nullptr : reinterpret_cast<const uint8_t*>(at),
                c.next.empty() ? nullptr : reinterpret_cast<const uint16_t*>(next),
                c.color.empty() ? nullptr : reinterpret_cast<const int8_t*>(color), c.readiness, c.sibling};
    }

    template <class T>
    const T* array(std::span<const T> span) {
        return reinterpret_cast<const T*>(place(nullptr, std::vector<PoolPart>{partOf(span)}));
    }

private:
    const char* place(const std::shared_ptr<const void>& owner, const std::vector<PoolPart>& parts) {
        char* at = nullptr;
        if (!full) full = !pool_.place(owner, parts, at);
        return at;
    }

    PagePool& pool_;
};

// A frame in device memory.
class CudaFrame final : public DeviceFrame {
public:
    CudaFrame(std::shared_ptr<CudaCore> core, std::shared_ptr<FrameRecord> record, size_t slot, ImageLayout layout,
              DeviceArray<char> images)
        : core_(std::move(core)),
          record_(std::move(record)),
          slot_(slot),
          layout_(layout),
          images_(std::move(images)) {}
    ~CudaFrame() override { core_->giveBack(std::move(images_), apart_); }

    DeviceImage image(uint32_t output) const override {
        for (uint32_t i = 0; i < kOutputCount; ++i) {
            const ImagePlace& place = layout_.places[i];
            if (output != 1u << i || place.bytes == 0) continue;
            return {reinterpret_cast<uintptr_t>(images_.data() + place.offset), layout_.height, layout_.width,
                    place.channels, place.isId};
        }
        return {};
    }
    int device() const override { return core_->device(); }
    uintptr_t stream() const override { return reinterpret_cast<uintptr_t>(core_->stream()); }
    bool wait() override { return core_->waitFor(*record_, slot_); }
    void waitOn(uintptr_t stream) override { core_->letWait(*record_, slot_, reinterpret_cast<cudaStream_t>(stream)); }
    RenderStats stats() override {
        wait();
        return record_->stats();
    }
    void read(Frame& frame) override {
        wait();
        core_->read(layout_, images_.data(), frame);
    }
    std::shared_ptr<void> copyOf(uint32_t output, bool toHost) override {
        wait();
        for (uint32_t i = 0; i < kOutputCount; ++i)
            if (output == 1u << i && layout_.places[i].bytes > 0)
                return core_->copyOf(layout_.places[i], images_.data(), toHost);
        throw InputError("an image that was not asked for cannot be copied");
    }
    void keepApart() override { apart_ = true; }

private:
    std::shared_ptr<CudaCore> core_;
    std::shared_ptr<FrameRecord> record_;
    size_t slot_;
    ImageLayout layout_;
    DeviceArray<char> images_;
    std::atomic<bool> apart_{false};
};

}  // namespace

CudaCore::CudaCore(const CudaOptions& options)
    : options_(options),
      pool_(std::min(options.poolBytes, poolLimit(options)), poolLimit(options)),
      scratch_(options.scratchGrain),
      graphs_(options.useGraph) {}

std::shared_ptr<CudaCore> CudaCore::make(const CudaOptions& options) {
    const DeviceScope scope(options.device);
    return {new CudaCore(options), [](CudaCore* core) {
                const DeviceScope last(core->device(), std::nothrow);
                delete core;
            }};
}

CudaCore::~CudaCore() {
    cudaStreamSynchronize(pool_.copyStream());
    cudaStreamSynchronize(stream_.get());
}

void CudaCore::harvest(FrameSlot& slot, bool wait) {
    if (!slot.underWay() || !slot.finish(wait)) return;
    slot.show(lane_);
    scratch_.saw(slot.record()->counters);
}

bool CudaCore::buildList(const DrawList& list, const Camera& camera, const RenderSettings& settings) {
    pool_.beginFrame(frame_, lastDrawn_);
    PoolPlace place(pool_);
    list_.build(list, camera, settings, place);
    return !place.full;
}

void CudaCore::giveBack(DeviceArray<char>&& images, bool apart) noexcept {
    const std::lock_guard lock(mutex_);
    const DeviceScope scope(options_.device, std::nothrow);
    apart ? images_.drop(std::move(images)) : images_.give(std::move(images), frame_);
}

CudaCore::Drawing CudaCore::send(FrameSlot& slot, const Camera& camera, const RenderSettings& settings,
                                 const FrameArrays& images) {
    FrameHead head = list_.head(camera, settings);
    head.images = images;
    const FrameHead* sent = slot.sendList(head, list_, pool_.copyStream());
    pool_.finishUploads(stream_.get());
    return {sent, list_.slots(), head.tiles, (settings.outputs & kDetailOutputs) != 0};
}

void CudaCore::draw(FrameSlot& slot, const Drawing& d) {
    bool& warm = warm_[(d.detail ? 1u : 0u) + (hasWideTiles(d.tiles) ? 2u : 0u)];
    const GraphKey key{scratch_.version(), d.tiles, scratch_.sortedCount(d.slots), d.head, d.detail};
    std::string why;
    if (graphs_ && warm) {
        if (slot.drawByGraph(scratch_, d.head, key, stream_.get(), why)) return;
        graphs_ = false;
        notes_.push_back("frames are started pass by pass from now on, since no CUDA graph can be made: " + why);
    }
    slot.draw(scratch_, d.head, key, stream_.get());
    warm = true;
}

// A frame that could not be put on the stream whole: what was started of it may not run on, since nothing waits for it.
void CudaCore::abandonFrame() noexcept {
    cudaStreamSynchronize(pool_.copyStream());
    cudaStreamSynchronize(stream_.get());
    cudaGetLastError();
}

std::shared_ptr<DeviceFrame> CudaCore::render(const DrawList& list, const Camera& camera,
                                              const RenderSettings& settings) {
    const std::lock_guard lock(mutex_);
    const DeviceScope scope(options_.device);
    const uint64_t uploadedBefore = pool_.stats().uploadedBytes;
    ++frame_;
    const size_t at = frame_ % kFramesUnderWay;
    FrameSlot& slot = slots_[at];
    harvest(slot, true);  // no more frames under way than slots
    for (FrameSlot& other : slots_) harvest(other, false);
    while (!buildList(list, camera, settings)) pool_.grow();

    const ImageLayout layout = imageLayoutOf(camera.width, camera.height, settings.outputs);
    const uint32_t tiles = list_.head(camera, settings).tiles;
    const bool detail = (settings.outputs & kDetailOutputs) != 0;
    scratch_.reserve({list_.slots(), list_.blocks(), tiles, detail}, stream_.get());
    auto anchor = lane_.anchor();
    auto record = std::make_shared<FrameRecord>();
    DeviceArray<char> images = images_.take(std::max<size_t>(layout.bytes, 256), frame_);
    try {
        draw(slot, send(slot, camera, settings, frameArraysOf(layout, images.data())));
        if (settings.tileStats) slot.fetchTiles(scratch_, gpuGridOf(camera.width, camera.height), stream_.get());
        slot.end(stream_.get());
    } catch (...) {
        abandonFrame();
        images_.give(std::move(images), frame_);
        throw;
    }
    record->tested = list_.tested();
    record->uploadedBytes = pool_.stats().uploadedBytes - uploadedBefore;
    WZ_COUNTER("bytes uploaded", record->uploadedBytes);
    slot.begin(record, std::move(anchor));
    lastDrawn_ = slot.done();
    return std::make_shared<CudaFrame>(shared_from_this(), std::move(record), at, layout, std::move(images));
}

bool CudaCore::waitFor(FrameRecord& record, size_t slot) {
    const std::lock_guard lock(mutex_);
    const DeviceScope scope(options_.device);
    if (!record.finished) harvest(slots_[slot], true);
    return !record.overflowed;
}

void CudaCore::letWait(const FrameRecord& record, size_t slot, cudaStream_t stream) {
    const std::lock_guard lock(mutex_);
    const DeviceScope scope(options_.device);
    if (!record.finished) WZ_CUDA("frame", cudaStreamWaitEvent(stream, slots_[slot].done()));
}

void CudaCore::read(const ImageLayout& layout, const char* images, Frame& frame) {
    const std::lock_guard lock(mutex_);
    const DeviceScope scope(options_.device);
    if (readback_.size() < layout.bytes) {
        readback_ = {};
        readback_ = PinnedArray<char>(layout.bytes);
    }
    for (const ImagePlace& place : layout.places)  // what lies between them was never written
        if (place.bytes > 0)
            WZ_CUDA("read-back", cudaMemcpyAsync(readback_.data() + place.offset, images + place.offset, place.bytes,
                                                 cudaMemcpyDeviceToHost, stream_.get()));
    WZ_CUDA("read-back", cudaStreamSynchronize(stream_.get()));
    copyToFrame(layout, readback_.data(), frame);
}

std::shared_ptr<void> CudaCore::copyOf(const ImagePlace& place, const char* images, bool toHost) {
    const std::lock_guard lock(mutex_);
    const DeviceScope scope(options_.device);
    if (toHost) {
        PinnedArray<char> pinned(place.bytes);
        WZ_CUDA("read-back", cudaMemcpyAsync(pinned.data(), images + place.offset, place.bytes, cudaMemcpyDeviceToHost,
                                             stream_.get()));
        WZ_CUDA("read-back", cudaStreamSynchronize(stream_.get()));
        auto copy = std::make_shared<PinnedArray<char>>(std::move(pinned));
        return {copy, copy->data()};
    }
    struct Copy {
        std::shared_ptr<CudaCore> core;
        DeviceArray<char> image;
        ~Copy() {
            const DeviceScope scope(core->device(), std::nothrow);
            image = {};
        }
    };
    auto copy = std::make_shared<Copy>();
    copy->core = shared_from_this();
    copy->image = DeviceArray<char>(place.bytes);
    WZ_CUDA("copy", cudaMemcpyAsync(copy->image.data(), images + place.offset, place.bytes, cudaMemcpyDeviceToDevice,
                                    stream_.get()));
    WZ_CUDA("copy", cudaStreamSynchronize(stream_.get()));
    return {copy, copy->image.data()};
}

std::vector<std::string> CudaCore::takeNotes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
}

DeviceMemory CudaCore::memory() const {
    const std::lock_guard lock(mutex_);
    const PoolStats pool = pool_.stats();
    return {pool.bytes,   pool.takenBytes, scratch_.bytes(), images_.bytes(),    pool.uploadedBytes,
            pool.uploads, pool.evictions,  pool.growths,     scratch_.version(), redraws_};
}

}  // namespace wz
