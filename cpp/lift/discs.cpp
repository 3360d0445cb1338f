// SPDX-License-Identifier: Apache-2.0
#include "lift/discs.h"

#include <algorithm>
#include <cmath>

namespace wz {
namespace {

constexpr size_t kBlock =
    64;    // pixels at a time: their numbers stay in the first-level cache, and loops become vectors
constexpr size_t kBlocksATask = 128;
constexpr float kStraight = 1e-6f;

struct Block {
    size_t count = 0;
    double distance[kBlock], x[kBlock], y[kBlock];  // of the plane z = 1, in double for the position
    float across[kBlock], down[kBlock], least[kBlock];
    uint8_t sky[kBlock];
    float turn[4][kBlock], offAxis[kBlock], slant[kBlock];  // results
};

class Lifter {
public:
    Lifter(std::span<const double> distances, const SlopeMaps& slopes, const Camera& camera, const DiscRule& rule,
           const DiscArrays& out)
        : distances_(distances),
          slopes_(slopes),
          camera_(camera),
          rule_(rule),
          out_(out),
          rotation_(rotationOf(camera.worldFromCamera)),
          turned_(camera.worldFromCamera.x != 0 || camera.worldFromCamera.y != 0 || camera.worldFromCamera.z != 0) {}

    void lift(std::span<const int64_t> kept, size_t first) const {
        Block block;
        gather(kept, block);
        orient(block);
        storePositions(block, first);
        storeShapes(block, first);
    }

private:
    void gather(std::span<const int64_t> kept, Block& block) const {
        block.count = kept.size();
        const bool looksAround = rule_.leastCosineAtEdge != rule_.leastCosine;
        for (size_t i = 0; i < kBlock; ++i) {
            const auto pixel = static_cast<size_t>(kept[std::min(i, kept.size() - 1)]);
            const auto row = static_cast<int32_t>(pixel / static_cast<size_t>(camera_.width));
            const auto column = static_cast<int32_t>(pixel % static_cast<size_t>(camera_.width));
            block.sky[i] = std::isinf(distances_[pixel]);
            block.distance[i] = block.sky[i] ? 1.0 : distances_[pixel];
            block.x[i] = (column + 0.5 - camera_.cx_px) / camera_.focal_px;
            block.y[i] = (row + 0.5 - camera_.cy_px) / camera_.focal_px;
            block.across[i] = slopes_.between[pixel] ? 0.0f : slopes_.across[pixel];
            block.down[i] = slopes_.between[pixel] ? 0.0f : slopes_.down[pixel];
            block.least[i] = looksAround && hasEdgeAround(row, column) ? rule_.leastCosineAtEdge : rule_.leastCosine;
        }
    }

    bool hasEdgeAround(int32_t row, int32_t column) const {
        const int32_t left = std::max(column - 1, 0), right = std::min(column + 1, camera_.width - 1);
        for (int32_t y = std::max(row - 1, 0); y <= std::min(row + 1, camera_.height - 1); ++y)
            for (int32_t x = left; x <= right; ++x)
                if (slopes_.edge[static_cast<size_t>(y) * static_cast<size_t>(camera_.width) + static_cast<size_t>(x)])
                    return true;
        return false;
    }

    // With (x, y, 1) the point of the plane z = 1, L its length and s_u, s_v the slopes: the depth along z changes by
    // s_u - x / L^2 and s_v - y / L^2 of itself per pixel times focal, so the normal, a cross product of tangents, is
    // along (s_u L^2 - x, s_v L^2 - y, -(1 + s_u L^2 x + s_v L^2 y)). The rotation is half a turn about x (disc z to
    // camera -z), the smallest one from there to the normal, and a turn about the normal that lays the disc's y axis
    // along the slant.
    static void orient(Block& b) {
        for (size_t i = 0; i < kBlock; ++i) {
            const auto px = static_cast<float>(b.x[i]), py = static_cast<float>(b.y[i]);
            const float stretch = std::sqrt(px * px + py * py + 1.0f);
            const float x = px / stretch, y = py / stretch, z = 1.0f / stretch;
            const float planeX = x * stretch, planeY = y * stretch;
            const float leanX = b.across[i] * stretch * stretch, leanY = b.down[i] * stretch * stretch;
            float nx = leanX - planeX, ny = leanY - planeY, nz = -(leanX * planeX + leanY * planeY) - 1.0f;
            const float unit = 1.0f / std::sqrt(nx * nx + ny * ny + nz * nz);
            nx *= unit;
            ny *= unit;
            nz *= unit;
            const float along = nx * x + ny * y + nz * z;
            const float lean = (along - z) / (1.0f - nz);
            float sine = nx * lean - x, cosine = ny * lean - y;
            const float length = std::sqrt(sine * sine + cosine * cosine);
            const bool straight = length < kStraight;
            const float divisor = straight ? 1.0f : length;
            sine = straight ? 0.0f : sine / divisor;
            cosine = straight ? 1.0f : cosine / divisor;
            sine = cosine < 0.0f ? -sine : sine;
            const float halfCosine = std::sqrt(0.5f * (1.0f + std::fabs(cosine)));
            const float halfSine = 0.5f * sine / halfCosine;
            const float scale = 1.0f / std::sqrt(2.0f * (1.0f - nz));
            const float w = (1.0f - nz) * scale, tiltX = nx * scale, tiltY = ny * scale;
            b.turn[0][i] = -tiltY * halfCosine - tiltX * halfSine;
            b.turn[1][i] = w * halfCosine;
            b.turn[2][i] = -w * halfSine;
            b.turn[3][i] = tiltX * halfCosine - tiltY * halfSine;
            b.offAxis[i] = z;
            b.slant[i] = std::min(std::max(std::fabs(along) / z, b.least[i]), 1.0f);
        }
    }

