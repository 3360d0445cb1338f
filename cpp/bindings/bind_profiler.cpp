// SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include <map>
#include <optional>

#include "bindings/arrays.h"
#include "core/profiler.h"
#include "core/profiler_nvtx.h"

namespace wz {
namespace {

// One captured track as arrays; names by index into a list that the tracks share.
py::dict trackOf(const profiler::Track& track, std::map<const char*, uint32_t>& names) {
    const auto n = static_cast<py::ssize_t>(track.events.size());
    std::vector<uint64_t> begin, end;
    std::vector<uint32_t> name;
    std::vector<uint8_t> kind;
    std::vector<double> value;
    for (const profiler::Event& event : track.events) {
        begin.push_back(event.begin_ns);
        end.push_back(event.end_ns);
        name.push_back(names.emplace(event.name, static_cast<uint32_t>(names.size())).first->second);
        kind.push_back(static_cast<uint8_t>(event.kind));
        value.push_back(event.value);
    }
    py::dict arrays;
    arrays["name"] = track.name;
    arrays["id"] = track.id;
    arrays["lost"] = track.lost;
    arrays["begin_ns"] = ownedArray(std::move(begin), {n});
    arrays["end_ns"] = ownedArray(std::move(end), {n});
    arrays["name_index"] = ownedArray(std::move(name), {n});
    arrays["kind"] = ownedArray(std::move(kind), {n});
    arrays["value"] = ownedArray(std::move(value), {n});
    return arrays;
}

py::tuple captured(uint64_t since_ns) {
    std::vector<profiler::Track> tracks;
    {
        py::gil_scoped_release unlocked;
        tracks = profiler::capture(since_ns);
    }
    std::map<const char*, uint32_t> indices;
    py::list arrays;
    for (const profiler::Track& track : tracks) arrays.append(trackOf(track, indices));
    std::vector<std::string> names(indices.size());
    for (const auto& [name, index] : indices) names[index] = name;
    return py::make_tuple(names, arrays);
}

double orNone(std::optional<double> value) { return value.value_or(__builtin_nan("")); }

}  // namespace

void bindProfiler(py::module_& module) {
    module.def(
        "profiler_start", [](bool fineZones, size_t eventsPerThread) { profiler::start({fineZones, eventsPerThread}); },
        py::arg("fine_zones"), py::arg("events_per_thread"), "Begins recording with empty rings.");
    module.def("profiler_stop", &profiler::stop, "Ends recording; what was recorded can still be captured.");
    module.attr("NVTX") = profiler::nvtxKind();
    module.def("profiler_is_recording", &profiler::isRecording);
    module.def("profiler_now_ns", &profiler::now_ns, "The clock of all events, ns.");
    module.def("profiler_capture", &captured, py::arg("since_ns"),
               "(names, tracks): all events that ended at since_ns or later, a dict of arrays for each thread.");
    module.def("profiler_name_thread", &profiler::nameThread, py::arg("name"));
    module.def(
        "profiler_zone",
        [](const std::string& name, uint64_t begin_ns, uint64_t end_ns, std::optional<double> value) {
            profiler::recordZone(profiler::intern(name), begin_ns, end_ns, orNone(value));
        },
        py::arg("name"), py::arg("begin_ns"), py::arg("end_ns"), py::arg("value") = py::none());
    module.def(
        "profiler_counter",
        [](const std::string& name, double value) { profiler::recordCounter(profiler::intern(name), value); },
        py::arg("name"), py::arg("value"));
    module.def(
        "profiler_instant",
        [](const std::string& name, std::optional<double> value) {
            profiler::recordInstant(profiler::intern(name), orNone(value));
        },
        py::arg("name"), py::arg("value") = py::none());
}

}  // namespace wz
