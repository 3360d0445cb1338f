// SPDX-License-Identifier: Apache-2.0
// What a CUDA rasteriser and the frames it handed out share. Frames may outlive the rasteriser; one lock guards it all.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cuda/cuda_rasterizer.h"
#include "cuda/device_scope.h"
#include "cuda/frame_slot.h"
#include "cuda/gpu_lane.h"
#include "cuda/images.h"
#include "cuda/memory/image_pool.h"
#include "cuda/memory/page_pool.h"

namespace wz {

inline constexpr size_t kFramesUnderWay = 4;

class CudaCore : public std::enable_shared_from_this<CudaCore> {
public:
    // Streams and events belong to the device that is current when they are made and unmade.
    static std::shared_ptr<CudaCore> make(const CudaOptions& options);
    ~CudaCore();

    std::shared_ptr<DeviceFrame> render(const DrawList& list, const Camera& camera, const RenderSettings& settings);
    DeviceMemory memory() const;
    std::vector<std::string> takeNotes();

    // For frames. `slot` is where a frame was drawn.
    bool waitFor(FrameRecord& record, size_t slot);
    void letWait(const FrameRecord& record, size_t slot, cudaStream_t stream);
    void read(const ImageLayout& layout, const char* images, Frame& frame);
    std::shared_ptr<void> copyOf(const ImagePlace& place, const char* images, bool toHost);
    // Takes a block of images back, to be drawn into again when it fits.
    void giveBack(DeviceArray<char>&& images, bool apart) noexcept;
    cudaStream_t stream() const { return stream_.get(); }
    int device() const { return options_.device; }
    std::mutex& mutex() { return mutex_; }
    void countRedraw() { ++redraws_; }
    const CudaOptions& options() const { return options_; }

private:
    // What a frame is drawn from and into.
    struct Drawing {
        const FrameHead* head;  // in device memory
        uint32_t slots, tiles;
        bool detail;
    };
    explicit CudaCore(const CudaOptions& options);
    Drawing send(FrameSlot& slot, const Camera& camera, const RenderSettings& settings, const FrameArrays& images);
    void draw(FrameSlot& slot, const Drawing& drawing);
    void abandonFrame() noexcept;
    bool buildList(const DrawList& list, const Camera& camera, const RenderSettings& settings);
    void harvest(FrameSlot& slot, bool wait);

    const CudaOptions options_;
    mutable std::mutex mutex_;
    Stream stream_;
    PagePool pool_;
    Scratch scratch_;
    FrameList list_;
    std::array<FrameSlot, kFramesUnderWay> slots_;
    uint64_t frame_ = 0;
    cudaEvent_t lastDrawn_ = nullptr;  // ends the kernels put on the stream so far
    std::array<bool, 4> warm_{};  // by detail and wide: its kernels were started once outside a graph
    PinnedArray<char> readback_;
    ImagePool images_;
    GpuLane lane_;
    bool graphs_;  // frames are started as graphs
    std::vector<std::string> notes_;
    uint64_t redraws_ = 0;
};

}  // namespace wz
