#pragma once
// The texts that the program prints about its use.

#include <string_view>

namespace ringcast::app {

/// Printed when the program is started without arguments.
extern const std::string_view examples_text;
/// `ringcast --help`.
extern const std::string_view help_text;

} // namespace ringcast::app
