// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most, measured: benchmarks say how much of it a frame uses.
#pragma once

#include <cstddef>
#include <string>

namespace wz {

// The engine's own blend pass where it is fastest: discs that fill the whole frame, so few that they never leave the
// first caches, so thin that no pixel is finished early; every evaluation is blended. Evaluations a second of all threads.
double blendRate(int threads, const std::string& instructions, double seconds);

// Reading memory that no cache holds, bytes a second of all threads together.
double readBandwidth(int threads, size_t bytes, double seconds);

// The engine's own sort of tiles, `pairs` keys in random order over an octave of distance, pairs a second of all threads.
double sortRate(int threads, size_t pairs, double seconds);

}  // namespace wz
