// SPDX-License-Identifier: Apache-2.0
// What a CUDA rasteriser and the frames it handed out share. Frames may outlive the rasteriser; one lock guards it all.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "cuda/cuda_rasterizer.h"
#include "cuda/frame_slot.h"
#include "cuda/images.h"
#include "cuda/memory/page_pool.h"

namespace wz {

inline constexpr size_t kFramesUnderWay = 4;

class CudaCore : public std::enable_shared_from_this<CudaCore> {
public:
    explicit CudaCore(const CudaOptions& options);
    ~CudaCore();

    std::shared_ptr<DeviceFrame> render(const DrawList& list, const Camera& camera, const RenderSettings& settings);
    DeviceMemory memory() const;

    // For frames. `slot` is where a frame was drawn.
    bool waitFor(FrameRecord& record, size_t slot);
    void letWait(const FrameRecord& record, size_t slot, cudaStream_t stream);
    void read(const ImageLayout& layout, const char* images, Frame& frame);
    // Takes a block of images back, to be drawn into again when it fits.
    void giveBack(DeviceArray<char> images, bool apart) noexcept;
    // Makes the core's device current in the calling thread.
    void use() const { WZ_CUDA("start", cudaSetDevice(options_.device)); }
    cudaStream_t stream() const { return stream_.get(); }
    int device() const { return options_.device; }
    std::mutex& mutex() { return mutex_; }
    void countRedraw() { ++redraws_; }
    const CudaOptions& options() const { return options_; }

private:
    bool buildList(const DrawList& list, const Camera& camera, const RenderSettings& settings);
    void harvest(FrameSlot& slot, bool wait);
    DeviceArray<char> takeImages(size_t bytes);

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
    std::vector<DeviceArray<char>> spareImages_;
    uint64_t imageBytes_ = 0, redraws_ = 0;
};

}  // namespace wz
