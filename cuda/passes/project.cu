// SPDX-License-Identifier: Apache-2.0
#include "cuda/passes/project.h"

#include <cmath>

#include "cuda/device_array.h"
#include "raster/frame_view.h"
#include "raster/passes/project_body.h"

namespace wz {
namespace {

constexpr unsigned kThreadsPerBlock = 128;

// Where a surfel's results go; one element a surfel.
struct ProjectTarget {
    Projected* state;
    SurfelRecord* records;
    SurfelExtra* extras;
    PixelRect* rects;
    uint32_t* keys;
};

__global__ void projectKernel(const __grid_constant__ PageRun run, const __grid_constant__ ProjectTarget out) {
    const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= run.count) return;
    const ProjectedLanes<float> o = projectOne(run, i);
    out.state[i] = o.general ? Projected::General : (o.drawn ? Projected::Drawn : Projected::Not);
    if (o.drawn || o.general)
        writeSurfel(run.params, run.page, o, run.firstId + i, out.records[i], out.rects[i], out.keys[i],
                    out.extras + i);
}

// The covers of a page in device memory, and the array of their pointers.
struct DeviceCovers {
    std::vector<DeviceArray<uint8_t>> weights;
    std::vector<DeviceArray<uint16_t>> nexts;
    std::vector<DeviceArray<int8_t>> colors;
    DeviceArray<CoverArrays> arrays;

    explicit DeviceCovers(const PageDraw& page) {
        const size_t first = page.firstIndex, count = page.surfels.size();
        std::vector<CoverArrays> host;
        for (const CoverDraw& c : page.covers) {
            weights.emplace_back(c.weight.empty() ? c.weight : c.weight.subspan(first, count));
            nexts.emplace_back(c.next.empty() ? c.next : c.next.subspan(first, count));
            colors.emplace_back(c.color.empty() ? c.color : c.color.subspan(3 * first, 3 * count));
            host.push_back({weights.back().data(), nexts.back().data(), colors.back().data(), c.readiness, c.sibling});
        }
        arrays = DeviceArray<CoverArrays>(std::span<const CoverArrays>(host));
    }
};

}  // namespace

ProjectedPage projectCuda(const PageDraw& page, const Camera& camera, const ProjectParams& params) {
    const size_t count = page.surfels.size();
    if (count == 0) return {};
    const DeviceArray<Surfel> surfels(page.surfels);
    const DeviceCovers covers(page);
    const CameraMap map = cameraMapOf(page, camera, params);
    PageRun run{};
    run.params = params;
    run.page = pageViewOf(page, camera, params);
    run.centres = {map.base, map.axes.r0, map.axes.r1, map.axes.r2, page.unit};
    run.octaveFootprint = std::exp2(page.octaveBase);
    run.firstId = (uint64_t(page.pageOrdinal) << 32) + page.firstIndex;
    run.surfels = surfels.data();
    run.covers = covers.arrays.data();
    run.coverCount = static_cast<uint32_t>(covers.arrays.size());
    run.count = static_cast<uint32_t>(count);
    const DeviceArray<Projected> state(count);
    const DeviceArray<SurfelRecord> records(count);
    const DeviceArray<SurfelExtra> extras(count);
    const DeviceArray<PixelRect> rects(count);
    const DeviceArray<uint32_t> keys(count);
    const unsigned blocks = (run.count + kThreadsPerBlock - 1) / kThreadsPerBlock;
    projectKernel<<<blocks, kThreadsPerBlock>>>(
        run, ProjectTarget{state.data(), records.data(), extras.data(), rects.data(), keys.data()});
    checkCuda(cudaGetLastError(), "starting the project pass");
    return {state.toHost(), records.toHost(), extras.toHost(), rects.toHost(), keys.toHost()};
}

}  // namespace wz
