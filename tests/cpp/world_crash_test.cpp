// SPDX-License-Identifier: Apache-2.0
// What a crash or a failing disk leaves behind. A recorded log of changes is replayed up to each point, with the changes
// that no sync had confirmed cut off or dropped at random.
#include <doctest/doctest.h>

#if defined(__linux__)
#include <sys/mount.h>
#endif

#include <cerrno>
#include <functional>
#include <map>

#include "core/errors.h"
#include "core/file.h"
#include "temporary_folder.h"
#include "world/file_format.h"
#include "world_sample.h"

using namespace wz;
using namespace wz::test;

namespace {

struct Change {
    enum Kind { Write, Sync, Truncate } kind;
    uint64_t offset = 0;  // Truncate: the size
    std::vector<uint8_t> bytes;
};

class Recorder : public FileHook {
public:
    void wrote(uint64_t offset, std::span<const uint8_t> bytes) override {
        log.push_back({Change::Write, offset, {bytes.begin(), bytes.end()}});
    }
    void synced() override { log.push_back({Change::Sync, 0, {}}); }
    void truncated(uint64_t size) override { log.push_back({Change::Truncate, size, {}}); }

    std::vector<Change> log;
};

void replay(std::vector<uint8_t>& file, const Change& change) {
    if (change.kind == Change::Truncate) file.resize(change.offset);
    if (change.kind != Change::Write) return;
    if (file.size() < change.offset + change.bytes.size()) file.resize(change.offset + change.bytes.size());
    std::copy(change.bytes.begin(), change.bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

// A session of commits and undos on a file, with the file before it, all its changes, and where each epoch was complete.
struct Session {
    std::vector<uint8_t> start;
    std::vector<Change> log;
    std::map<uint64_t, size_t> completeAt;  // epoch -> number of changes after which its commit had returned
    std::map<uint64_t, std::shared_ptr<const Snapshot>> expected;

    static Session record(const TemporaryFolder& folder, int levelsBefore, const std::string& name) {
        Session session;
        const std::string path = folder.file(name);
        World twin;
        {
            const auto world = World::create(path, false);
            fillSample(*world, levelsBefore);
            fillSample(twin, levelsBefore);
        }
        session.start = readBytes(path);
        auto recorder = std::make_shared<Recorder>();
        const auto world = World::openHooked(path, true, recorder);
        const auto note = [&] {
            session.completeAt[world->snapshot()->epoch] = recorder->log.size();
            session.expected[world->snapshot()->epoch] = twin.snapshot();
        };
        note();
        const auto commit = [&](int k) {
            commitSample(*world, k);
            commitSample(twin, k);
            note();
        };
        const auto undo = [&] {
            const auto newest = world->snapshot()->levels.back()->id;
            world->undo(newest);
            twin.undo(newest);
            note();
        };
        for (int k = levelsBefore; k < 3; ++k) commit(k);
        undo();
        commit(2);
        session.log = recorder->log;
        return session;
    }

    uint64_t epochBefore(size_t changes) const {  // newest epoch whose commit had returned
        uint64_t newest = 0;
        for (const auto& [epoch, at] : completeAt)
            if (at <= changes) newest = std::max(newest, epoch);
        return newest;
    }

    // The file when the first `changes` changes were made, those after the last sync only as far as `survives` says.
    std::vector<uint8_t> fileAfter(size_t changes, const std::function<bool(Change&)>& survives) const {
        size_t synced = 0;
        for (size_t i = 0; i < changes; ++i)
            if (log[i].kind == Change::Sync) synced = i;
        std::vector<uint8_t> file = start;
        for (size_t i = 0; i < changes; ++i) {
            Change change = log[i];
            if (i < synced || survives(change)) replay(file, change);
        }
        return file;
    }
};

// The file must be whole at the last committed epoch or at the one in the making, and take another commit.
void checkSurvival(const Session& session, const std::vector<uint8_t>& file, size_t changes, const std::string& path,
                   bool goOn) {
    writeBytes(path, file);
    const auto problems = World::verify(path);
    CHECK(problems == std::vector<std::string>{});
    const uint64_t committed = session.epochBefore(changes);
    uint64_t epoch = 0;
    {
        const auto world = World::open(path, false);
        epoch = world->snapshot()->epoch;
        CHECK(epoch >= committed);
        CHECK(epoch <= committed + 1);
        CHECK(world->warnings().empty());
        const auto expected = session.expected.find(epoch);
        REQUIRE(expected != session.expected.end());
        CHECK(differenceOf(*expected->second, *world->snapshot()) == "");
    }
    if (!goOn) return;
    const auto world = World::open(path, true);
    CHECK(world->snapshot()->epoch == epoch);
    CHECK(World::verify(path) == std::vector<std::string>{});
    commitSample(*world, static_cast<int>(world->snapshot()->levels.size()));
    CHECK(world->snapshot()->epoch == epoch + 1);
    CHECK(World::verify(path) == std::vector<std::string>{});
}

// Fails one change of a file with an error: the nth, or all from the nth on.
class Failing : public FileHook {
public:
    Failing(size_t first, bool forever, int error) : first_(first), forever_(forever), error_(error) {}
    int beforeWrite(uint64_t, size_t& count) override {
        const int error = next();
        if (error != 0) count /= 2;  // a full disk takes part of a write
        return error;
    }
    int beforeSync() override { return next(); }
    int beforeTruncate(uint64_t) override { return next(); }

    size_t seen = 0;

private:
    int next() {
        const size_t now = seen++;
        return now == first_ || (forever_ && now > first_) ? error_ : 0;
    }
    size_t first_;
    bool forever_;
    int error_;
};

}  // namespace

TEST_CASE("a crash between any two changes leaves the last committed epoch") {
    const TemporaryFolder folder;
    for (int levelsBefore : {0, 2}) {
        const Session session = Session::record(folder, levelsBefore, "world-" + std::to_string(levelsBefore) + ".wz");
        for (size_t changes = 0; changes <= session.log.size(); ++changes) {
            CAPTURE(changes);
            checkSurvival(session, session.fileAfter(changes, [](Change&) { return true; }), changes,
                          folder.file("crash.wz"), true);
        }
    }
}

TEST_CASE("a crash inside a change, at any byte, leaves the last committed epoch") {
    const TemporaryFolder folder;
    const Session session = Session::record(folder, 1, "world.wz");
    std::mt19937 random(21);
    size_t torn = 0;
    for (size_t changes = 1; changes <= session.log.size(); ++changes) {
        const Change& last = session.log[changes - 1];
        if (last.kind != Change::Write) continue;
        std::vector<size_t> cuts;
        if (last.offset < kFirstRecord)  // a superblock: every byte of its used parts
            for (size_t c = 0; c < 4096; c += (c < 64 || c > 4080) ? 1 : 509) cuts.push_back(c);
        else
            for (int k = 0; k < 12; ++k) cuts.push_back(random() % last.bytes.size());
        for (size_t cut : cuts) {
            auto file = session.fileAfter(changes - 1, [](Change&) { return true; });
            Change part = last;
            part.bytes.resize(cut);
            replay(file, part);
            CAPTURE(changes);
            CAPTURE(cut);
            checkSurvival(session, file, changes - 1, folder.file("crash.wz"), torn % 7 == 0);
            ++torn;
        }
    }
    CHECK(torn > 200);
}

TEST_CASE("a crash that drops unsynced changes in any order leaves the last committed epoch") {
    const TemporaryFolder folder;
    const Session session = Session::record(folder, 1, "world.wz");
    std::mt19937 random(22);
    for (int trial = 0; trial < 400; ++trial) {
        const size_t changes = random() % (session.log.size() + 1);
        const unsigned odds = 1 + random() % 4;
        const auto file = session.fileAfter(changes, [&](Change& change) {
            if (random() % 4 < odds) return true;
            if (change.kind != Change::Write || random() % 2) return false;  // dropped whole
            change.bytes.resize(random() % (change.bytes.size() + 1));  // or cut off
            return true;
        });
        CAPTURE(trial);
        checkSurvival(session, file, changes, folder.file("crash.wz"), trial % 8 == 0);
    }
}

TEST_CASE("a crash while a writer mends what an earlier crash left is survived too") {
    const TemporaryFolder folder;
    const Session session = Session::record(folder, 1, "world.wz");
    const std::string path = folder.file("crash.wz");
    size_t mended = 0;
    for (size_t changes = 1; changes <= session.log.size(); ++changes) {
        const Change& last = session.log[changes - 1];
        if (last.kind != Change::Write || last.offset >= kFirstRecord) continue;
        auto torn = session.fileAfter(changes - 1, [](Change&) { return true; });
        Change part = last;
        part.bytes.resize(30);
        replay(torn, part);
        writeBytes(path, torn);
        auto recorder = std::make_shared<Recorder>();
        World::openHooked(path, true, recorder);
        mended += !recorder->log.empty();
        for (size_t done = 0; done <= recorder->log.size(); ++done)
            for (size_t cut : {0u, 17u, 33u, 44u, 4090u}) {
                auto file = torn;
                for (size_t i = 0; i < done; ++i) replay(file, recorder->log[i]);
                if (done < recorder->log.size() && recorder->log[done].kind == Change::Write) {
                    Change piece = recorder->log[done];
                    piece.bytes.resize(cut);
                    replay(file, piece);
                }
                checkSurvival(session, file, changes - 1, path, cut == 17);
            }
    }
    CHECK(mended > 0);
}

TEST_CASE("a failing write, sync or cut leaves the committed world whole, in memory and on disk") {
    const TemporaryFolder folder;
    const std::string base = folder.file("base.wz"), path = folder.file("world.wz");
    fillSample(*World::create(base, false), 1);
    const auto start = readBytes(base);
    World one, two;
    fillSample(one, 1);
    fillSample(two, 2);
    for (bool forever : {false, true})
        for (size_t fail = 0;; ++fail) {
            writeBytes(path, start);
            auto hook = std::make_shared<Failing>(fail, forever, fail % 2 ? EIO : ENOSPC);
            CAPTURE(fail);
            CAPTURE(forever);
            bool failed = false;
            {
                const auto world = World::openHooked(path, true, hook);
                try {
                    commitSample(*world, 1);
                } catch (const WorldError& error) {
                    failed = true;
                    CHECK(std::string(error.what()).find("world.wz: cannot") != std::string::npos);
                    CHECK(differenceOf(*world->snapshot(), *one.snapshot()) == "");
                }
                if (failed && !forever) {  // the disk has recovered: the same commit goes through
                    CHECK(World::verify(path) == std::vector<std::string>{});
                    CHECK(readBytes(path) == start);
                    commitSample(*world, 1);
                    CHECK(differenceOf(*world->snapshot(), *two.snapshot()) == "");
                }
            }
            CHECK(World::verify(path) == std::vector<std::string>{});
            const auto after = World::open(path, true)->snapshot();
            const bool isOne = differenceOf(*after, *one.snapshot()) == "",
                       isTwo = differenceOf(*after, *two.snapshot()) == "";
            CHECK((failed && forever ? isOne || isTwo : isTwo));
            if (!failed) break;
        }
}

#if defined(__linux__)
namespace {

// A file system of a few hundred kilobytes, where mounting is permitted.
class SmallDisk {
public:
    explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {
        std::filesystem::create_directory(folder_);
        mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=400k") == 0;
    }
    ~SmallDisk() {
        if (mounted_) ::umount(folder_.c_str());
    }
    SmallDisk(const SmallDisk&) = delete;
    bool mounted() const { return mounted_; }

private:
    std::string folder_;
    bool mounted_;
};

}  // namespace

TEST_CASE("a full disk refuses the commit by name and keeps the world") {
    const TemporaryFolder folder;
    const SmallDisk disk(folder.file("small"));
    if (!disk.mounted()) {
        MESSAGE("mounting a small file system is not permitted here; the injected failures above stand for it");
        return;
    }
    const std::string path = folder.file("small/world.wz");
    std::string message;
    size_t levels = 0;
    {
        const auto world = World::create(path, false);
        try {
            for (int k = 0; k < 20; ++k) commitSample(*world, k);
        } catch (const WorldError& error) { message = error.what(); }
        levels = world->snapshot()->levels.size();
        CHECK(levels >= 1);
    }
    CHECK(message.find("No space left on device") != std::string::npos);
    const std::string other = folder.file("small/other.wz");
    CHECK_THROWS_AS(World::compact(path, other, false), WorldError);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.file("small")), {}) ==
          1);  // nothing half-written stays
    CHECK(World::verify(path) == std::vector<std::string>{});
    World memory;
    fillSample(memory, static_cast<int>(levels));
    CHECK(differenceOf(*World::open(path, true)->snapshot(), *memory.snapshot()) == "");
}
#endif
