// SPDX-License-Identifier: Apache-2.0
// Projected centres against a wider referee, level after level to 36 octaves: by approach and through the lens.
#include <doctest/doctest.h>

#include <functional>

#include "raster/cpu/run_list.h"
#include "raster/frame_view.h"
#include "raster_scene.h"

using namespace wz;
using namespace wz::test;

namespace {

using Wide = long double;
constexpr double kHomeFocal = 1024.0;
constexpr int kWidth = 1088, kHeight = 720;
constexpr double kBar_px = 0.05;

// A page of `count` flat discs around the point `target`, native footprint `footprint`, its edge 256 px or more.
PackedPage pageAround(Vec3d target, double footprint, int count, uint32_t seed) {
    const int depth = static_cast<int>(std::ceil(std::log2(256.0 * footprint)));
    const double edge = std::exp2(depth), unit = edge / 65536.0;
    PackedPage page;
    page.unit = unit;
    page.origin = {std::floor(target.x / edge) * edge, std::floor(target.y / edge) * edge,
                   std::floor(target.z / edge) * edge};
    page.octaveBase = std::floor(-std::log2(footprint)) - 4;
    std::mt19937 rng(seed);
    std::uniform_real_distribution<float> u(0, 65535);
    const float middle[3] = {static_cast<float>((target.x - page.origin.x) / unit),
                             static_cast<float>((target.y - page.origin.y) / unit),
                             static_cast<float>((target.z - page.origin.z) / unit)};
    for (int i = 0; i < count; ++i) {
        PageSurfel s{};
        s.position = {u(rng), u(rng), middle[2] + (u(rng) / 65535 - 0.5f) * 4000};
        s.rotation = {1, 0, 0, 0};
        s.extent[0] = s.extent[1] = static_cast<float>(0.7 * footprint / unit);
        s.color = {1, 1, 1};
        s.opacity = 0.95f;
        s.nowOctave = static_cast<float>(-std::log2(footprint) - page.octaveBase);
        s.priorOctave = -INFINITY;
        s.mask = 1;
        page.surfels.push_back(packSurfel(s));
    }
    return page;
}

// Where the surfel's centre falls, with 64 bits of mantissa.
void refereePixel(const PackedPage& page, const Surfel& s, Camera c, bool sky, Wide& x, Wide& y) {
    if (sky) c.position = {};
    const Wide p[3] = {Wide(page.origin.x) - c.position.x + Wide(page.unit) * s.position[0],
                       Wide(page.origin.y) - c.position.y + Wide(page.unit) * s.position[1],
                       Wide(page.origin.z) - c.position.z + Wide(page.unit) * s.position[2]};
    const Quatd d = c.worldFromCamera;
    const Mat3<Wide> m = transpose(rotationOf(Quat<Wide>{d.w, d.x, d.y, d.z}));
    const Vec3<Wide> v = m * Vec3<Wide>{p[0], p[1], p[2]};
    x = Wide(c.focal_px) * v.x / v.z + c.cx_px;
    y = Wide(c.focal_px) * v.y / v.z + c.cy_px;
}

struct Seen {
    double worst_px = 0;
    size_t drawn = 0;
};

// Largest error of the projected centres, over the surfels that are drawn near the frame.
Seen worstError(const PackedPage& page, const Camera& camera, double focus, bool sky = false) {
    DrawList list;
    list.pages.push_back(page.draw());
    list.pages[0].sky = sky;
    RenderSettings settings;
    settings.focusDistance = focus;
    const ProjectParams params = projectParamsOf(list, camera, settings);
    RunList runs;
    runs.build(list, camera, params);
    std::vector<SurfelRecord> records(runs.slots());
    std::vector<SurfelExtra> extras(runs.slots());
    std::vector<PixelRect> rects(runs.slots());
    std::vector<uint32_t> keys(runs.slots());
    std::vector<GeneralSurfel> general(runs.slots());
    Seen seen;
    for (size_t i = 0; i < runs.runs().size(); ++i) {
        ProjectRun& run = runs.runs()[i];
        const size_t at = runs.firstSlot(i);
        run.records = records.data() + at;
        run.extras = extras.data() + at;
        run.rects = rects.data() + at;
        run.keys = keys.data() + at;
        run.general = general.data() + at;
        kernelsFor(InstructionSet::Best)->projectRun(run);
        for (uint32_t k = 0; k < run.drawn; ++k) {
            const SurfelRecord& r = run.records[k];
            if ((r.flags & kRecordGeneral) || std::fabs(r.x - kWidth / 2) > kWidth ||
                std::fabs(r.y - kHeight / 2) > kHeight)
                continue;
            ++seen.drawn;
            Wide x, y;
            refereePixel(page, page.surfels[run.extras[k].id & 0xffffffffu], camera, sky, x, y);
            const double dx = static_cast<double>(x - Wide(r.x)), dy = static_cast<double>(y - Wide(r.y));
            seen.worst_px = std::max(seen.worst_px, std::hypot(dx, dy));
        }
    }
    return seen;
}

const Vec3d kTarget{1.7320508, -2.2360679, 10.1234567};

Vec3d towardsTarget() { return kTarget * (1.0 / length(kTarget)); }

// world_from_camera that looks along `forward`.
Quatd lookingAlong(Vec3d forward) {
    const Vec3d z{0, 0, 1};
    const Vec3d axis = cross(z, forward);
    Quatd q{1 + dot(z, forward), axis.x, axis.y, axis.z};
    const double n = 1 / std::sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
    return {q.w * n, q.x * n, q.y * n, q.z * n};
}

}  // namespace

