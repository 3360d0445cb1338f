// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "cuda/cuda_status.h"

using namespace wz;

TEST_CASE("without a GPU the status says why in words, and asking twice changes nothing") {
    const CudaStatus first = cudaStatus(), second = cudaStatus();
    CHECK(first.usable == second.usable);
    CHECK(first.words == second.words);
    CHECK(!first.words.empty());
    CHECK(first.usable == (first.devices > 0));
    MESSAGE(first.words);
}