    void storePositions(const Block& b, size_t first) const {
        double rays[3][kBlock];
        for (size_t i = 0; i < kBlock; ++i) {
            const double length = std::sqrt(b.x[i] * b.x[i] + b.y[i] * b.y[i] + 1.0);
            rays[0][i] = b.x[i] / length;
            rays[1][i] = b.y[i] / length;
            rays[2][i] = 1.0 / length;
        }
        for (size_t i = 0; i < b.count; ++i) {
            Vec3d ray{rays[0][i], rays[1][i], rays[2][i]};
            if (turned_) ray = rotation_ * ray;
            Vec3d place = ray * b.distance[i];
            if (!b.sky[i]) place = place + camera_.position;
            double* to = &out_.positions[3 * (first + i)];
            to[0] = place.x;
            to[1] = place.y;
            to[2] = place.z;
            out_.isSky[first + i] = b.sky[i];
        }
    }

    void storeShapes(const Block& b, size_t first) const {
        const Quatd q = camera_.worldFromCamera;
        const Quatf a{static_cast<float>(q.w), static_cast<float>(q.x), static_cast<float>(q.y),
                      static_cast<float>(q.z)};
        for (size_t i = 0; i < b.count; ++i) {
            const double footprint = b.distance[i] / camera_.focal_px;
            out_.now[first + i] = footprint;
            // Off the axis a pixel is narrower than the radial footprint: depth along z over focal, on a surface parallel
            // to the image.
            const auto extent = static_cast<float>(rule_.extentPerFootprint * footprint * double(b.offAxis[i]));
            out_.extents[2 * (first + i)] = extent;
            out_.extents[2 * (first + i) + 1] = extent / b.slant[i];
            float* to = &out_.orientations[4 * (first + i)];
            const float w = b.turn[0][i], x = b.turn[1][i], y = b.turn[2][i], z = b.turn[3][i];
            if (!turned_) {
                to[0] = w;
                to[1] = x;
                to[2] = y;
                to[3] = z;
                continue;
            }
            to[0] = a.w * w - a.x * x - a.y * y - a.z * z;
            to[1] = a.w * x + a.x * w + a.y * z - a.z * y;
            to[2] = a.w * y - a.x * z + a.y * w + a.z * x;
            to[3] = a.w * z + a.x * y - a.y * x + a.z * w;
        }
    }

    std::span<const double> distances_;
    const SlopeMaps& slopes_;
    const Camera& camera_;
    const DiscRule& rule_;
    const DiscArrays& out_;
    Mat3d rotation_;
    bool turned_;
};

}  // namespace

void liftDiscs(std::span<const double> distances, const SlopeMaps& slopes, const Camera& camera, const DiscRule& rule,
               std::span<const int64_t> kept, const DiscArrays& out, ThreadPool& pool) {
    const Lifter lifter(distances, slopes, camera, rule, out);
    const size_t blocks = (kept.size() + kBlock - 1) / kBlock;
    pool.forEach((blocks + kBlocksATask - 1) / kBlocksATask, 1, [&](size_t task, int) {
        const size_t end = std::min(kept.size(), (task + 1) * kBlocksATask * kBlock);
        for (size_t first = task * kBlocksATask * kBlock; first < end; first += kBlock)
            lifter.lift(kept.subspan(first, std::min(kBlock, end - first)), first);
    });
}

}  // namespace wz
