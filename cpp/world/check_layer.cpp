// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>

#include "core/errors.h"
#include "world/paginate.h"

namespace wz {
namespace {

void checkLength(size_t got, size_t perSurfel, size_t count, const char* name) {
    if (got != perSurfel * count)
        throw InputError("layer of " + std::to_string(count) + " surfels: " + std::to_string(perSurfel * count) +
                         " values expected in " + name + ", " + std::to_string(got) + " came");
}

template <class T>
bool finite(const T* values, int count) {
    for (int k = 0; k < count; ++k)
        if (!std::isfinite(values[k])) return false;
    return true;
}

// What is wrong with surfel i; nullptr when nothing is.
const char* faultOf(const SurfelLayerView& layer, size_t i) {
    const double* p = &layer.positions[3 * i];
    const float* q = &layer.orientations[4 * i];
    if (!finite(p, 3)) return "a position that is not finite";
    if (layer.isSky[i] && !(p[0] * p[0] + p[1] * p[1] + p[2] * p[2] > 1e-12)) return "a sky direction of length zero";
    if (!finite(q, 4)) return "an orientation that is not finite";
    if (!(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3] > 1e-12f)) return "an orientation of length zero";
    for (int a = 0; a < 2; ++a)
        if (!(layer.extents[2 * i + a] > 0.0f && std::isfinite(layer.extents[2 * i + a])))
            return "an extent that is not positive and finite";
    if (!finite(&layer.colors[3 * i], 3)) return "a colour that is not finite";
    if (!(layer.opacities[i] >= 0.0f && layer.opacities[i] <= 1.0f)) return "an opacity outside 0..1";
    if (!(layer.mask[i] >= 0.0f && layer.mask[i] <= 1.0f)) return "a mask value outside 0..1";
    if (!(layer.now[i] >= 0x1p-900 && layer.now[i] <= 0x1p900))
        return "a footprint `now` that is not positive and finite";
    if (!(layer.prior[i] >= 0x1p-900)) return "a footprint `prior` that is not positive";
    return nullptr;
}

}  // namespace

void checkLayer(const SurfelLayerView& layer, ThreadPool& pool) {
    const size_t count = layer.size();
    if (count >= 0xffffffffu)
        throw InputError("layer: fewer than 2^32 - 1 surfels expected, " + std::to_string(count) + " came");
    checkLength(layer.positions.size(), 3, count, "positions");
    checkLength(layer.orientations.size(), 4, count, "orientations");
    checkLength(layer.extents.size(), 2, count, "extents");
    checkLength(layer.colors.size(), 3, count, "colors");
    checkLength(layer.now.size(), 1, count, "now");
    checkLength(layer.prior.size(), 1, count, "prior");
    checkLength(layer.mask.size(), 1, count, "mask");
    checkLength(layer.isSky.size(), 1, count, "is_sky");
    checkLength(layer.flags.size(), 1, count, "flags");

    constexpr size_t kChunk = 32768;
    std::mutex mutex;
    size_t firstBad = count;
    pool.forEach((count + kChunk - 1) / kChunk, 1, [&](size_t chunk, int) {
        for (size_t i = chunk * kChunk; i < std::min(count, (chunk + 1) * kChunk); ++i)
            if (faultOf(layer, i)) {
                std::lock_guard lock(mutex);
                firstBad = std::min(firstBad, i);
                return;
            }
    });
    if (firstBad < count)
        throw InputError("layer: surfel " + std::to_string(firstBad) + " has " + faultOf(layer, firstBad));
}

}  // namespace wz