TEST_CASE("by approach, centres stay within 0.05 px over eye steps of 1/16 px, to 36 octaves") {
    const double home = length(kTarget) / kHomeFocal;
    for (int octave = 0; octave <= 36; ++octave) {
        const double footprint = home * std::exp2(-octave);
        const PackedPage page = pageAround(kTarget, footprint, 600, 100 + octave);
        Camera camera;
        camera.focal_px = kHomeFocal;
        camera.cx_px = kWidth / 2.0;
        camera.cy_px = kHeight / 2.0;
        camera.width = kWidth;
        camera.height = kHeight;
        camera.worldFromCamera = lookingAlong(towardsTarget());
        const double distance = footprint * kHomeFocal;
        for (int step = 0; step < 8; ++step) {
            const Vec3d sideways = Vec3d{1, 0.4, -0.1} * (step * footprint / 16);
            camera.position = kTarget - towardsTarget() * distance + sideways;
            const Seen seen = worstError(page, camera, distance);
            CAPTURE(octave);
            CHECK(seen.drawn > 100);
            CHECK(seen.worst_px <= kBar_px);
        }
    }
}

TEST_CASE("through the lens of a far eye, centres stay within 0.05 px, to 36 octaves") {
    for (int octave = 0; octave <= 36; ++octave) {
        Camera camera;
        camera.focal_px = kHomeFocal * std::exp2(octave);
        camera.width = kWidth;
        camera.height = kHeight;
        // The principal point is where a crop around the target puts it, 1e13 px away at the end.
        camera.cx_px = kWidth / 2.0 - camera.focal_px * (kTarget.x / kTarget.z);
        camera.cy_px = kHeight / 2.0 - camera.focal_px * (kTarget.y / kTarget.z);
        const double footprint = length(kTarget) / camera.focal_px;
        const PackedPage page = pageAround(kTarget, footprint, 600, 200 + octave);
        for (int step = 0; step < 8; ++step) {
            camera.position = {step * footprint / 16, -step * footprint / 32, 0};
            const Seen seen = worstError(page, camera, length(kTarget));
            CAPTURE(octave);
            CHECK(seen.drawn > 100);
            CHECK(seen.worst_px <= kBar_px);
        }
    }
}

TEST_CASE("sky through the lens stays within 0.05 px to 36 octaves, wherever the eye is") {
    const Vec3d direction = towardsTarget();
    for (int octave = 0; octave <= 36; octave += 4) {
        Camera camera;
        camera.focal_px = kHomeFocal * std::exp2(octave);
        camera.width = kWidth;
        camera.height = kHeight;
        camera.cx_px = kWidth / 2.0 - camera.focal_px * (direction.x / direction.z);
        camera.cy_px = kHeight / 2.0 - camera.focal_px * (direction.y / direction.z);
        camera.position = {1234.5, -6e7, 0.25};
        const Seen seen = worstError(pageAround(direction, 1 / camera.focal_px, 600, 500 + octave), camera, 1, true);
        CAPTURE(octave);
        CHECK(seen.drawn > 100);
        CHECK(seen.worst_px <= kBar_px);
    }
}

