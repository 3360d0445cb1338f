// SPDX-License-Identifier: Apache-2.0
#include "core/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/errors.h"
#include "core/profiler.h"

namespace wz {
namespace {

[[noreturn]] void failWith(const std::string& path, const char* doing, int error) {
    throw WorldError(path + ": cannot " + doing + ": " + std::strerror(error));
}

int syncDescriptor(int descriptor) {
#if defined(__APPLE__)
    return ::fcntl(descriptor, F_FULLFSYNC) == -1 ? ::fsync(descriptor) : 0;
#else
    return ::fdatasync(descriptor);
#endif
}

thread_local FileTally tally;

}  // namespace

const FileTally& fileTally() { return tally; }

File::File(std::string path, FileMode mode, std::shared_ptr<FileHook> hook)
    : path_(std::move(path)), hook_(std::move(hook)) {
    int flags = O_CLOEXEC;
    if (mode == FileMode::Read) flags |= O_RDONLY;
    if (mode == FileMode::ReadWrite) flags |= O_RDWR;
    if (mode == FileMode::CreateNew) flags |= O_RDWR | O_CREAT | O_EXCL;
    do descriptor_ = ::open(path_.c_str(), flags, 0666);
    while (descriptor_ == -1 && errno == EINTR);
    if (descriptor_ == -1) fail(mode == FileMode::CreateNew ? "create the file" : "open the file", errno);
    struct stat facts;
    if (::fstat(descriptor_, &facts) == 0 && S_ISREG(facts.st_mode)) return;
    ::close(descriptor_);
    throw WorldError(path_ + ": not a regular file");
}

File::~File() { ::close(descriptor_); }

void File::fail(const char* doing, int error) const { failWith(path_, doing, error); }

bool File::tryLock() {
    while (::flock(descriptor_, LOCK_EX | LOCK_NB) == -1) {
        if (errno == EWOULDBLOCK) return false;
        if (errno != EINTR) fail("lock the file", errno);
    }
    return true;
}

uint64_t File::size() const {
    struct stat facts;
    if (::fstat(descriptor_, &facts) == -1) fail("ask for the size", errno);
    return static_cast<uint64_t>(facts.st_size);
}

void File::readAt(uint64_t offset, std::span<uint8_t> into) const {
    WZ_ZONE_OF("read", into.size());
    tally.bytesRead += into.size();
    while (!into.empty()) {
        const ssize_t got = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
        if (got == -1 && errno == EINTR) continue;
        if (got == -1) fail("read", errno);
        if (got == 0) throw WorldError(path_ + ": the file ends before byte " + std::to_string(offset + into.size()));
        offset += static_cast<uint64_t>(got);
        into = into.subspan(static_cast<size_t>(got));
    }
}

void File::writeAt(uint64_t offset, std::span<const uint8_t> bytes) {
    WZ_ZONE_OF("write", bytes.size());
    tally.bytesWritten += bytes.size();
    while (!bytes.empty()) {
        size_t count = bytes.size();
        const int planted = hook_ ? hook_->beforeWrite(offset, count) : 0;
        ssize_t put = 0;
        if (count > 0) put = ::pwrite(descriptor_, bytes.data(), count, static_cast<off_t>(offset));
        const int error = put == -1 ? errno : planted;
        if (put == -1 && error == EINTR) continue;
        if (put > 0 && hook_) hook_->wrote(offset, bytes.first(static_cast<size_t>(put)));
        if (error != 0) fail("write", error);
        if (put == 0) fail("write", ENOSPC);
        offset += static_cast<uint64_t>(put);
        bytes = bytes.subspan(static_cast<size_t>(put));
    }
}

void File::sync() {
    WZ_ZONE("sync");
    ++tally.syncs;
    int error = hook_ ? hook_->beforeSync() : 0;
    if (error == 0 && syncDescriptor(descriptor_) == -1) error = errno;
    if (error != 0) fail("write to the disk", error);
    if (hook_) hook_->synced();
}

void File::truncate(uint64_t size) {
    int error = hook_ ? hook_->beforeTruncate(size) : 0;
    if (error == 0 && ::ftruncate(descriptor_, static_cast<off_t>(size)) == -1) error = errno;
    if (error != 0) fail("cut the file", error);
    if (hook_) hook_->truncated(size);
}

bool File::isSameAs(const std::string& path) const {
    struct stat mine, other;
    return ::fstat(descriptor_, &mine) == 0 && ::stat(path.c_str(), &other) == 0 && mine.st_dev == other.st_dev &&
           mine.st_ino == other.st_ino;
}

bool fileExists(const std::string& path) {
    struct stat facts;
    return ::stat(path.c_str(), &facts) == 0;
}

void renameFile(const std::string& from, const std::string& to, bool overwrite) {
    int result = -1;
#if defined(RENAME_NOREPLACE)
    if (!overwrite) {
        result = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
        if (result == -1 && errno == EEXIST) throw WorldError(to + ": exists already");
    }
#endif
    if (result == -1) {  // to be replaced, or a file system that cannot refuse in one step
        if (!overwrite && fileExists(to)) throw WorldError(to + ": exists already");
        if (::rename(from.c_str(), to.c_str()) == -1) failWith(to, "move the finished file into place", errno);
    }
    const size_t slash = to.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : to.substr(0, slash);
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor == -1) return;  // a folder that may not be read: the name is durable when the system says so
    ::fsync(descriptor);
    ::close(descriptor);
}

void removeFile(const std::string& path) noexcept { ::unlink(path.c_str()); }

std::string temporaryNameFor(const std::string& path) {
    static std::atomic<unsigned> calls{0};
    return path + ".new-" + std::to_string(::getpid()) + "-" + std::to_string(calls++);
}

}  // namespace wz
