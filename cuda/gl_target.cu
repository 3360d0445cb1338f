// SPDX-License-Identifier: Apache-2.0
// Frames into OpenGL textures without a way over the host. The driver's side of it is found by the CUDA runtime when it is
// first used: neither OpenGL's headers nor its library are needed to build or to load this.
#include "cuda/gl_target.h"

#include <cstring>
#include <string>

#include "cuda/passes/passes.h"

// As cuda_gl_interop.h declares it, with OpenGL's GLuint and GLenum spelled out.
extern "C" cudaError_t CUDARTAPI cudaGraphicsGLRegisterImage(struct cudaGraphicsResource** resource, unsigned int image,
                                                             unsigned int target, unsigned int flags);

namespace wz {
namespace {

constexpr unsigned int kTexture2d = 0x0DE1;  // GL_TEXTURE_2D

class GlTarget final : public TextureTarget {
public:
    GlTarget(std::shared_ptr<CudaCore> core, uint32_t texture, int32_t width, int32_t height, bool bottomUp)
        : core_(std::move(core)),
          width_(width),
          height_(height),
          bottomUp_(bottomUp),
          picture_(static_cast<size_t>(width) * static_cast<size_t>(height)) {
        note(cudaGraphicsGLRegisterImage(&resource_, texture, kTexture2d, cudaGraphicsRegisterFlagsWriteDiscard),
             "cudaGraphicsGLRegisterImage");
    }
    ~GlTarget() override {
        const DeviceScope scope(core_->device(), std::nothrow);
        if (resource_) cudaGraphicsUnregisterResource(resource_);
        cudaGetLastError();
        picture_ = {};
        pinned_ = {};
    }

    bool draw(DeviceFrame& frame, std::vector<uint8_t>& pixels) override {
        const DeviceImage color = frame.image(kOutputColor);
        if (color.data == 0) throw InputError("a frame that goes to a texture must have the output color");
        if (color.width != width_ || color.height != height_)
            throw InputError("the texture is " + std::to_string(width_) + " x " + std::to_string(height_) +
                             " px, the frame " + std::to_string(color.width) + " x " + std::to_string(color.height));
        awaitFrame(frame);
        const std::lock_guard lock(core_->mutex());
        const DeviceScope scope(core_->device());
        runPresent(reinterpret_cast<const float*>(color.data), picture_.data(), width_, height_, bottomUp_,
                   core_->stream());
        if (words_.empty() && toTexture()) return true;
        readBack(pixels);
        return false;
    }

    std::string whyNot() const override { return words_; }

private:
    // Frames of this engine are drawn on the stream that presents them. Another's must be waited for, and must not be drawn into
    // again meanwhile.
    void awaitFrame(DeviceFrame& frame) {
        const auto stream = reinterpret_cast<uintptr_t>(core_->stream());
        if (frame.device() != core_->device())
            throw InputError("the frame is on GPU " + std::to_string(frame.device()) +
                             ", the texture's engine on GPU " + std::to_string(core_->device()));
        if (frame.stream() == stream) return;
        frame.keepApart();
        frame.waitOn(stream);
    }

    // Remembers why textures cannot be drawn into; from then on pictures are read back.
    bool note(cudaError_t error, const char* call) {
        if (error == cudaSuccess) return true;
        words_ = std::string(call) + ": " + cudaGetErrorString(error);
        cudaGetLastError();
        return false;
    }

    bool toTexture() {
        const cudaStream_t stream = core_->stream();
        if (!note(cudaGraphicsMapResources(1, &resource_, stream), "cudaGraphicsMapResources")) return false;
        cudaArray_t array = nullptr;
        const size_t row = static_cast<size_t>(width_) * 4;
        const bool copied =
            note(cudaGraphicsSubResourceGetMappedArray(&array, resource_, 0, 0),
                 "cudaGraphicsSubResourceGetMappedArray") &&
            note(cudaMemcpy2DToArrayAsync(array, 0, 0, picture_.data(), row, row, static_cast<size_t>(height_),
                                          cudaMemcpyDeviceToDevice, stream),
                 "cudaMemcpy2DToArrayAsync");
        // Unmapping puts what OpenGL does from now on behind the copy.
        return note(cudaGraphicsUnmapResources(1, &resource_, stream), "cudaGraphicsUnmapResources") && copied;
    }

    void readBack(std::vector<uint8_t>& pixels) {
        const size_t bytes = picture_.size() * 4;
        if (pinned_.size() < bytes) pinned_ = PinnedArray<char>(bytes);
        WZ_CUDA("present",
                cudaMemcpyAsync(pinned_.data(), picture_.data(), bytes, cudaMemcpyDeviceToHost, core_->stream()));
        WZ_CUDA("present", cudaStreamSynchronize(core_->stream()));
        pixels.resize(bytes);
        std::memcpy(pixels.data(), pinned_.data(), bytes);
    }

    std::shared_ptr<CudaCore> core_;
    int32_t width_, height_;
    bool bottomUp_;
    DeviceArray<uint32_t> picture_;
    PinnedArray<char> pinned_;
    cudaGraphicsResource_t resource_ = nullptr;
    std::string words_;
};

}  // namespace

std::unique_ptr<TextureTarget> makeGlTarget(std::shared_ptr<CudaCore> core, uint32_t texture, int32_t width,
                                            int32_t height, bool bottomUp) {
    if (width < 1 || height < 1 || width > kLargestSide_px || height > kLargestSide_px)
        throw InputError("a texture's sides must be in 1.." + std::to_string(kLargestSide_px) + " px, got " +
                         std::to_string(width) + " x " + std::to_string(height));
    const std::lock_guard lock(core->mutex());
    const DeviceScope scope(core->device());
    return std::make_unique<GlTarget>(core, texture, width, height, bottomUp);
}

}  // namespace wz
