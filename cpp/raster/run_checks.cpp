// SPDX-License-Identifier: Apache-2.0
#include "raster/run_checks.h"

#include <algorithm>
#include <string>

#include "core/errors.h"

namespace wz {

void checkLayer(const LayerDraw& l, bool needsBands) {
    const size_t n = l.opacities.size();
    const auto check = [](const char* name, size_t has, size_t wanted, bool mayBeEmpty) {
        if (has == wanted || (mayBeEmpty && has == 0)) return;
        throw InputError("layer array " + std::string(name) + " must hold " + std::to_string(wanted) +
                         " numbers, got " + std::to_string(has));
    };
    check("positions", l.positions.size(), 3 * n, false);
    check("orientations", l.orientations.size(), 4 * n, false);
    check("extents", l.extents.size(), 2 * n, false);
    check("colors", l.colors.size(), 3 * n, false);
    check("now", l.now.size(), n, !needsBands);
    check("prior", l.prior.size(), n, true);
    check("mask", l.mask.size(), n, true);
    check("isSky", l.isSky.size(), n, true);
}

void checkPage(const PageDraw& page) {
    const size_t end = page.firstIndex + page.surfels.size();
    for (const CoverDraw& c : page.covers) {
        const bool fits = (c.weight.empty() || (c.weight.size() >= end && c.next.size() >= end)) &&
                          (c.color.empty() || c.color.size() >= 3 * end);
        if (!fits)
            throw InputError("a cover's arrays must be as long as its page: " + std::to_string(end) + " surfels");
    }
}

bool holdsSky(const LayerDraw& layer) {
    return std::any_of(layer.isSky.begin(), layer.isSky.end(), [](uint8_t s) { return s != 0; });
}

}  // namespace wz
