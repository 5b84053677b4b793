#pragma once
// An intrusive doubly linked list: the links are hooks in the elements, so insertion and removal
// allocate nothing. An element is in at most one list per hook, and must be removed from the list
// before it is destroyed.

#include "base/assert.hpp"
#include "base/immovable.hpp"

namespace ringcast::container {

struct ListHook : private Immovable {
    ListHook* previous = nullptr;
    ListHook* next = nullptr;

    ListHook() noexcept = default;
    ~ListHook() = default;

    [[nodiscard]] bool linked() const noexcept { return next != nullptr; }
};

/// `Tag` lets one value derive from several hooks: `struct Item : TaggedHook<A>, TaggedHook<B>`.
template <typename Tag>
struct TaggedHook : ListHook {};

template <typename Value, typename Tag>
class IntrusiveList : private Immovable {
public:
    IntrusiveList() noexcept { clear_links(); }
    ~IntrusiveList() = default;

    [[nodiscard]] bool empty() const noexcept { return head_.next == &head_; }

    [[nodiscard]] Value& front() noexcept {
        RINGCAST_ASSERT(!empty());
        return value_of(head_.next);
    }
    /// The element after `value`, or null at the end.
    [[nodiscard]] Value* next(Value& value) noexcept {
        ListHook* hook = hook_of(value)->next;
        return hook == &head_ ? nullptr : &value_of(hook);
    }
    [[nodiscard]] Value* first() noexcept { return empty() ? nullptr : &value_of(head_.next); }

    void push_back(Value& value) noexcept {
        ListHook* hook = hook_of(value);
        RINGCAST_ASSERT(!hook->linked());
        hook->previous = head_.previous;
        hook->next = &head_;
        head_.previous->next = hook;
        head_.previous = hook;
    }

    /// True exactly when `value` is in a list with this tag.
    [[nodiscard]] static bool linked(Value& value) noexcept { return hook_of(value)->linked(); }
    /// Removes `value` from the list that it is in.
    static void remove(Value& value) noexcept {
        ListHook* hook = hook_of(value);
        RINGCAST_ASSERT(hook->linked());
        hook->previous->next = hook->next;
        hook->next->previous = hook->previous;
        hook->previous = nullptr;
        hook->next = nullptr;
    }

    [[nodiscard]] Value& pop_front() noexcept {
        Value& value = front();
        remove(value);
        return value;
    }

    /// Moves all elements of `other` to the end of this list, keeping their order. Constant time.
    void append(IntrusiveList& other) noexcept {
        if (other.empty()) {
            return;
        }
        head_.previous->next = other.head_.next;
        other.head_.next->previous = head_.previous;
        other.head_.previous->next = &head_;
        head_.previous = other.head_.previous;
        other.clear_links();
    }

private:
    using Hook = TaggedHook<Tag>;

    [[nodiscard]] static ListHook* hook_of(Value& value) noexcept {
        return static_cast<Hook*>(&value);
    }
    [[nodiscard]] static Value& value_of(ListHook* hook) noexcept {
        return static_cast<Value&>(static_cast<Hook&>(*hook));
    }
    void clear_links() noexcept {
        head_.previous = &head_;
        head_.next = &head_;
    }

    ListHook head_;
};

} // namespace ringcast::container
