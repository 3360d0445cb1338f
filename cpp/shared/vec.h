// SPDX-License-Identifier: Apache-2.0
// Small fixed vectors and rotations for host and device. Plain data, no alignment tricks.
#pragma once

#include <cmath>
#include <cstdint>

// WZ_HD_RARE: of what few threads come to; on a device it is called, so that its registers are not everybody's.
#if defined(__CUDACC__)
#define WZ_HD __host__ __device__ __forceinline__
#define WZ_HD_RARE __host__ __device__ __noinline__ inline
#elif defined(WZ_TARGET)
// A file compiled for one instruction set: nothing of it may be shared with files compiled for another.
#define WZ_HD inline __attribute__((always_inline))
#else
#define WZ_HD inline
#endif
#if !defined(WZ_HD_RARE)
#define WZ_HD_RARE WZ_HD
#endif

namespace wz {

template <class T>
struct Vec3 {
    T x{}, y{}, z{};
};
using Vec3f = Vec3<float>;
using Vec3d = Vec3<double>;

template <class T>
WZ_HD Vec3<T> operator+(Vec3<T> a, Vec3<T> b) {
    return {a.x + b.x, a.y + b.y, a.z + b.z};
}
template <class T>
WZ_HD Vec3<T> operator-(Vec3<T> a, Vec3<T> b) {
    return {a.x - b.x, a.y - b.y, a.z - b.z};
}
template <class T>
WZ_HD Vec3<T> operator*(Vec3<T> a, T s) {
    return {a.x * s, a.y * s, a.z * s};
}
template <class T>
WZ_HD T dot(Vec3<T> a, Vec3<T> b) {
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
template <class T>
WZ_HD Vec3<T> cross(Vec3<T> a, Vec3<T> b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
template <class T>
WZ_HD T length(Vec3<T> a) {
    return std::sqrt(dot(a, a));
}

template <class T>
WZ_HD Vec3f toFloat(Vec3<T> a) {
    return {static_cast<float>(a.x), static_cast<float>(a.y), static_cast<float>(a.z)};
}

// Unit quaternion w + xi + yj + zk.
template <class T>
struct Quat {
    T w{1}, x{}, y{}, z{};
};
using Quatf = Quat<float>;
using Quatd = Quat<double>;

// Rotation matrix, rows r0 r1 r2: out_i = dot(r_i, in).
template <class T>
struct Mat3 {
    Vec3<T> r0, r1, r2;
};
using Mat3f = Mat3<float>;
using Mat3d = Mat3<double>;

template <class T>
WZ_HD Vec3<T> operator*(const Mat3<T>& m, Vec3<T> v) {
    return {dot(m.r0, v), dot(m.r1, v), dot(m.r2, v)};
}

template <class T>
WZ_HD Mat3<T> transpose(const Mat3<T>& m) {
    return {{m.r0.x, m.r1.x, m.r2.x}, {m.r0.y, m.r1.y, m.r2.y}, {m.r0.z, m.r1.z, m.r2.z}};
}

// Rotation of a quaternion of any non-zero length (it is normalised here).
template <class T>
WZ_HD Mat3<T> rotationOf(Quat<T> q) {
    const T s = T(2) / (q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
    const T xx = s * q.x * q.x, yy = s * q.y * q.y, zz = s * q.z * q.z;
    const T xy = s * q.x * q.y, xz = s * q.x * q.z, yz = s * q.y * q.z;
    const T wx = s * q.w * q.x, wy = s * q.w * q.y, wz = s * q.w * q.z;
    return {{T(1) - yy - zz, xy - wz, xz + wy}, {xy + wz, T(1) - xx - zz, yz - wx}, {xz - wy, yz + wx, T(1) - xx - yy}};
}

}  // namespace wz
