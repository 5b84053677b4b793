#pragma once
// For test cases that can't run on every machine.

#include <string>

namespace ringcast::test {

/// Ends the test case as skipped. Unlike SKIP, it makes the program print NOT TESTED with the reason
/// and end with exit code 77, or fail in CI: the machine should be able to run the test case. SKIP
/// is for cases that another build runs.
void not_tested(const std::string& reason);

} // namespace ringcast::test
