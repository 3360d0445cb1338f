// SPDX-License-Identifier: Apache-2.0
// Every byte that the project reads from or writes to a world file goes through here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace wz {

// Sees every change of a file in order, and may make one fail: for crash and disk-full tests. The default does nothing.
class FileHook {
public:
    virtual ~FileHook() = default;
    // Asked before each change: an errno value makes it fail with that error. A write may be cut short first by lowering
    // `count`.
    virtual int beforeWrite(uint64_t /*offset*/, size_t& /*count*/) { return 0; }
    virtual int beforeSync() { return 0; }
    virtual int beforeTruncate(uint64_t /*size*/) { return 0; }
    // Told after each change.
    virtual void wrote(uint64_t /*offset*/, std::span<const uint8_t> /*bytes*/) {}
    virtual void synced() {}
    virtual void truncated(uint64_t /*size*/) {}
};

// What this thread has read, written and synced so far, all files together.
struct FileTally {
    uint64_t bytesRead = 0, bytesWritten = 0, syncs = 0;
};
const FileTally& fileTally();

enum class FileMode { Read, ReadWrite, CreateNew };

// An open file. Reads may be made from any thread; changes from one at a time. Every failure throws WorldError with the
// path, what was tried and the system's reason.
class File {
public:
    // CreateNew fails when the path exists. The hook may be null.
    File(std::string path, FileMode mode, std::shared_ptr<FileHook> hook = nullptr);
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    // Takes the writer lock of this open file without waiting; false when somebody else holds it. The system releases it
    // when the file is closed, also by a kill.
    bool tryLock();

    uint64_t size() const;
    void readAt(uint64_t offset, std::span<uint8_t> into) const;  // all of it, or throws
    void writeAt(uint64_t offset, std::span<const uint8_t> bytes);
    void sync();  // data and what is needed to find it again are on the medium when it returns
    void truncate(uint64_t size);

    const std::string& path() const { return path_; }
    void setPath(std::string path) { path_ = std::move(path); }  // after a rename
    bool isSameAs(const std::string& path) const;                // whether `path` now leads to this very file

private:
    [[noreturn]] void fail(const char* doing, int error) const;

    std::string path_;
    std::shared_ptr<FileHook> hook_;
    int descriptor_ = -1;
};

bool fileExists(const std::string& path);
// Moves a file to another name in the same folder in one step and makes that durable. Unless `overwrite`, an existing
// target is refused with WorldError.
void renameFile(const std::string& from, const std::string& to, bool overwrite);
void removeFile(const std::string& path) noexcept;
// A name beside `path` for a file that will replace it; differs between processes and calls.
std::string temporaryNameFor(const std::string& path);

}  // namespace wz
