// SPDX-License-Identifier: Apache-2.0
// The memory of a frame's images. Frames of one size follow each other, so the memory of one is kept for the next: a frame
// of many megabytes would otherwise ask the system for its pages anew, and each page would be cleared first.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace wz {

// Memory for an image, on a 64-byte line and not cleared. Throws std::bad_alloc. From any thread.
void* takeImageMemory(size_t bytes);
// Gives it back: kept for the next image of as many bytes, up to kImageMemoryKept in all, the longest kept going first.
void giveImageMemory(void* memory, size_t bytes) noexcept;

inline constexpr size_t kImageMemoryKept = size_t(256) << 20;

// For a vector whose elements are all written after a resize: resize(n) clears nothing.
template <class T>
struct ImageAllocator {
    using value_type = T;
    ImageAllocator() = default;
    template <class U>
    ImageAllocator(const ImageAllocator<U>&) noexcept {}

    T* allocate(size_t count) { return static_cast<T*>(takeImageMemory(count * sizeof(T))); }
    void deallocate(T* memory, size_t count) noexcept { giveImageMemory(memory, count * sizeof(T)); }
    template <class U>
    void construct(U* at) noexcept {
        ::new (static_cast<void*>(at)) U;
    }
    template <class U, class... Arguments>
    void construct(U* at, Arguments&&... arguments) {
        ::new (static_cast<void*>(at)) U(static_cast<Arguments&&>(arguments)...);
    }
    template <class U>
    bool operator==(const ImageAllocator<U>&) const noexcept {
        return true;
    }
};

template <class T>
using Image = std::vector<T, ImageAllocator<T>>;

}  // namespace wz
