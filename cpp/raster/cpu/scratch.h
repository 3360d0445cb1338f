// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace wz {

// Memory on 64-byte lines; large blocks ask for large pages, since they are read out of order. Null when there is none.
inline void* allocateLines(size_t bytes) {
    constexpr size_t kLargePage = size_t(2) << 20;
    const size_t alignment = bytes >= 2 * kLargePage ? kLargePage : 64;
    const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    void* block = std::aligned_alloc(alignment, rounded);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (block && alignment == kLargePage) madvise(block, rounded, MADV_HUGEPAGE);
#endif
    return block;
}

// An array that only grows and is never initialised; growing loses the contents. Memory that is not touched costs none.
template <class T>
class Scratch {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    T* ensure(size_t count) {
        if (count > capacity_ || !data_) {
            const size_t wanted = count + count / 2 + 64;
            data_.reset();
            data_.reset(static_cast<T*>(allocateLines(wanted * sizeof(T))));
            if (!data_) throw std::bad_alloc();
            capacity_ = wanted;
        }
        return data_.get();
    }
    T* data() const { return data_.get(); }
    T& operator[](size_t i) const { return data_.get()[i]; }

private:
    struct Free {
        void operator()(T* p) const { std::free(p); }
    };
    std::unique_ptr<T, Free> data_;
    size_t capacity_ = 0;
};

}  // namespace wz