TEST_CASE("a page that the eye stands in is projected as well as a far one") {
    const double footprint = 0.01;
    const PackedPage page = pageAround(kTarget, footprint, 2000, 300);
    Camera camera = cameraAt(kWidth, kHeight, kHomeFocal);
    camera.position = kTarget - towardsTarget() * 0.3;
    camera.worldFromCamera = lookingAlong(towardsTarget());
    const Seen seen = worstError(page, camera, 0.3);
    CHECK(seen.drawn >= 8);
    CHECK(seen.worst_px <= kBar_px);
}

TEST_CASE("deep relief keeps its order: what is nearer by a tenth of a pixel is in front") {
    // At 36 octaves 0.1 px is 1e-15 of the distance: far below a float.
    for (int octave : {0, 12, 24, 36}) {
        Camera camera;
        camera.focal_px = kHomeFocal * std::exp2(octave);
        camera.width = camera.height = 64;
        camera.cx_px = camera.cy_px = 32;
        const double z = 8.0, footprint = z / camera.focal_px;
        PackedPage page;
        const double edge = std::exp2(std::ceil(std::log2(256 * footprint)));
        page.unit = edge / 65536;
        page.origin = {-edge / 2, -edge / 2, z - edge / 2};
        page.octaveBase = std::floor(-std::log2(footprint)) - 4;
        for (int i = 0; i < 2; ++i) {
            PageSurfel s{};
            s.position = {32768, 32768, static_cast<float>(32768 + (i == 0 ? 0.1 * footprint / page.unit : 0))};
            s.rotation = {1, 0, 0, 0};
            s.extent[0] = s.extent[1] = static_cast<float>(10 * footprint / page.unit);
            s.color = {i == 0 ? 1.0f : 0.0f, i == 0 ? 0.0f : 1.0f, 0};
            s.opacity = 0.99f;
            s.nowOctave = 4;
            s.priorOctave = -INFINITY;
            s.mask = 1;
            page.surfels.push_back(packSurfel(s));
        }
        DrawList list;
        list.pages.push_back(page.draw());
        RenderSettings settings = settingsWith(kOutputColor | kOutputSurfelId);
        settings.near = 0;
        settings.focusDistance = z;
        const Frame frame = drawn(list, camera, settings);
        CAPTURE(octave);
        CHECK(frame.surfelId[32 * 64 + 32] == 1);
    }
}

TEST_CASE("depth keeps a thirtieth of a pixel at 36 octaves when it is given a reference") {
    Camera camera;
    camera.focal_px = kHomeFocal * std::exp2(36);
    camera.width = camera.height = 64;
    camera.cx_px = camera.cy_px = 32;
    const double z = 8.0, footprint = z / camera.focal_px;
    PackedPage page = pageAround({0, 0, z}, footprint, 4000, 400);
    page.origin = {-page.unit * 32768, -page.unit * 32768, z - page.unit * 32768};
    for (Surfel& s : page.surfels) s.position[2] = static_cast<uint16_t>(32768 + s.position[0] / 100);  // a ramp
    DrawList list;
    list.pages.push_back(page.draw());
    RenderSettings settings = settingsWith(kOutputDepth | kOutputCoverage);
    settings.near = 0;
    settings.focusDistance = z;
    settings.depthReference = z;
    settings.applyFade = false;
    const Frame frame = drawn(list, camera, settings);
    size_t compared = 0;
    for (int x = 0; x < 64; ++x) {
        const size_t at = 32 * 64 + static_cast<size_t>(x);
        if (frame.coverage[at] < 0.05f) continue;
        const double q = 32768 + (x + 0.5 - 32) * footprint / page.unit;  // the ramp's own coordinate there
        CHECK(std::fabs(frame.depth[at] / page.unit - q / 100) <= 8.0);   // about the discs' own size on the ramp
        ++compared;
    }
    CHECK(compared > 10);
}
