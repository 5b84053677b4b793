#include "container/intrusive_list.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace {

struct FirstTag;
struct SecondTag;
struct Item : ringcast::container::TaggedHook<FirstTag>,
              ringcast::container::TaggedHook<SecondTag> {
    explicit Item(int number_) : number(number_) {}
    int number;
};
using FirstList = ringcast::container::IntrusiveList<Item, FirstTag>;
using SecondList = ringcast::container::IntrusiveList<Item, SecondTag>;

std::vector<int> numbers(FirstList& list) {
    std::vector<int> result;
    for (Item* item = list.first(); item != nullptr; item = list.next(*item)) {
        result.push_back(item->number);
    }
    return result;
}

} // namespace

TEST_CASE("an intrusive list keeps insertion order") {
    Item a(1);
    Item b(2);
    Item c(3);
    FirstList list;
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    CHECK(numbers(list) == std::vector{1, 2, 3});
    FirstList::remove(b);
    CHECK(numbers(list) == std::vector{1, 3});
    CHECK(list.pop_front().number == 1);
    CHECK(list.pop_front().number == 3);
    CHECK(list.empty());
}

TEST_CASE("an element with two hooks can be in two lists at once") {
    Item a(1);
    FirstList first;
    SecondList second;
    first.push_back(a);
    second.push_back(a);
    FirstList::remove(a);
    CHECK(first.empty());
    CHECK(&second.front() == &a);
}

TEST_CASE("appending a list moves all its elements and leaves it empty") {
    Item a(1);
    Item b(2);
    Item c(3);
    FirstList list;
    FirstList other;
    list.append(other);
    CHECK(list.empty());
    other.push_back(b);
    other.push_back(c);
    list.push_back(a);
    list.append(other);
    CHECK(numbers(list) == std::vector{1, 2, 3});
    CHECK(other.empty());
    other.append(list);
    CHECK(numbers(other) == std::vector{1, 2, 3});
}
