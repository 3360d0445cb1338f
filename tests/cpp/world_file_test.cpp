// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/errors.h"
#include "core/hash64.h"
#include "temporary_folder.h"
#include "world/file_format.h"
#include "world/world_file.h"
#include "world_sample.h"

using namespace wz;
using namespace wz::test;

namespace {

using Problems = std::vector<std::string>;

bool mentions(const Problems& problems, const std::string& words) {
    return std::any_of(problems.begin(), problems.end(),
                       [&](const std::string& p) { return p.find(words) != std::string::npos; });
}

template <class Action>
std::string messageOf(Action action) {
    try {
        action();
    } catch (const WorldError& error) { return error.what(); }
    return "";
}

std::string fileWith(const TemporaryFolder& folder, int levels) {
    const std::string path = folder.file("world.wz");
    fillSample(*World::create(path, false), levels);
    return path;
}

}  // namespace

TEST_CASE("a file gives back the world that was committed to it") {
    const TemporaryFolder folder;
    World memory;
    fillSample(memory, 4);
    const std::string path = fileWith(folder, 4);
    CHECK(World::verify(path) == Problems{});
    for (bool writable : {false, true}) {
        const auto world = World::open(path, writable);
        CHECK(world->path() == path);
        CHECK(world->snapshot()->epoch == 4);
        CHECK(differenceOf(*memory.snapshot(), *world->snapshot()) == "");
        for (LevelId level = 0; level < 4; ++level) {
            CHECK(world->blob(level, "picture") == memory.blob(level, "picture"));
            CHECK(world->blob(level, "empty").empty());
        }
        CHECK_THROWS_AS(world->blob(0, "other"), WorldError);
        CHECK(world->warnings().empty());
    }
    CHECK(folder.fileCount() == 1);
}

TEST_CASE("commits and undos after opening go on where the file ended") {
    const TemporaryFolder folder;
    const std::string path = fileWith(folder, 2);
    World memory;
    fillSample(memory, 2);
    for (int round = 0; round < 3; ++round) {
        const auto world = World::open(path, true);
        commitSample(*world, 2);
        CHECK(world->blob(2, "picture").size() == 4);
        world->undo(2);
        CHECK_THROWS_AS(world->blob(2, "picture"), WorldError);
        CHECK(differenceOf(*memory.snapshot(), *world->snapshot()) == "");
        CHECK(World::verify(path) == Problems{});
    }
    CHECK(World::info(path).epoch == 8);
    CHECK(differenceOf(*memory.snapshot(), *World::open(path, false)->snapshot()) == "");
}

TEST_CASE("snapshots from before an undo keep reading their own pages") {
    const TemporaryFolder folder;
    const std::string path = fileWith(folder, 3);
    World memory;
    fillSample(memory, 3);
    const auto world = World::open(path, true);
    const auto old = world->snapshot();  // nothing loaded yet
    world->undo(2);
    SampleCommit other(Scene{0.5}, LevelId(1), zoomed(sampleHome(), 8.0, 0.5, 0.5), 20.0, 77);
    world->commit(other.commit);
    CHECK(differenceOf(*memory.snapshot(), *old) == "");
}

