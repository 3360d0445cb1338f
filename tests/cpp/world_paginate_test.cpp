// SPDX-License-Identifier: Apache-2.0
#include "world/paginate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <numeric>

#include "core/errors.h"
#include "scene.h"

using namespace wz;
using namespace wz::test;

namespace {

using Pages = std::vector<std::shared_ptr<const Page>>;

template <class T>
std::vector<T> permuted(const std::vector<T>& values, const std::vector<size_t>& order, size_t width) {
    std::vector<T> out;
    for (size_t i : order) out.insert(out.end(), values.begin() + i * width, values.begin() + (i + 1) * width);
    return out;
}

Layer permuted(const Layer& layer, const std::vector<size_t>& order) {
    Layer out;
    out.positions = permuted(layer.positions, order, 3);
    out.orientations = permuted(layer.orientations, order, 4);
    out.extents = permuted(layer.extents, order, 2);
    out.colors = permuted(layer.colors, order, 3);
    out.opacities = permuted(layer.opacities, order, 1);
    out.now = permuted(layer.now, order, 1);
    out.prior = permuted(layer.prior, order, 1);
    out.mask = permuted(layer.mask, order, 1);
    out.isSky = permuted(layer.isSky, order, 1);
    out.flags = permuted(layer.flags, order, 1);
    return out;
}

bool sameBytes(const Page& a, const Page& b) {
    return a.surfels().size() == b.surfels().size() && a.clusters().size() == b.clusters().size() &&
           std::memcmp(a.surfels().data(), b.surfels().data(), a.surfels().size_bytes()) == 0 &&
           std::memcmp(a.clusters().data(), b.clusters().data(), a.clusters().size_bytes()) == 0 &&
           a.header().checksum == b.header().checksum;
}

// A tag in the colour that survives packing: the surfel's index.
Layer tagged(Layer layer) {
    for (size_t i = 0; i < layer.size(); ++i) {
        layer.colors[3 * i] = (i % 4096) / 4096.0f;
        layer.colors[3 * i + 1] = (i / 4096) / 4096.0f;
    }
    return layer;
}

size_t tagOf(const PageSurfel& s) { return std::lround(s.color.x * 4096) + 4096 * std::lround(s.color.y * 4096); }

void checkDecoded(const Layer& layer, const Pages& pages) {
    std::vector<int> seen(layer.size());
    double worstPosition = 0, worstBand = 0, worstExtent = 0, worstAxis = 0;
    for (const auto& page : pages) {
        const PageHeader& header = page->header();
        for (const Surfel& packed : page->surfels()) {
            const PageSurfel s = unpackSurfel(packed);
            const size_t i = tagOf(s);
            REQUIRE(i < layer.size());
            ++seen[i];
            const Vec3d p = positionOf(header, packed);
            const Vec3d wanted{layer.positions[3 * i], layer.positions[3 * i + 1], layer.positions[3 * i + 2]};
            worstPosition = std::max(worstPosition, length(p - wanted) / layer.now[i]);
            const auto bandError = [&](float got, double footprint) {
                return std::fabs(header.octaveBase + got + std::log2(footprint));
            };
            worstBand = std::max(worstBand, bandError(s.nowOctave, layer.now[i]));
            CHECK(std::isinf(s.priorOctave) == std::isinf(layer.prior[i]));
            if (std::isfinite(layer.prior[i]))
                worstBand = std::max(worstBand, bandError(s.priorOctave, layer.prior[i]));
            worstExtent = std::max(worstExtent, std::fabs(std::log2(s.extent[0] * header.unit / layer.extents[2 * i])));
            const float* q = &layer.orientations[4 * i];
            const Mat3f is = rotationOf(s.rotation), should = rotationOf(Quatf{q[0], q[1], q[2], q[3]});
            worstAxis = std::max<double>(
                worstAxis, length(Vec3f{is.r0.z, is.r1.z, is.r2.z} - Vec3f{should.r0.z, should.r1.z, should.r2.z}));
            CHECK(packed.flags == layer.flags[i]);
        }
    }
    CHECK(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
    CHECK(worstPosition <= 0.0075);  // px: half a step of at most 1/128 px on each of three axes
    CHECK(worstBand <= 0.51 / 1024);
    CHECK(worstExtent <= 0.51 / 2048);
    CHECK(worstAxis <= 3e-4);
}

void checkBounds(const Pages& pages) {
    for (const auto& page : pages) {
        const PageHeader& header = page->header();
        REQUIRE(header.count == page->surfels().size());
        CHECK(header.count <= kMaxSurfelsPerPage);
        CHECK(header.checksum == payloadChecksum(page->surfels(), page->clusters()));
        uint32_t next = 0;
        for (const Cluster& cluster : page->clusters()) {
            CHECK(cluster.first == next);
            CHECK(cluster.count <= kSurfelsPerCluster);
            next += cluster.count;
            for (uint32_t i = cluster.first; i < next; ++i) {
                const PageSurfel s = unpackSurfel(page->surfels()[i]);
                const auto holds = [&](const auto& b) {
                    return b.low.x <= s.position.x && s.position.x <= b.high.x && b.low.y <= s.position.y &&
                           s.position.y <= b.high.y && b.low.z <= s.position.z && s.position.z <= b.high.z &&
                           std::max(s.extent[0], s.extent[1]) <= b.maxExtent && b.nowMin <= s.nowOctave &&
                           s.nowOctave <= b.nowMax && b.priorMin <= s.priorOctave && s.priorOctave <= b.priorMax;
                };
                CHECK(holds(cluster));
                CHECK(holds(header));
                const Mat3f r = rotationOf(s.rotation);
                CHECK(dot(Vec3f{r.r0.z, r.r1.z, r.r2.z}, header.normalAxis) >= header.normalCosine - 1e-6f);
            }
        }
        CHECK(next == header.count);
    }
}

Pages paged(const Layer& layer, int threads = 2) {
    ThreadPool pool(threads);
    checkLayer(layer.view(), pool);
    return paginate(layer.view(), 3, pool);
}

}  // namespace

TEST_CASE("pages hold every surfel exactly once, within the packing's error") {
    const Scene scene{0.3};
    for (double zoom : {1.0, 4096.0}) {
        const Camera home = homeCamera(300, 200, 300.0);
        const Layer layer = tagged(layerOf(scene, zoomed(home, zoom, 0.5, 0.6), zoom > 1 ? 300.0 * zoom / 2.83 : 0.0));
        const Pages pages = paged(layer);
        checkDecoded(layer, pages);
        checkBounds(pages);
        CHECK(std::is_sorted(pages.begin(), pages.end(),
                             [](auto& a, auto& b) { return a->header().key < b->header().key; }));
        CHECK(std::all_of(pages.begin(), pages.end(), [](auto& p) { return p->header().key.level == 3; }));
    }
}

TEST_CASE("a cell's edge covers 256 to 512 px at its surfels' own footprint") {
    const Pages pages = paged(layerOf(Scene{0.3}, homeCamera(200, 150, 150.0), 0));
    for (const auto& page : pages) {
        const PageHeader& header = page->header();
        const double edge = std::ldexp(1.0, -header.key.depth);
        CHECK(header.unit == edge / 65536);
        CHECK(header.origin.x == edge * header.key.x);
        for (float octave : {header.nowMin, header.nowMax}) {
            const double pixels = edge * std::exp2(header.octaveBase + octave);
            CHECK(pixels >= 256 * 0.999);
            CHECK(pixels <= 512 * 1.001);
        }
    }
}

TEST_CASE("positions stay exact to 1/128 px at 36 octaves, ten units from the origin") {
    Layer layer;
    std::mt19937_64 random(5);
    const double footprint = 1e-13;
    std::uniform_real_distribution<double> px(-400, 400);
    for (int i = 0; i < 5000; ++i) {
        const Vec3d p{7.0 + px(random) * footprint, -5.0 + px(random) * footprint, 6.0 + px(random) * footprint};
        layer.add(p, {1, 0.1f, 0, 0}, 7e-14f, {0, 0, 0.5f}, footprint, 2.8 * footprint);
    }
    layer = tagged(layer);
    checkDecoded(layer, paged(layer));
    checkBounds(paged(layer));
}

TEST_CASE("crowded cells are split into pages of at most 65,536 surfels in Morton order") {
    Layer layer;
    std::mt19937 random(9);
    std::uniform_real_distribution<double> any(0.01, 0.99);
    for (int i = 0; i < 150000; ++i)
        layer.add({any(random), any(random), any(random)}, {1, 0, 0, 0}, 0.01f, {0, 0, 0}, 1.0 / 300, INFINITY);
    layer = tagged(layer);
    const Pages pages = paged(layer);
    REQUIRE(pages.size() == 3);
    for (int part = 0; part < 3; ++part) CHECK(pages[part]->header().key.part == part);
    checkDecoded(layer, pages);
    checkBounds(pages);
}

TEST_CASE("pages depend neither on the order of the input nor on the number of threads") {
    Layer layer = layerOf(Scene{0.3}, homeCamera(400, 200, 300.0), 100.0);
    for (int i = 0; i < 500; ++i) {  // different surfels at one place
        layer.add({0.5, 0.5, 9.0}, {1, 0.01f * (i % 17), 0, 0}, 0.03f, {i / 500.0f, 0, 0}, 0.03, INFINITY);
        layer.flags.back() = static_cast<uint16_t>(i % 3);
    }
    std::vector<size_t> order(layer.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::shuffle(order.begin(), order.end(), std::mt19937(11));
    const Pages a = paged(layer, 1), b = paged(permuted(layer, order), 2);
    REQUIRE(a.size() == b.size());
    for (size_t i = 0; i < a.size(); ++i) {
        CHECK(a[i]->header().key == b[i]->header().key);
        CHECK(sameBytes(*a[i], *b[i]));
    }
}

TEST_CASE("a world scaled by a power of two gives the same pages bit for bit") {
    const Camera home = homeCamera(300, 200, 300.0);
    const Pages small = paged(layerOf(Scene{0.2, 1.0}, home, 120.0));
    for (int octaves : {-40, -3, 7}) {
        Layer scaled = layerOf(Scene{0.2, 1.0}, home, 120.0);
        const double k = std::ldexp(1.0, octaves);
        for (size_t i = 0; i < scaled.size(); ++i) {
            if (scaled.isSky[i]) continue;
            for (int a = 0; a < 3; ++a) scaled.positions[3 * i + a] *= k;
            for (int a = 0; a < 2; ++a) scaled.extents[2 * i + a] *= static_cast<float>(k);
            scaled.now[i] *= k;
            scaled.prior[i] *= k;
        }
        const Pages large = paged(scaled);
        REQUIRE(small.size() == large.size());
        for (size_t i = 0; i < small.size(); ++i) {
            CHECK(sameBytes(*small[i], *large[i]));
            const int shift = small[i]->header().key.sky ? 0 : octaves;
            CHECK(large[i]->header().key.depth == small[i]->header().key.depth - shift);
            CHECK(large[i]->header().octaveBase == small[i]->header().octaveBase - shift);
        }
    }
}

TEST_CASE("a layer with bad values is refused, naming the first bad surfel") {
    ThreadPool pool(2);
    const Layer good = layerOf(Scene{}, homeCamera(10, 10, 10.0), 0);
    const auto refused = [&](auto spoil, const char* word) {
        Layer bad = good;
        spoil(bad);
        try {
            checkLayer(bad.view(), pool);
            FAIL("accepted: " << word);
        } catch (const InputError& error) { CHECK(std::string(error.what()).find(word) != std::string::npos); }
    };
    refused([](Layer& l) { l.positions[3 * 17 + 1] = NAN; }, "surfel 17 has a position");
    refused(
        [](Layer& l) {
            l.positions[3 * 50] = INFINITY;
            l.positions[3 * 40] = INFINITY;
        },
        "surfel 40 has a position");
    refused([](Layer& l) { l.orientations[5] = NAN; }, "orientation");
    refused([](Layer& l) { std::fill_n(l.orientations.begin(), 4, 0.0f); }, "orientation of length zero");
    refused([](Layer& l) { l.extents[3] = 0; }, "extent");
    refused([](Layer& l) { l.extents[3] = -1; }, "extent");
    refused([](Layer& l) { l.colors[2] = NAN; }, "colour");
    refused([](Layer& l) { l.opacities[1] = 1.5f; }, "opacity");
    refused([](Layer& l) { l.mask[1] = -0.5f; }, "mask");
    refused([](Layer& l) { l.now[4] = 0; }, "`now`");
    refused([](Layer& l) { l.now[4] = INFINITY; }, "`now`");
    refused([](Layer& l) { l.prior[4] = NAN; }, "`prior`");
    refused(
        [](Layer& l) {
            l.isSky[4] = 1;
            std::fill_n(l.positions.begin() + 12, 3, 0.0);
        },
        "sky direction");
    refused([](Layer& l) { l.colors.pop_back(); }, "colors");
    refused([](Layer& l) { l.flags.pop_back(); }, "flags");
    Layer far = good;
    far.positions[0] = 1e18;
    far.now[0] = 1e-9;
    CHECK_THROWS_AS(paged(far), InputError);
}
