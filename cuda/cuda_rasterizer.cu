// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_rasterizer.h"

#include "cuda/cuda_core.h"
#include "cuda/gl_target.h"

namespace wz {
namespace {

constexpr uint32_t kMostRedraws = 4;

class CudaRasterizer final : public DeviceRasterizer {
public:
    explicit CudaRasterizer(const CudaOptions& options) : core_(CudaCore::make(options)) {}

    RenderStats render(const DrawList& list, const Camera& camera, const RenderSettings& settings,
                       Frame& frame) override {
        if (settings.compat != Compat::Native) {
            if (!cpu_) cpu_ = makeCpuRasterizer(0);
            return cpu_->render(list, camera, settings, frame);
        }
        for (uint32_t redraws = 0;; ++redraws) {
            const std::shared_ptr<DeviceFrame> drawn = core_->render(list, camera, settings);
            const bool complete = drawn->wait();
            RenderStats stats = drawn->stats();
            stats.redraws = redraws;
            if (!complete && redraws < kMostRedraws) {
                core_->countRedraw();
                continue;
            }
            if (!complete)
                throw DeviceError("a frame needs " + std::to_string(stats.tileEntries) +
                                  " tile entries or more, beyond what the GPU's memory is asked for; draw a smaller "
                                  "picture, or draw on the CPU");
            drawn->read(frame);
            return stats;
        }
    }

    std::shared_ptr<DeviceFrame> renderOnDevice(const DrawList& list, const Camera& camera,
                                                const RenderSettings& settings) override {
        if (settings.compat != Compat::Native)
            throw InputError("compatibility modes are drawn on the CPU: use render, not render_on_device");
        return core_->render(list, camera, settings);
    }

    DeviceMemory memory() const override { return core_->memory(); }
    std::vector<std::string> takeNotes() override { return core_->takeNotes(); }

    std::unique_ptr<TextureTarget> makeTextureTarget(uint32_t texture, int32_t width, int32_t height,
                                                     bool bottomUp) override {
        return makeGlTarget(core_, texture, width, height, bottomUp);
    }

private:
    std::shared_ptr<CudaCore> core_;
    std::unique_ptr<Rasterizer> cpu_;
};

}  // namespace

std::unique_ptr<DeviceRasterizer> makeCudaRasterizer(const CudaOptions& options) {
    return std::make_unique<CudaRasterizer>(options);
}

}  // namespace wz