TEST_CASE("saving a world in memory and compacting a file keep all of it") {
    const TemporaryFolder folder;
    World memory;
    fillSample(memory, 4);
    const std::string saved = folder.file("saved.wz"), packed = folder.file("packed.wz");
    memory.saveAs(saved, false);
    CHECK(World::verify(saved) == Problems{});
    CHECK(differenceOf(*memory.snapshot(), *World::open(saved, false)->snapshot()) == "");
    CHECK(messageOf([&] { memory.saveAs(saved, false); }).find("exists already") != std::string::npos);
    memory.saveAs(saved, true);

    {
        const auto world = World::open(saved, true);
        commitSample(*world, 5);
        world->undo(4);
        world->saveAs(saved, true);  // the same file: nothing to do
        CHECK(messageOf([&] { memory.saveAs(saved, true); }).find("open for writing") != std::string::npos);
        CHECK(messageOf([&] { World::compact(packed, saved, true); }).find("open for writing") != std::string::npos);
    }
    CHECK(World::info(saved).supersededBytes > 0);
    World::compact(saved, packed, false);
    World::compact(saved, saved, true);
    CHECK(readBytes(saved) == readBytes(packed));
    CHECK(World::verify(packed) == Problems{});
    const auto info = World::info(packed);
    CHECK(info.supersededBytes == 0);
    CHECK(info.epoch == 6);
    CHECK(info.levels == 4);
    CHECK(info.surfels == 4 * kSampleWidth * kSampleHeight);
    CHECK(info.fileBytes == readBytes(packed).size());
    const auto world = World::open(packed, true);
    CHECK(differenceOf(*memory.snapshot(), *world->snapshot()) == "");
    CHECK(world->blob(3, "picture") == memory.blob(3, "picture"));
    commitSample(*world, 5);
    CHECK(World::verify(packed) == Problems{});
    CHECK(World::open(packed, false)->snapshot()->levels.size() == 5);
    CHECK(folder.fileCount() == 2);
}

TEST_CASE("coarse pages come before fine ones in a compacted file") {
    const TemporaryFolder folder;
    const std::string path = fileWith(folder, 4), packed = folder.file("packed.wz");
    World::compact(path, packed, false);
    const auto directory = WorldFile::open(packed, false, nullptr)->directory();
    const int generation[4] = {0, 1, 2, 1};
    std::vector<std::pair<uint64_t, int>> places;
    for (const StoredPage& page : directory->pages)
        places.emplace_back(page.place.offset, generation[page.header.key.level]);
    std::sort(places.begin(), places.end());
    CHECK(std::is_sorted(places.begin(), places.end(), [](auto& a, auto& b) { return a.second < b.second; }));
}

TEST_CASE("one writer at a time, any number of readers") {
    const TemporaryFolder folder;
    const std::string path = fileWith(folder, 1);
    const auto writer = World::open(path, true);
    CHECK(messageOf([&] { World::open(path, true); }).find("open for writing elsewhere") != std::string::npos);
    CHECK(messageOf([&] { World::create(path, true); }).find("open for writing elsewhere") != std::string::npos);
    CHECK(messageOf([&] { World::create(path, false); }).find("exists already") != std::string::npos);
    const auto reader = World::open(path, false);
    commitSample(*writer, 1);
    CHECK(reader->snapshot()->levels.size() == 1);
    CHECK(World::open(path, false)->snapshot()->levels.size() == 2);
    CHECK(messageOf([&] { commitSample(*reader, 1); }).find("reading only") != std::string::npos);
    CHECK(messageOf([&] { reader->undo(0); }).find("reading only") != std::string::npos);
    CHECK(differenceOf(*reader->snapshot(), *writer->snapshot()->until(0)) == "");
}

TEST_CASE("what is no world is refused with its name and a reason") {
    const TemporaryFolder folder;
    const std::string path = folder.file("bad.wz");
    const auto refusal = [&](bool writable) { return messageOf([&] { World::open(path, writable); }); };
    CHECK(refusal(false).find("No such file") != std::string::npos);
    for (const std::vector<uint8_t>& bytes : {std::vector<uint8_t>{}, std::vector<uint8_t>(100, 7),
                                              std::vector<uint8_t>(20000, 0), std::vector<uint8_t>(20000, 0x57)}) {
        writeBytes(path, bytes);
        for (bool writable : {false, true}) {
            CHECK(refusal(writable).find("bad.wz: not a world file") != std::string::npos);
            CHECK(readBytes(path) == bytes);
        }
        CHECK_THROWS_AS(World::verify(path), WorldError);
        CHECK_THROWS_AS(World::info(path), WorldError);
        CHECK_THROWS_AS(World::compact(path, folder.file("to.wz"), false), WorldError);
    }
    CHECK(folder.fileCount() == 1);
    CHECK(messageOf([&] { World::open(folder.file("."), false); }).find("regular file") != std::string::npos);
    CHECK(messageOf([&] { World::create(folder.file("no/such/folder.wz"), false); }).find("No such file") !=
          std::string::npos);
}

