// SPDX-License-Identifier: Apache-2.0
// What a backend on a GPU offers besides: frames that stay in device memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "raster/rasterizer.h"

namespace wz {

// One image in device memory, row-major without gaps.
struct DeviceImage {
    uintptr_t data = 0;  // 0: was not asked for
    int32_t height = 0, width = 0, channels = 1;
    bool isId = false;  // 64-bit unsigned numbers, else 32-bit floats
};

// A frame that is being drawn, or was. Its memory lives as long as the object. Any thread may call it.
class DeviceFrame {
public:
    virtual ~DeviceFrame() = default;
    // `output` is one OutputBit. Whoever hands the address out calls keepApart() first.
    virtual DeviceImage image(uint32_t output) const = 0;
    virtual int device() const = 0;
    virtual uintptr_t stream() const = 0;  // cudaStream_t on which it is drawn
    // Waits until it is drawn. False when scratch memory did not suffice and something was left out: the next frame has
    // more.
    virtual bool wait() = 0;
    // Lets what is put on another stream from now on wait for the frame.
    virtual void waitOn(uintptr_t stream) = 0;
    virtual RenderStats stats() = 0;  // waits
    virtual void read(Frame& frame) = 0;  // waits, and copies all images
    // A copy of the image of one OutputBit that was asked for, in this device's memory or the host's, at the pointer's address. Waits.
    virtual std::shared_ptr<void> copyOf(uint32_t output, bool toHost) = 0;
    // The memory will be read by others, at times that the rasteriser does not know: it is never drawn into again.
    virtual void keepApart() = 0;
};

struct DeviceMemory {
    uint64_t poolBytes = 0, poolTakenBytes = 0, scratchBytes = 0, imageBytes = 0;
    uint64_t uploadedBytes = 0, uploads = 0, evictions = 0, poolGrowths = 0, scratchGrowths = 0, redraws = 0;
};

// A texture of a window's graphics library, RGBA with 8 bits a channel.
class TextureTarget {
public:
    virtual ~TextureTarget() = default;
    // Draws the frame's colours into the texture on the GPU: true. Where that cannot be done, `pixels` gets the picture's
    // bytes, 4 a pixel, first row at the top (or at the bottom, as the target was made), for the caller to upload.
    virtual bool draw(DeviceFrame& frame, std::vector<uint8_t>& pixels) = 0;
    // Empty while draw() goes to the texture; else why it does not.
    virtual std::string whyNot() const = 0;
};

class DeviceRasterizer : public Rasterizer {
public:
    // Returns as soon as everything is on its way. Frames are drawn in the order of the calls; at most four are under way.
    virtual std::shared_ptr<DeviceFrame> renderOnDevice(const DrawList& list, const Camera& camera,
                                                        const RenderSettings& settings) = 0;
    virtual DeviceMemory memory() const = 0;
    // What users should know and no frame says, each once: that frames are drawn in a slower way, and why.
    virtual std::vector<std::string> takeNotes() = 0;
    // texture: the name of an OpenGL 2D texture of this size; the graphics context must be current here and in every call.
    virtual std::unique_ptr<TextureTarget> makeTextureTarget(uint32_t texture, int32_t width, int32_t height,
                                                             bool bottomUp) = 0;
};

}  // namespace wz
