// SPDX-License-Identifier: Apache-2.0
#include <pybind11/native_enum.h>
#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "engine/engine.h"

namespace wz {
py::dict imagesOf(Frame&& frame) {
    const py::ssize_t h = frame.height, w = frame.width;
    py::dict images;
    const auto put = [&](const char* name, auto& values, py::ssize_t channels) {
        if (values.empty()) return;
        const std::vector<py::ssize_t> shape =
            channels == 1 ? std::vector<py::ssize_t>{h, w} : std::vector<py::ssize_t>{h, w, channels};
        images[name] = ownedArray(std::move(values), shape);
    };
    put("color", frame.color, 3);
    put("coverage", frame.coverage, 1);
    put("depth", frame.depth, 1);
    put("depth_median", frame.depthMedian, 1);
    put("normal", frame.normal, 3);
    put("level", frame.level, 1);
    put("surfel_id", frame.surfelId, 1);
    return images;
}

// The tiles' costs as pictures (rows, columns).
py::dict tilesOf(const RenderStats& stats) {
    std::vector<uint32_t> entries;
    std::vector<float> ms;
    for (const TileCost& tile : stats.tiles) {
        entries.push_back(tile.entries);
        ms.push_back(tile.ms);
    }
    py::dict tiles;
    tiles["size"] = stats.tileSize_px;
    tiles["entries"] = ownedArray(std::move(entries), {stats.tileRows, stats.tileColumns});
    tiles["ms"] = ownedArray(std::move(ms), {stats.tileRows, stats.tileColumns});
    return tiles;
}

py::dict statsOf(const FrameStats& stats) {
    py::dict stages;
    stages["select"] = stats.selectMs;
    stages["load"] = stats.loadMs;
    stages["list"] = stats.listMs;
    for (const StageTime& stage : stats.render.stages) stages[py::str(stage.name)] = stage.ms;
    py::dict funnel;
    funnel["pages_tested"] = stats.select.pagesTested;
    funnel["pages_selected"] = stats.select.selected;
    funnel["tested"] = stats.render.tested;
    funnel["visible"] = stats.render.visible;
    funnel["projected"] = stats.render.projected;
    funnel["tile_entries"] = stats.render.tileEntries;
    funnel["evaluations"] = stats.render.evaluations;
    funnel["contributions"] = stats.render.contributions;
    py::dict pages;
    pages["tested"] = stats.select.pagesTested;
    pages["outside_view"] = stats.select.outsideView;
    pages["outside_band"] = stats.select.outsideBand;
    pages["covered"] = stats.select.covered;
    pages["selected"] = stats.select.selected;
    pages["loaded"] = stats.pagesLoaded;
    pages["missing"] = stats.missingPages;
    py::dict bytes;
    bytes["read"] = stats.bytesRead;
    py::dict result;
    result["total_ms"] = stats.totalMs;
    result["stages_ms"] = stages;
    result["funnel"] = funnel;
    result["pages"] = pages;
    result["bytes"] = bytes;
    result["missing_pages"] = stats.missingPages;
    if (!stats.render.tiles.empty()) result["tiles"] = tilesOf(stats.render);
    result["uploaded_bytes"] = stats.render.uploadedBytes;
    result["redraws"] = stats.render.redraws;
    result["complete"] = stats.render.complete;
    return result;
}

namespace {

template <class Draw>
py::tuple drawn(Draw&& draw) {
    Frame frame;
    FrameStats stats;
    {
        py::gil_scoped_release unlocked;
        stats = draw(frame);
    }
    return py::make_tuple(imagesOf(std::move(frame)), statsOf(stats));
}

LayerDraw layerOf(const py::dict& arrays) {
    LayerDraw draw;
    const auto positions = viewOf<double>(arrays["positions"], "positions", -1, 3);
    const py::ssize_t n = static_cast<py::ssize_t>(positions.size() / 3);
    draw.positions = positions;
    draw.orientations = viewOf<float>(arrays["orientations"], "orientations", n, 4);
    draw.extents = viewOf<float>(arrays["extents"], "extents", n, 2);
    draw.colors = viewOf<float>(arrays["colors"], "colors", n, 3);
    draw.opacities = viewOf<float>(arrays["opacities"], "opacities", n);
    if (arrays.contains("now")) draw.now = viewOf<double>(arrays["now"], "now", n);
    if (arrays.contains("prior")) draw.prior = viewOf<double>(arrays["prior"], "prior", n);
    if (arrays.contains("mask")) draw.mask = viewOf<float>(arrays["mask"], "mask", n);
    if (arrays.contains("is_sky")) draw.isSky = viewOf<uint8_t>(arrays["is_sky"], "is_sky", n);
    return draw;
}

void bindSettings(py::module_& module) {
    py::native_enum<FadeLaw>(module, "FadeLaw", "enum.Enum")
        .value("dissolve", FadeLaw::Dissolve)
        .value("opacity", FadeLaw::Opacity)
        .value("optical", FadeLaw::Optical)
        .finalize();
    py::native_enum<Compat>(module, "Compat", "enum.Enum")
        .value("native", Compat::Native)
        .value("gsplat", Compat::Gsplat)
        .value("inria_2dgs", Compat::Inria2dgs)
        .finalize();
    py::native_enum<DistanceKind>(module, "DistanceKind", "enum.Enum")
        .value("radial", DistanceKind::Radial)
        .value("along_z", DistanceKind::AlongZ)
        .finalize();
    py::class_<RenderSettings>(module, "RenderSettings", "How to draw a frame; see wonderzoom_rt.Engine.render.")
        .def(py::init<>())
        .def_readwrite("outputs", &RenderSettings::outputs)
        .def_readwrite("fade_law", &RenderSettings::fadeLaw)
        .def_readwrite("compat", &RenderSettings::compat)
        .def_readwrite("fade_distance", &RenderSettings::fadeDistance)
        .def_readwrite("depth_kind", &RenderSettings::depthKind)
        .def_readwrite("detail_bias", &RenderSettings::detailBias)
        .def_readwrite("level_share", &RenderSettings::levelShare)
        .def_readwrite("leak", &RenderSettings::leak)
        .def_readwrite("near", &RenderSettings::near)
        .def_readwrite("focus_distance", &RenderSettings::focusDistance)
        .def_readwrite("depth_reference", &RenderSettings::depthReference)
        .def_readwrite("optical_lowpass", &RenderSettings::opticalLowpass)
        .def_readwrite("background", &RenderSettings::background)
        .def_readwrite("apply_fade", &RenderSettings::applyFade)
        .def_readwrite("cull", &RenderSettings::cull)
        .def_readwrite("tile_stats", &RenderSettings::tileStats);
}

}  // namespace

void bindEngine(py::module_& module) {
    bindSettings(module);
    py::class_<Engine>(module, "Engine", "Draws snapshots and layers. One object from one thread at a time.")
        .def(py::init<int, const std::string&, Backend>(), py::arg("threads") = 0, py::arg("instructions") = "best",
             py::arg_v("backend", Backend::Cpu, "Backend.cpu"))
        .def_property_readonly("on_device", [](const Engine& engine) { return engine.device() != nullptr; })
        .def(
            "render",
            [](Engine& engine, std::shared_ptr<const Snapshot> snapshot, const Camera& camera,
               const RenderSettings& settings, const std::vector<float>& readiness) {
                return drawn(
                    [&](Frame& frame) { return engine.render(*snapshot, camera, settings, readiness, frame); });
            },
            py::arg("snapshot"), py::arg("camera"), py::arg("settings"), py::arg("readiness") = std::vector<float>{},
            "(images, stats): arrays by output name, read-only; times in ms and the surfel funnel.")
        .def(
            "render_layer",
            [](Engine& engine, const py::dict& arrays, const Camera& camera, const RenderSettings& settings,
               bool recolored) {
                const LayerDraw draw = layerOf(arrays);
                return drawn(
                    [&](Frame& frame) { return engine.renderLayer(draw, camera, settings, recolored, frame); });
            },
            py::arg("arrays"), py::arg("camera"), py::arg("settings"), py::arg("recolored") = false,
            "Draws a SurfelLayer's arrays by the float path: positions, orientations, extents, colors, opacities, and "
            "optionally now, prior, mask, is_sky (uint8). recolored: the last call differed in its colours alone.");
}

}  // namespace wz
