#pragma once
// Base of types that are neither copied nor moved: others hold references to them.

namespace ringcast {

class Immovable {
public:
    Immovable(const Immovable&) = delete;
    Immovable& operator=(const Immovable&) = delete;
    Immovable(Immovable&&) = delete;
    Immovable& operator=(Immovable&&) = delete;

protected:
    Immovable() = default;
    ~Immovable() = default;
};

} // namespace ringcast
