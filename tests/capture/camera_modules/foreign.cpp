// A library that has nothing to do with ringcast.
extern "C" int unrelated();
extern "C" int unrelated() {
    return 0;
}