TEST_CASE("a file of a newer format is refused, naming both versions, and left alone") {
    const TemporaryFolder folder;
    const std::string path = fileWith(folder, 1);
    auto bytes = readBytes(path);
    for (uint64_t slot : {0u, 4096u}) {
        bytes[slot + 8] = 2;
        const uint64_t checksum = hash64(&bytes[slot], 4088);
        std::memcpy(&bytes[slot + 4088], &checksum, 8);
    }
    writeBytes(path, bytes);
    for (bool writable : {false, true}) {
        const std::string message = messageOf([&] { World::open(path, writable); });
        CHECK(message.find("world format 2.1") != std::string::npos);
        CHECK(message.find("1.1") != std::string::npos);
    }
    CHECK(readBytes(path) == bytes);
}

TEST_CASE("a file cut anywhere opens at an older epoch or is refused, and verify tells") {
    const TemporaryFolder folder;
    const std::string path = fileWith(folder, 2);
    const auto bytes = readBytes(path);
    std::mt19937 random(4);
    for (int trial = 0; trial < 60; ++trial) {
        const size_t size = trial == 0 ? bytes.size() - 1 : random() % bytes.size();
        writeBytes(path, {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
        try {
            const auto world = World::open(path, trial % 2 == 0);
            CHECK(world->snapshot()->levels.size() == 1);
            CHECK(!world->warnings().empty());
        } catch (const WorldError& error) {
            CHECK(std::string(error.what()).find(path) != std::string::npos);
            continue;
        }
        if (trial % 2 == 0) continue;  // a writer has mended it
        CHECK(!World::verify(path).empty());
    }
}

TEST_CASE("verify finds a flipped byte wherever it is, and the rest survives it") {
    const TemporaryFolder folder;
    const std::string path = folder.file("world.wz");
    {
        const auto world = World::create(path, false);
        fillSample(*world, 3);
        world->undo(2);  // leaves superseded records behind
        commitSample(*world, 2);
    }
    const auto whole = readBytes(path);
    World memory;
    fillSample(memory, 3);
    std::vector<size_t> places;
    for (size_t slot : {0u, 4096u})
        for (size_t i = 0; i < 72; ++i) places.push_back(slot + i), places.push_back(slot + 4095 - i);
    std::mt19937 random(8);
    for (int i = 0; i < 700; ++i) places.push_back(random() % whole.size());
    for (uint64_t at = kFirstRecord; at < whole.size();) {  // each part of each record: frame, payload, padding
        const auto frame = parseFrame(std::span<const uint8_t, kFrameBytes>(&whole[at], kFrameBytes));
        REQUIRE(frame);
        for (size_t i = 0; i < kFrameBytes; i += 5) places.push_back(at + i);
        const uint64_t end = at + recordBytes(frame->payloadBytes);
        places.insert(places.end(), {at + kFrameBytes, end - 1});
        if (frame->payloadBytes % 64) places.push_back(at + kFrameBytes + frame->payloadBytes);
        at = end;
    }
    const std::string copy = folder.file("copy.wz");
    size_t opened = 0, complete = 0;
    for (size_t place : places) {
        if (place >= whole.size()) continue;
        auto bytes = whole;
        bytes[place] = static_cast<uint8_t>(bytes[place] ^ 0x41);
        writeBytes(copy, bytes);
        CAPTURE(place);
        CHECK(!World::verify(copy).empty());
        const auto world = World::open(copy, false);
        const auto snapshot = world->snapshot();
        CHECK(snapshot->levels.size() >= 2);
        for (const auto& entry : snapshot->pages) {
            if (const auto page = entry.page->page())
                CHECK(page->header().checksum == entry.page->header().checksum);
            else
                CHECK(snapshot->missing->any(entry.page->header().key.level));
        }
        ++opened;
        if (snapshot->levels.size() == 3 && snapshot->missing->count() == 0)
            complete += differenceOf(*memory.snapshot(), *snapshot) == "";
    }
    CHECK(opened > 700);
    CHECK(complete > 100);
}

TEST_CASE("a corrupt page is left out with a warning, named by verify and stops compact") {
    const TemporaryFolder folder;
    const std::string path = fileWith(folder, 2);
    const auto directory = WorldFile::open(path, false, nullptr)->directory();
    const StoredPage* fine = nullptr;
    for (const StoredPage& page : directory->pages)
        if (page.header.key.level == 1 && !page.header.key.sky) fine = &page;
    REQUIRE(fine);
    auto bytes = readBytes(path);
    bytes[fine->place.offset + kFrameBytes + 100] ^= 1;
    writeBytes(path, bytes);
    CHECK(mentions(World::verify(path), "page of " + nameOf(fine->header.key)));
    const auto world = World::open(path, true);
    CHECK(world->warnings().empty());  // not read yet
    size_t lost = 0, given = 0;
    for (const auto& entry : world->snapshot()->pages) lost += !entry.page->page();
    CHECK(lost == 1);
    REQUIRE(world->warnings().size() == 1);
    CHECK(mentions(world->warnings(), nameOf(fine->header.key)));
    for (const auto& entry : world->snapshot()->pages)
        for (const auto& slot : entry.covers)
            if (const auto page = entry.page->page())
                given += withoutMissing(*page, slot->layer(), *world->snapshot()->missing) != slot->layer();
    CHECK(given > 0);
    CHECK_THROWS_AS(World::compact(path, folder.file("to.wz"), false), WorldError);
    CHECK(!std::filesystem::exists(folder.file("to.wz")));
    commitSample(*world, 2);  // the world goes on
    CHECK(world->snapshot()->levels.size() == 3);
    CHECK(World::open(path, false)->snapshot()->levels.size() == 3);
    world->undo(2);
    CHECK(world->snapshot()->missing->any(1));
    world->undo(1);  // another level 1 has nothing to do with the lost page
    commitSample(*world, 1);
    CHECK(!world->snapshot()->missing->any(1));
}

TEST_CASE("a corrupt directory falls back one epoch, and a commit after that is safe") {
    const TemporaryFolder folder;
    const std::string path = fileWith(folder, 3);
    const auto info = World::info(path);
    auto bytes = readBytes(path);
    bytes[bytes.size() - 200] ^= 0x10;  // the newest directory is the last record
    writeBytes(path, bytes);
    CHECK(mentions(World::verify(path), "directory of epoch 3"));
    {
        const auto world = World::open(path, true);
        CHECK(world->snapshot()->epoch == info.epoch - 1);
        CHECK(world->snapshot()->levels.size() == 2);
        CHECK(mentions(world->warnings(), "directory of epoch 3"));
        commitSample(*world, 2);
        CHECK(world->snapshot()->epoch == info.epoch + 1);
    }
    World memory;
    fillSample(memory, 3);
    CHECK(differenceOf(*memory.snapshot(), *World::open(path, false)->snapshot()) == "");
    World::compact(path, path, true);
    CHECK(World::verify(path) == Problems{});
}

TEST_CASE("a lost newest superblock costs nothing: its epoch is found again and mended") {
    const TemporaryFolder folder;
    const std::string path = fileWith(folder, 3);
    const auto whole = readBytes(path);
    for (uint64_t epoch : {3u, 2u}) {
        auto bytes = whole;
        for (size_t i = 0; i < 4096; ++i) bytes[slotOffset(epoch) + i] ^= 0xff;
        writeBytes(path, bytes);
        CHECK(mentions(World::verify(path), epoch % 2 ? "superblock B" : "superblock A"));
        CHECK(World::open(path, false)->snapshot()->epoch == 3);
        CHECK(readBytes(path) == bytes);
        CHECK(mentions(World::open(path, true)->warnings(), "superblock"));
        CHECK(World::verify(path) == Problems{});
        CHECK(readBytes(path) == whole);
    }
}
