// File descriptors that threads wait on and wake each other with.
#pragma once

#include <string>
#include <utility>

namespace moontide::store {

/// Closes at its end.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }

    int number() const { return number_; }

private:
    int number_ = -1;
};

/// An eventfd: readable from ring() until quiet(). Any thread.
class Bell {
public:
    Bell();
    void ring() const;
    void quiet() const;
    int number() const { return event_.number(); }

private:
    Descriptor event_;
};

/// A file without a name that holds `text`; path() is for libraries that want one.
class MemoryFile {
public:
    explicit MemoryFile(const std::string& text);
    std::string path() const;

private:
    Descriptor file_;
};

}  // namespace moontide::store
