// SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include <cmath>
#include <optional>

#include "bindings/arrays.h"
#include "shared/surfel.h"
#include "world/world.h"

namespace wz {
namespace {

py::bytes bytesOf(const std::vector<uint8_t>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

SurfelLayerView layerView(const py::dict& arrays) {
    SurfelLayerView view;
    view.positions = viewOf<double>(arrays["positions"], "positions", -1, 3);
    const auto n = static_cast<py::ssize_t>(view.positions.size() / 3);
    view.orientations = viewOf<float>(arrays["orientations"], "orientations", n, 4);
    view.extents = viewOf<float>(arrays["extents"], "extents", n, 2);
    view.colors = viewOf<float>(arrays["colors"], "colors", n, 3);
    view.opacities = viewOf<float>(arrays["opacities"], "opacities", n);
    view.now = viewOf<double>(arrays["now"], "now", n);
    view.prior = viewOf<double>(arrays["prior"], "prior", n);
    view.mask = viewOf<float>(arrays["mask"], "mask", n);
    view.isSky = viewOf<uint8_t>(arrays["is_sky"], "is_sky", n);
    view.flags = viewOf<uint16_t>(arrays["flags"], "flags", n);
    return view;
}

CoverMap coverOf(const py::dict& maps, const Camera& lens) {
    CoverMap cover;
    const auto pixels = static_cast<py::ssize_t>(lens.width) * lens.height;
    const auto weight = viewOf<float>(maps["weight"], "cover weight", pixels);
    const auto distance = viewOf<double>(maps["distance"], "cover distance", pixels);
    cover.weight.assign(weight.begin(), weight.end());
    cover.distance.assign(distance.begin(), distance.end());
    if (maps.contains("tolerance_footprints")) cover.toleranceFootprints = maps["tolerance_footprints"].cast<float>();
    if (maps.contains("color_change")) {
        const auto change = viewOf<float>(maps["color_change"], "cover color_change", pixels, 3);
        cover.colorChange.assign(change.begin(), change.end());
    }
    return cover;
}

std::vector<Blob> blobsOf(const py::dict& named) {
    std::vector<Blob> blobs;
    for (const auto& [name, value] : named) {
        const auto view = value.cast<std::string_view>();
        blobs.push_back({name.cast<std::string>(), {view.begin(), view.end()}});
    }
    return blobs;
}

LevelId commitLevel(World& world, std::optional<LevelId> parent, const Camera& lens, const Camera& approach,
                    const std::string& metadata, const py::dict& layer, const std::optional<py::dict>& cover,
                    const py::dict& blobs) {
    Commit commit;
    commit.record.parent = parent;
    commit.record.lens = lens;
    commit.record.approach = approach;
    commit.record.metadata = metadata;
    commit.layer = layerView(layer);
    if (cover) commit.cover = coverOf(*cover, lens);
    commit.blobs = blobsOf(blobs);
    py::gil_scoped_release unlocked;
    return world.commit(commit);
}

py::dict levelOf(const LevelRecord& record) {
    py::dict level;
    level["id"] = record.id;
    level["parent"] = record.parent ? py::object(py::int_(*record.parent)) : py::object(py::none());
    level["lens"] = record.lens;
    level["approach"] = record.approach;
    level["surfel_count"] = record.surfelCount;
    level["footprint_min"] = record.footprintMin;
    level["footprint_max"] = record.footprintMax;
    level["low"] = std::array{record.low.x, record.low.y, record.low.z};
    level["high"] = std::array{record.high.x, record.high.y, record.high.z};
    level["metadata"] = record.metadata;
    level["blobs"] = record.blobs;
    return level;
}

py::dict pageOf(const PageEntry& entry) {
    const PageHeader& header = entry.page->header();
    py::dict page;
    page["level"] = header.key.level;
    page["sky"] = header.key.sky;
    page["depth"] = header.key.depth;
    page["cell"] = std::array{header.key.x, header.key.y, header.key.z};
    page["count"] = header.count;
    page["origin"] = std::array{header.origin.x, header.origin.y, header.origin.z};
    page["unit"] = header.unit;
    page["covers"] = entry.covers.size();
    page["missing"] = entry.page->isTried() && !entry.page->page();
    return page;
}

// Decoded arrays of all surfels of a level, in stored order.
struct LevelArrays {
    std::vector<double> positions, now, prior;
    std::vector<float> orientations, extents, colors, opacities, mask;
    std::vector<uint8_t> isSky;
    std::vector<uint16_t> flags;

    void add(const PageHeader& page, const Surfel& packed) {
        const PageSurfel s = unpackSurfel(packed);
        Vec3d p = page.origin +
                  Vec3d{packed.position[0] * page.unit, packed.position[1] * page.unit, packed.position[2] * page.unit};
        if (page.key.sky) p = p * (1.0 / length(p));
        positions.insert(positions.end(), {p.x, p.y, p.z});
        orientations.insert(orientations.end(), {s.rotation.w, s.rotation.x, s.rotation.y, s.rotation.z});
        const auto unit = static_cast<float>(page.unit);
        extents.insert(extents.end(), {s.extent[0] * unit, s.extent[1] * unit});
        colors.insert(colors.end(), {s.color.x, s.color.y, s.color.z});
        opacities.push_back(s.opacity);
        now.push_back(std::exp2(-(page.octaveBase + packed.now / double(kBandStepsPerOctave))));
        prior.push_back(packed.prior == 0 ? INFINITY
                                          : std::exp2(-(page.octaveBase + packed.prior / double(kBandStepsPerOctave))));
        mask.push_back(s.mask);
        isSky.push_back(page.key.sky ? 1 : 0);
        flags.push_back(s.flags);
    }
};

py::dict levelArrays(const Snapshot& snapshot, LevelId level) {
    LevelArrays arrays;
    for (const PageEntry& entry : snapshot.pages) {
        if (entry.page->header().key.level != level) continue;
        if (const auto page = entry.page->page())
            for (const Surfel& surfel : page->surfels()) arrays.add(page->header(), surfel);
    }
    const auto n = static_cast<py::ssize_t>(arrays.opacities.size());
    py::dict result;
    result["positions"] = ownedArray(std::move(arrays.positions), {n, 3});
    result["orientations"] = ownedArray(std::move(arrays.orientations), {n, 4});
    result["extents"] = ownedArray(std::move(arrays.extents), {n, 2});
    result["colors"] = ownedArray(std::move(arrays.colors), {n, 3});
    result["opacities"] = ownedArray(std::move(arrays.opacities), {n});
    result["now"] = ownedArray(std::move(arrays.now), {n});
    result["prior"] = ownedArray(std::move(arrays.prior), {n});
    result["mask"] = ownedArray(std::move(arrays.mask), {n});
    result["is_sky"] = ownedArray(std::move(arrays.isSky), {n});
    result["flags"] = ownedArray(std::move(arrays.flags), {n});
    return result;
}

void bindSnapshot(py::module_& module) {
    py::class_<Snapshot, std::shared_ptr<Snapshot>>(module, "Snapshot", "An immutable view of the world at an epoch.")
        .def_readonly("epoch", &Snapshot::epoch)
        .def_readonly("leak", &Snapshot::leak)
        .def_property_readonly("levels",
                               [](const Snapshot& snapshot) {
                                   py::list levels;
                                   for (const auto& record : snapshot.levels) levels.append(levelOf(*record));
                                   return levels;
                               })
        .def_property_readonly("pages",
                               [](const Snapshot& snapshot) {
                                   py::list pages;
                                   for (const auto& entry : snapshot.pages) pages.append(pageOf(entry));
                                   return pages;
                               })
        .def(
            "until", [](const Snapshot& s, LevelId last) { return std::const_pointer_cast<Snapshot>(s.until(last)); },
            py::arg("last"), "The world as it was before any level above `last` was committed.")
        .def("level_arrays", &levelArrays, py::arg("level"), "All surfels of a level, decoded, as a dict of arrays.");
}

}  // namespace

void bindWorld(py::module_& module) {
    bindSnapshot(module);
    using Part = std::atomic<double>;
    py::class_<Part>(module, "Part", "How much of a long piece of work is done; may be looked at from any thread.")
        .def(py::init([] { return std::make_unique<Part>(0.0); }))
        .def_property_readonly("done", [](const Part& part) { return part.load(); }, "0..1");
    py::class_<World>(module, "World", "Levels, pages and their file; see wonderzoom_rt.World.")
        .def(py::init<>())
        .def_static("open", &World::open, py::arg("path"), py::arg("writable"),
                    py::call_guard<py::gil_scoped_release>())
        .def_static("create", &World::create, py::arg("path"), py::arg("overwrite"),
                    py::call_guard<py::gil_scoped_release>())
        .def_static("verify", &World::verify, py::arg("path"), py::arg("done"),
                    py::call_guard<py::gil_scoped_release>(),
                    "Reads every byte of a file; what is wrong with it, in words.")
        .def_static("compact", &World::compact, py::arg("source"), py::arg("target"), py::arg("overwrite"),
                    py::arg("done"), py::call_guard<py::gil_scoped_release>(),
                    "Rewrites a file without superseded parts.")
        .def("commit", &commitLevel, py::arg("parent"), py::arg("lens"), py::arg("approach"), py::arg("metadata"),
             py::arg("layer"), py::arg("cover"), py::arg("blobs"), "Publishes a level; returns its id.")
        .def("undo", &World::undo, py::arg("level"), py::call_guard<py::gil_scoped_release>())
        .def("snapshot", [](const World& world) { return std::const_pointer_cast<Snapshot>(world.snapshot()); })
        .def(
            "blob",
            [](const World& world, LevelId level, const std::string& name) { return bytesOf(world.blob(level, name)); },
            py::arg("level"), py::arg("name"))
        .def("save_as", &World::saveAs, py::arg("path"), py::arg("overwrite"), py::call_guard<py::gil_scoped_release>())
        .def("set_leak", &World::setLeak, py::arg("leak"), "With which snapshots are drawn from now on.")
        .def_property_readonly("path", &World::path)
        .def_property_readonly("warnings", &World::warnings);
}

}  // namespace wz
