// SPDX-License-Identifier: Apache-2.0
#include "cuda/images.h"

#include <cstring>

namespace wz {
namespace {

template <class T>
void copyImage(const ImagePlace& place, const char* base, Image<T>& image) {
    image.resize(place.bytes / sizeof(T));  // clears nothing
    if (place.bytes > 0) std::memcpy(image.data(), base + place.offset, place.bytes);
}

}  // namespace

ImageLayout imageLayoutOf(int32_t width, int32_t height, uint32_t outputs) {
    constexpr size_t kAlignment = 256;
    ImageLayout layout;
    layout.width = width;
    layout.height = height;
    layout.outputs = outputs;
    const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
    for (uint32_t i = 0; i < kOutputCount; ++i) {
        ImagePlace& place = layout.places[i];
        place.channels = (1u << i) & (kOutputColor | kOutputNormal) ? 3 : 1;
        place.isId = (1u << i) == kOutputSurfelId;
        if (!(outputs >> i & 1u)) continue;
        place.offset = layout.bytes;
        place.bytes = pixels * (place.isId ? sizeof(uint64_t) : sizeof(float) * static_cast<size_t>(place.channels));
        layout.bytes += (place.bytes + kAlignment - 1) / kAlignment * kAlignment;
    }
    return layout;
}

FrameArrays frameArraysOf(const ImageLayout& layout, char* base) {
    const auto at = [&](int i) {
        const ImagePlace& place = layout.places[static_cast<size_t>(i)];
        return place.bytes > 0 ? reinterpret_cast<float*>(base + place.offset) : nullptr;
    };
    return {layout.width, layout.height, at(0), at(1), at(2), at(3), at(4), at(5), reinterpret_cast<uint64_t*>(at(6))};
}

void copyToFrame(const ImageLayout& layout, const char* base, Frame& frame) {
    frame.width = layout.width;
    frame.height = layout.height;
    copyImage(layout.places[0], base, frame.color);
    copyImage(layout.places[1], base, frame.coverage);
    copyImage(layout.places[2], base, frame.depth);
    copyImage(layout.places[3], base, frame.depthMedian);
    copyImage(layout.places[4], base, frame.normal);
    copyImage(layout.places[5], base, frame.level);
    copyImage(layout.places[6], base, frame.surfelId);
}

}  // namespace wz
