// SPDX-License-Identifier: Apache-2.0
// Little-endian values one after the other, without padding.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/errors.h"

namespace wz {

static_assert(std::endian::native == std::endian::little, "world files are little-endian and mapped as they are");

class ByteWriter {
public:
    template <class T>
        requires std::is_arithmetic_v<T>
    void put(T value) {
        bytes_.resize(bytes_.size() + sizeof value);
        std::memcpy(bytes_.data() + bytes_.size() - sizeof value, &value, sizeof value);
    }
    void putString(const std::string& text) {
        put(static_cast<uint64_t>(text.size()));
        bytes_.insert(bytes_.end(), text.begin(), text.end());
    }
    const std::vector<uint8_t>& bytes() const { return bytes_; }

private:
    std::vector<uint8_t> bytes_;
};

// Borrows the bytes. Reading past their end throws WorldError.
class ByteReader {
public:
    explicit ByteReader(std::span<const uint8_t> bytes) : rest_(bytes) {}

    template <class T>
        requires std::is_arithmetic_v<T>
    T get() {
        T value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    std::string getString() {
        const auto text = take(get<uint64_t>());
        return {text.begin(), text.end()};
    }
    size_t left() const { return rest_.size(); }

private:
    std::span<const uint8_t> take(uint64_t count) {
        if (count > rest_.size()) throw WorldError("a stored value ends too early");
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    std::span<const uint8_t> rest_;
};

}  // namespace wz
