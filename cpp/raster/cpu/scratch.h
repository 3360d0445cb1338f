// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace wz {

// An array that only grows and is never initialised; growing loses the contents. Memory that is not touched costs none.
template <class T>
class Scratch {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    T* ensure(size_t count) {
        if (count > capacity_ || !data_) {
            const size_t wanted = count + count / 4 + 64;
            data_.reset();
            data_.reset(static_cast<T*>(std::aligned_alloc(64, (wanted * sizeof(T) + 63) / 64 * 64)));
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
